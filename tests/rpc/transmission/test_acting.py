from __future__ import annotations

import pytest
from twisted.internet.defer import fail

from tests.rpc.fake_control import ONE, TWO
from tests.rpc.transmission.asking import Caller
from torrentd.model.errors import RpcError, StorageError


@pytest.fixture
def caller() -> Caller:
    return Caller()


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("torrent_start", ("resume", TWO, False)),
        ("torrent_start_now", ("resume", TWO, True)),
        ("torrent_stop", ("pause", TWO)),
        ("torrent_verify", ("verify", TWO)),
        ("torrent_reannounce", ("announce", TWO)),
        ("torrent_remove", ("remove", TWO, False)),
    ],
)
def test_what_is_done(caller: Caller, method: str, told: tuple[object, ...]) -> None:
    assert caller.modern(method, ids=[2]) == {}
    assert caller.told == [told]


@pytest.mark.parametrize("where", ["top", "up", "down", "bottom"])
def test_queues(caller: Caller, where: str) -> None:
    caller.modern(f"queue_move_{where}", ids=[2, 1, 9])
    caller.modern(f"queue_move_{where}", ids=[])
    assert [told for told in caller.told if told[0] != "find"] == [("move_in_queue", (TWO, ONE), where)]


def test_a_torrent_that_cannot_be_used_is_left_out_of_the_queue(caller: Caller) -> None:
    find = caller.control.find
    broken = RpcError("wrong_state", "no")
    caller.control.find = lambda id: fail(broken) if id == ONE else find(id)  # type: ignore[method-assign]
    caller.modern("torrent_set", queue_position=3)
    assert [told for told in caller.told if told[0] != "find"] == [("move_in_queue", (TWO,), 3)]


def test_files_are_deleted_if_asked(caller: Caller) -> None:
    caller.legacy("torrent-remove", ids=[ONE], delete__local__data=True)
    caller.legacy("torrent-remove", ids=[TWO], delete__local__data="false")
    assert caller.told == [("remove", ONE, True), ("remove", TWO, False)]


def test_another_place(caller: Caller) -> None:
    assert caller.legacy("torrent-set-location", ids=[2], location="/srv", move=True) == {}
    assert caller.modern("torrent_set_location", ids=[1, TWO], location="/srv") == {}
    assert caller.told == [
        ("move", TWO, "/srv", "move"),
        ("move", ONE, "/srv", "point"),
        ("move", TWO, "/srv", "point"),
    ]


@pytest.mark.parametrize("location", ["", "srv", "./srv", 5, None, ["/srv"]])
def test_a_place_that_is_none(caller: Caller, location: object) -> None:
    assert caller.legacy("torrent-set-location", location=location) == "new location path is not absolute"
    assert caller.modern("torrent_set_location", location=location, move=True)["code"] == 3
    assert caller.told == []


def test_a_place_that_is_not_allowed(caller: Caller) -> None:
    refused = RpcError("path_not_allowed", "path /etc is outside")
    caller.control.move = lambda id, path, mode: fail(refused)  # type: ignore[method-assign]
    assert caller.legacy("torrent-set-location", location="/etc") == "path /etc is outside"
    assert caller.modern("torrent_set_location", location="/etc")["code"] == 5


def test_another_name(caller: Caller) -> None:
    given = {"path": "holiday/a", "name": "b"}
    assert caller.legacy("torrent-rename-path", ids=[2], **given) == {**given, "id": 2}
    assert caller.modern("torrent_rename_path", ids=TWO, **given) == {**given, "id": 2}
    assert caller.told == [("rename", TWO, "holiday/a", "b")] * 2


@pytest.mark.parametrize("ids", [[], [1, 2], [9], "nonsense", None])
def test_one_is_renamed_at_a_time(caller: Caller, ids: object) -> None:
    assert caller.legacy("torrent-rename-path", ids=ids, path="a", name="b") == "torrent-rename-path requires 1 torrent"
    assert caller.modern("torrent_rename_path", path="a", name="b")["code"] == -32602
    assert caller.told == []


@pytest.mark.parametrize(
    ("name", "code"), [("file_index", 6), ("path_not_allowed", 5), ("no_metadata", 5), ("busy", 5)]
)
def test_a_name_that_cannot_be(caller: Caller, name: str, code: int) -> None:
    caller.control.rename = lambda id, path, name_: fail(RpcError(name, "no"))  # type: ignore[method-assign]
    assert caller.legacy("torrent-rename-path", ids=[1]) == "no"
    assert caller.modern("torrent_rename_path", ids=[1], path="", name="")["code"] == code


@pytest.mark.parametrize("name", ["wrong_state", "no_metadata", "torrent_not_found"])
def test_what_cannot_be_done_to_a_torrent_as_it_is_is_passed_over(caller: Caller, name: str) -> None:
    caller.control.announce = lambda id: fail(RpcError(name, "not now"))  # type: ignore[method-assign]
    assert caller.legacy("torrent-reannounce") == {}


def test_other_errors_are_told_when_all_are_done(caller: Caller) -> None:
    done = caller.control.pause
    full = StorageError("/state: no space left", path="/state", code="disk_full")
    caller.control.pause = lambda id: fail(full) if id == ONE else done(id)  # type: ignore[method-assign]
    assert caller.legacy("torrent-stop") == "/state: no space left"
    assert caller.modern("torrent_stop")["code"] == 5
    assert caller.told == [("pause", TWO)] * 2


def test_a_bug_of_ours_is_told_by_its_incident(caller: Caller) -> None:
    def bug(id: str) -> None:
        raise KeyError("secret")

    caller.control.pause = bug  # type: ignore[assignment,method-assign]
    message = caller.legacy("torrent-stop")
    assert "bug in torrentd" in message
    assert "secret" not in message
    caller.control.status = bug  # type: ignore[assignment,method-assign]
    assert caller.modern("session_stats")["code"] == -32603
