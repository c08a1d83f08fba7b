from __future__ import annotations

import pytest

from tests.rpc.asking import Asked
from tests.rpc.fake_control import ONE, TWO, UNKNOWN, FakeControl
from torrentd.session.control import Wishes


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def asked(control: FakeControl) -> Asked:
    return Asked(control)


@pytest.mark.parametrize("verb", ["pause", "resume", "verify", "announce", "remove", "set"])
def test_each_id_succeeds_or_fails_by_itself(asked: Asked, verb: str) -> None:
    result = asked.call(f"torrent.{verb}", ids=[UNKNOWN, TWO.upper(), ONE])
    assert result["done"] == [TWO, ONE]
    assert result["failed"] == [{"id": UNKNOWN, "code": 1, "message": "There is no such torrent"}]


@pytest.mark.parametrize("verb", ["pause", "resume", "verify", "announce", "remove", "set"])
def test_all_must_be_spelled(asked: Asked, control: FakeControl, verb: str) -> None:
    assert asked.call(f"torrent.{verb}", ids="all")["done"] == [ONE, TWO]
    assert asked.error(f"torrent.{verb}")["data"] == {"name": "invalid_params", "path": "ids"}
    assert asked.call(f"torrent.{verb}", ids=[]) == {"done": [], "failed": []}
    assert len(control.told) == 2


def test_an_id_given_twice_is_done_once(asked: Asked, control: FakeControl) -> None:
    assert asked.call("torrent.pause", ids=[TWO, TWO.upper()])["done"] == [TWO]
    assert control.told == [("pause", TWO)]


def test_options_reach_the_daemon(asked: Asked, control: FakeControl) -> None:
    asked.call("torrent.resume", [ONE], True)
    asked.call("torrent.resume", ids=[ONE])
    asked.call("torrent.remove", ids=[ONE], delete_data=True)
    asked.call("torrent.remove", ids=[ONE])
    assert control.told == [
        ("resume", ONE, True),
        ("resume", ONE, False),
        ("remove", ONE, True),
        ("remove", ONE, False),
    ]


def test_what_is_left_out_stays_and_null_takes_back(asked: Asked, control: FakeControl) -> None:
    asked.call("torrent.set", ids=[ONE])
    asked.call("torrent.set", ids=[ONE], labels=["a", "b", "a"], sequential=False, priority="low")
    asked.call("torrent.set", ids=[ONE], limits={"down": 5, "up": None, "ratio": "unlimited"}, labels=[])
    wishes = [told[2] for told in control.told]
    assert wishes == [
        Wishes(),
        Wishes(labels=("a", "b"), sequential=False, priority="low"),
        Wishes(labels=(), limits={"down": 5, "up": None, "ratio": "unlimited"}),
    ]


@pytest.mark.parametrize(
    "nonsense, path",
    [
        ({"labels": [""]}, "labels[0]"),
        ({"labels": None}, "labels"),
        ({"sequential": 1}, "sequential"),
        ({"priority": "highest"}, "priority"),
        ({"priority": None}, "priority"),
        ({"priority": 1}, "priority"),
        ({"limits": {"down": -1}}, "limits.down"),
        ({"limits": {"up": 0.5}}, "limits.up"),
        ({"limits": {"ratio": "none"}}, "limits.ratio"),
        ({"limits": {"speed": 1}}, "limits.speed"),
        ({"limits": None}, "limits"),
    ],
)
def test_nonsense_is_named(asked: Asked, control: FakeControl, nonsense: dict[str, object], path: str) -> None:
    assert asked.error("torrent.set", ids="all", **nonsense)["data"]["path"] == path
    assert control.told == []


def test_who_is_there_is_moved_together(asked: Asked, control: FakeControl) -> None:
    result = asked.call("torrent.queue", ids=[TWO, UNKNOWN, ONE], to="top")
    assert (result["done"], [failed["id"] for failed in result["failed"]]) == ([TWO, ONE], [UNKNOWN])
    assert control.told[-1] == ("move_in_queue", (TWO, ONE), "top")
    asked.call("torrent.queue", ids="all", to=3)
    assert control.told[-1] == ("move_in_queue", (ONE, TWO), 3)


@pytest.mark.parametrize("to", ["first", -1, 1.5, None, True])
def test_a_place_that_is_none(asked: Asked, control: FakeControl, to: object) -> None:
    assert asked.error("torrent.queue", ids="all", to=to)["data"]["path"] == "to"
    assert control.told == []


def test_move(asked: Asked, control: FakeControl) -> None:
    result = asked.call("torrent.move", ids=[ONE, UNKNOWN], path="/srv", mode="point")
    assert (result["job"], result["jobs"]) == (7, [{"id": ONE, "job": 7}])
    assert [failed["id"] for failed in result["failed"]] == [UNKNOWN]
    assert control.told[-1] == ("move", ONE, "/srv", "point")
    for params in ({"path": ""}, {"path": "a\0"}, {"path": 1}, {"mode": "copy"}, {}):
        assert asked.error("torrent.move", **{"ids": [ONE], **({"path": "/srv"} if "mode" in params else {}), **params})
