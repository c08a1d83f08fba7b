from __future__ import annotations

import pytest

from tests.rpc.asking import Asked
from tests.rpc.fake_control import ONE, UNKNOWN, FakeControl
from torrentd.model.address import Address
from torrentd.model.layout import Priority
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.telling.rows import LimitsRow

METAINFO = "ZGU="  # b"de"


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def asked(control: FakeControl) -> Asked:
    return Asked(control)


def test_add_with_defaults(asked: Asked, control: FakeControl) -> None:
    result = asked.call("torrent.add", metainfo=METAINFO)
    assert (result["torrent"]["id"], result["added"]) == (ONE, False)
    assert control.told == [("add", b"de", AddOptions())]


def test_add_with_everything(asked: Asked, control: FakeControl) -> None:
    result = asked.call(
        "torrent.add",
        metainfo=METAINFO,
        fields=["id"],
        download_dir="/d",
        labels=["a", "b", "a"],
        paused=True,
        files=[{"index": 1, "priority": "skip"}, {"glob": "*.iso", "priority": "high"}],
        sequential=True,
        priority="high",
        verify="full",
        trackers=["udp://t.example:80/announce", "https://t.example/announce"],
        peers=["127.0.0.1:5000", "[::1]:6881"],
        limits={"down": 5, "up": "unlimited", "ratio": 1.5},
        if_exists="merge",
        stop_after="download",
    )
    assert result == {"torrent": {"id": ONE}, "added": False}
    ((_, _, options),) = control.told
    assert options == AddOptions(
        download_dir="/d",
        paused=True,
        files=(FileChoice(Priority.SKIP, 1, None), FileChoice(Priority.HIGH, None, "*.iso")),
        verify="full",
        peers=(Address("127.0.0.1", 5000), Address("::1", 6881)),
        trackers=("udp://t.example:80/announce", "https://t.example/announce"),
        if_exists="merge",
        sequential=True,
        priority="high",
        labels=("a", "b"),
        limits=LimitsRow(down=5, up="unlimited", ratio=1.5),
        stop_after="download",
    )


def test_by_url(asked: Asked, control: FakeControl) -> None:
    result = asked.call("torrent.add", url="https://h/a.torrent?b=c", paused=True, fields=["id"])
    assert result == {"torrent": {"id": ONE}, "added": True}
    assert control.told == [("add_url", "https://h/a.torrent?b=c", AddOptions(paused=True))]


def test_a_magnet_with_options(asked: Asked, control: FakeControl) -> None:
    result = asked.call("torrent.add", magnet="magnet:?x", stop_after="metadata", peers=["127.0.0.1:5"], fields=["id"])
    assert result == {"torrent": {"id": ONE}, "added": True}
    options = AddOptions(stop_after="metadata", peers=(Address("127.0.0.1", 5),))
    assert control.told == [("add_magnet", "magnet:?x", options)]


def test_what_is_no_metainfo(asked: Asked) -> None:
    error = asked.error("torrent.add", metainfo="eHl6")
    assert (error["code"], error["data"]) == (2, {"name": "invalid_torrent", "detail": "not a bencoded dictionary"})


def test_a_wrong_peer_adds_nothing(asked: Asked, control: FakeControl) -> None:
    assert asked.error("torrent.add", metainfo=METAINFO, peers=["host:1"])["data"]["path"] == "peers[0]"
    assert control.told == []


def test_set_files(asked: Asked, control: FakeControl) -> None:
    assert asked.call("torrent.set_files", ONE, [{"index": 0, "priority": "low"}]) == {}
    assert control.told == [("set_files", ONE, (FileChoice(Priority.LOW, 0, None),))]


def test_add_peers(asked: Asked, control: FakeControl) -> None:
    assert asked.call("torrent.add_peers", id=ONE, peers=["127.0.0.1:5000"]) == {"added": 1}
    assert control.told == [("add_peers", ONE, (Address("127.0.0.1", 5000),))]


def test_remove_peers(asked: Asked, control: FakeControl) -> None:
    assert asked.call("torrent.remove_peers", id=ONE, peers=["[::1]:5000"]) == {}
    assert control.told == [("remove_peers", ONE, (Address("::1", 5000),))]
    assert asked.error("torrent.remove_peers", id=ONE, peers=["nonsense"])["code"] == -32602


def test_unknown_torrents(asked: Asked) -> None:
    assert asked.error("torrent.set_files", id=UNKNOWN, files=[])["code"] == 1
    assert asked.error("torrent.add_peers", id=UNKNOWN, peers=[])["code"] == 1


def test_trackers_are_set_or_edited(asked: Asked, control: FakeControl) -> None:
    one, two = "http://a/announce", "udp://b:1"
    assert asked.call("torrent.set_trackers", id=ONE.upper(), tiers=[[one], [two]]) == {"tiers": [[one], [two]]}
    asked.call("torrent.set_trackers", id=ONE, tiers=[])
    asked.call("torrent.set_trackers", id=ONE, add=[one], remove=["anything"])
    assert control.told == [
        ("set_trackers", ONE, [[one], [two]]),
        ("set_trackers", ONE, []),
        ("edit_trackers", ONE, [one], ["anything"]),
    ]


def test_trackers_that_make_no_sense(asked: Asked, control: FakeControl) -> None:
    nonsense: list[dict[str, object]] = [
        {},
        {"tiers": [], "add": ["udp://b:1"]},
        {"add": ["ftp://a/"]},
        {"tiers": [["x"]]},
        {"tiers": None},
    ]
    for params in nonsense:
        assert asked.error("torrent.set_trackers", id=ONE, **params)["code"] == -32602
    assert control.told == []


def test_rename(control: FakeControl) -> None:
    asked = Asked(control)
    assert asked.call("torrent.rename", id=ONE, path="a/b", name="c") == {"path": "c"}
    assert control.told[-1] == ("rename", ONE, "a/b", "c")
    for params in ({"path": ""}, {"name": ""}, {"name": "a\0"}, {"path": ["a"]}, {"name": None}, {"id": "x"}):
        assert asked.error("torrent.rename", **{"id": ONE, "path": "a", "name": "b", **params})["code"] == -32602
