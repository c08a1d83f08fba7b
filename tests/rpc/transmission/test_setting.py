from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.rpc.fake_control import ONE
from tests.rpc.transmission.asking import Caller
from torrentd.model.layout import Priority
from torrentd.session.control import FileChoice, Wishes
from torrentd.session.telling.rows import LimitsRow


class Setter(Caller):
    """A daemon that does what it is told of limits."""

    def set(self, **params: Any) -> Any:
        answer = self.modern("torrent_set", ids=[1], **params)
        for told in self.told:
            if told[0] == "set":
                row = self.control.torrents[ONE]
                limits = msgspec.structs.replace(row.limits, **told[2].limits)
                self.control.torrents[ONE] = msgspec.structs.replace(row, limits=limits)
        self.told.clear()
        return answer

    @property
    def limits(self) -> LimitsRow:
        return self.control.torrents[ONE].limits


@pytest.fixture
def setter() -> Setter:
    return Setter()


@pytest.mark.parametrize(("limited", "name", "own"), [("download_limited", "download_limit", "down"),
                                                      ("upload_limited", "upload_limit", "up")])  # fmt: skip
def test_rates(setter: Setter, limited: str, name: str, own: str) -> None:
    def now() -> tuple[Any, ...]:
        return getattr(setter.limits, own), *setter.torrent(limited, name).values()

    assert now() == (None, False, 0)
    setter.set(**{name: 50})
    assert now() == (None, False, 50)
    setter.set(**{limited: True})
    assert now() == (50_000, True, 50)
    setter.set(**{name: 70})
    assert now() == (70_000, True, 70)
    setter.set(**{limited: False})
    assert now() == (None, False, 70)
    setter.set(**{limited: True, name: 0})
    assert now() == (0, True, 0)
    setter.set(**{limited: 1, name: -7})
    assert now() == (0, True, 0)


@pytest.mark.parametrize(
    ("mode", "name", "own", "default", "unit", "more"),
    [
        ("seed_ratio_mode", "seed_ratio_limit", "ratio", 2.0, 1, 0),
        ("seed_idle_mode", "seed_idle_limit", "idle_time", 30, 60, 1),
    ],
)
def test_limits_of_seeding(
    setter: Setter, mode: str, name: str, own: str, default: float, unit: int, more: int
) -> None:
    """A second more than the idle limit, so that who takes it for one of the seeding time sees it passed."""

    def now() -> tuple[Any, ...]:
        return getattr(setter.limits, own), *setter.torrent(mode, name).values()

    assert now() == (None, 0, default)
    setter.set(**{name: 7})
    assert now() == (None, 0, 7)
    setter.set(**{mode: 1})
    assert now() == (7 * unit + more, 1, 7)
    setter.set(**{name: 9})
    assert now() == (9 * unit + more, 1, 9)
    setter.set(**{mode: 2})
    assert now() == ("unlimited", 2, 9)
    setter.set(**{mode: 0})
    assert now() == (None, 0, 9)
    setter.set(**{mode: 1, name: 525_600})
    assert now() == (525_600 * unit + more, 1, 525_600)
    setter.set(**{mode: 1})
    assert now() == (525_600 * unit + more, 1, 525_600)


def test_what_only_we_remember(setter: Setter) -> None:
    wanted = {"honors_session_limits": False, "group": "home"}
    setter.set(**wanted)
    assert setter.torrent(*wanted) == wanted
    setter.start()
    assert setter.torrent(*wanted) == wanted
    del setter.control.torrents[ONE]
    setter.modern("torrent_set", group="away")
    assert list(setter.control.keeps["transmission.torrents"]) == [setter.control.ids()[0]]  # type: ignore[call-overload]


def test_labels_and_order_and_peers(setter: Setter) -> None:
    setter.modern("torrent_set", ids=1, labels=["a", "", "a", 5], sequential_download=True, peer_limit=7)
    assert setter.told == [("set", ONE, Wishes(labels=("a",), limits={"peers": 7}, sequential=True))]


@pytest.mark.parametrize(("number", "priority"), [(-1, "low"), (0, "normal"), (1, "high")])
def test_priority(setter: Setter, number: int, priority: Any) -> None:
    setter.modern("torrent_set", ids=1, bandwidth_priority=number)
    assert setter.told == [("set", ONE, Wishes(priority=priority))]
    assert setter.control.keeps == {}


def test_nothing_is_set_for_nothing(setter: Setter) -> None:
    for params in (
        {},
        {"nonsense": 5},
        {"labels": "a"},
        {"bandwidth_priority": 2},
        {"bandwidth_priority": "high"},
        {"peer_limit": 0},
        {"download_limit": "x"},
    ):
        setter.modern("torrent_set", **params)
    assert setter.told == []
    assert setter.control.keeps == {}


@pytest.mark.parametrize(
    ("params", "chosen"),
    [
        ({"files_unwanted": [1]}, {1: Priority.SKIP}),
        ({"files_wanted": [1]}, {1: Priority.NORMAL}),
        ({"priority_high": [1], "priority_low": [2]}, {1: Priority.HIGH, 2: Priority.LOW}),
        ({"files_unwanted": []}, dict.fromkeys(range(5), Priority.SKIP)),
        ({"files_unwanted": [], "files_wanted": [1]}, dict.fromkeys(range(5), Priority.SKIP)),
        ({"files_unwanted": [9]}, {9: Priority.SKIP}),
    ],
)
def test_files(setter: Setter, params: dict[str, Any], chosen: dict[int, Priority]) -> None:
    """The daemon is asked also for what does not exist: it knows what to say."""
    if params == {"files_unwanted": [], "files_wanted": [1]}:
        chosen = dict.fromkeys(range(5), Priority.SKIP)  # who says both means not
        chosen[1] = Priority.SKIP
    setter.modern("torrent_set", ids=1, **params)
    assert setter.told == [("set_files", ONE, tuple(FileChoice(priority, index) for index, priority in chosen.items()))]
