from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from tests.rpc.asking import Asked, request
from tests.rpc.fake_control import ONE, REVISION, TWO, UNKNOWN, FakeControl
from torrentd.model.address import Address
from torrentd.session.control import AddOptions
from torrentd.session.telling.rows import WaitFailure, WaitRow


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def asked(control: FakeControl) -> Asked:
    return Asked(control)


def test_list_tells_everything(asked: Asked) -> None:
    result = asked.call("torrent.list")
    assert [row["id"] for row in result["torrents"]] == [ONE, TWO]
    assert (result["total"], result["revision"], result["removed"], result["full"]) == (2, REVISION, [], True)
    assert result["torrents"][0]["peers"]["swarm_seeds"] is None


def test_list_pages_and_counts_all(asked: Asked) -> None:
    result = asked.call("torrent.list", sort="-name", offset=1, limit=1, fields=["name"])
    assert result["torrents"] == [{"name": "Debian netinst.iso"}]
    assert result["total"] == 2
    assert asked.call("torrent.list", limit=0)["torrents"] == []


def test_list_by_position(asked: Asked) -> None:
    assert asked.call("torrent.list", {"state": "seeding"}, ["name"])["torrents"] == [{"name": "Debian netinst.iso"}]


def test_list_since_tells_what_has_gone(asked: Asked, control: FakeControl) -> None:
    control.removed = [UNKNOWN]
    result = asked.call("torrent.list", since=3)
    assert (result["removed"], result["full"]) == ([UNKNOWN], False)


def test_a_row_that_fits_the_filter_no_more_is_removed_for_this_caller(asked: Asked) -> None:
    result = asked.call("torrent.list", filter={"state": "seeding"}, since=3, fields=["id"])
    assert result["torrents"] == [{"id": ONE}]
    assert result["removed"] == [TWO]


def test_when_all_is_told_nothing_is_removed(asked: Asked, control: FakeControl) -> None:
    control.full = True
    assert asked.call("torrent.list", filter={"state": "seeding"}, since=3)["removed"] == []


def test_get(asked: Asked) -> None:
    assert asked.call("torrent.get", id=ONE)["torrent"]["name"] == "Debian netinst.iso"
    assert asked.call("torrent.get", id=TWO.upper(), fields=["id", "ratio"])["torrent"] == {"id": TWO, "ratio": None}


@pytest.mark.parametrize("method", ["get", "files", "peers", "trackers", "pieces"])
def test_an_unknown_torrent(asked: Asked, method: str) -> None:
    error = asked.error(f"torrent.{method}", id=UNKNOWN)
    assert (error["code"], error["data"]) == (1, {"name": "torrent_not_found", "id": UNKNOWN})


def test_files_in_pages(asked: Asked) -> None:
    assert len(asked.call("torrent.files", id=ONE)["files"]) == 5
    result = asked.call("torrent.files", id=ONE, offset=3, limit=1)
    assert ([row["index"] for row in result["files"]], result["total"]) == ([3], 5)
    assert asked.call("torrent.files", id=ONE, offset=9)["files"] == []


def test_peers_and_why_others_went(asked: Asked) -> None:
    result = asked.call("torrent.peers", id=ONE, limit=1)
    assert ([row["address"] for row in result["peers"]], result["total"]) == (["192.0.2.1:6881"], 2)
    assert result["closed"][0]["reason"] == "too slow"


def test_trackers(asked: Asked) -> None:
    result = asked.call("torrent.trackers", id=ONE)
    assert (result["trackers"][0]["seeders"], result["total"]) == (3, 1)


def test_pieces(asked: Asked) -> None:
    assert asked.call("torrent.pieces", id=ONE) == {"count": 4, "size": 256, "have": "8A==", "availability": None}


def test_inspect(asked: Asked, control: FakeControl) -> None:
    assert asked.call("torrent.inspect", metainfo="ZGU=")["name"] == "a"
    error = asked.error("torrent.inspect", magnet="magnet:?x", timeout=5, peers=["127.0.0.1:5"])
    assert (error["code"], error["data"]["name"]) == (-32004, "timeout")
    options = AddOptions(peers=(Address("127.0.0.1", 5),))
    assert control.told == [("inspect_magnet", "magnet:?x", options, 5)]
    error = asked.error("torrent.inspect", url="http://h/a.torrent", timeout=5)
    assert (error["code"], error["data"]["name"]) == (7, "fetch_failed")
    assert control.told[1:] == [("inspect_url", "http://h/a.torrent", AddOptions(), 5)]
    error = asked.error("torrent.inspect", metainfo="")
    assert (error["code"], error["data"]["detail"]) == (2, "not a bencoded dictionary")


def test_wait(asked: Asked, control: FakeControl) -> None:
    assert asked.call("torrent.wait", ids="all", timeout=0)["pending"] == [ONE, TWO]
    answer: Deferred[bytes | None] = asked.begin(
        request("torrent.wait", ids=[TWO.upper()], until="paused", timeout=2.5)
    )
    assert control.told[-1] == ("wait", (TWO,), "paused", 2.5)
    assert not answer.called
    control.waiting[0].callback(WaitRow([], [], [WaitFailure(TWO, 1, "removed")]))
    assert answer.called


def test_wait_for_an_unknown_torrent(asked: Asked) -> None:
    assert asked.error("torrent.wait", ids=[ONE, UNKNOWN])["code"] == 1


@pytest.mark.parametrize("method", ["webseeds", "create", "explain"])
def test_what_comes_later_is_not_there(asked: Asked, method: str) -> None:
    assert asked.error(f"torrent.{method}", id=ONE)["code"] == -32601
