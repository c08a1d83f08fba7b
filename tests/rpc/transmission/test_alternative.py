"""The alternative limits as Transmission's clients see them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.rpc.transmission.asking import Caller
from torrentd.rpc.transmission.alternative import NAMES
from torrentd.session.telling.rows import AlternativeRow


@pytest.fixture
def caller() -> Caller:
    return Caller()


def alternative(caller: Caller, *schedule: str, down: Any = 7_900, up: Any = 1000, enabled: bool = False) -> None:
    caller.control.alternative = AlternativeRow(down, up, enabled, list(schedule))


def told(caller: Caller) -> dict[str, Any]:
    found: dict[str, Any] = caller.modern("session_get", fields=list(NAMES))
    return {name.removeprefix("alt_speed_"): value for name, value in found.items()}


def test_what_they_see_without_a_schedule(caller: Caller) -> None:
    alternative(caller, down="unlimited", enabled=True)
    assert told(caller) == {
        "down": 50,
        "up": 1,
        "time_begin": 540,
        "time_end": 1020,
        "time_day": 127,
        "enabled": True,
        "time_enabled": False,
    }


@pytest.mark.parametrize(
    ("window", "shown"),
    [
        ("08:00-18:30", (480, 1110, 127)),
        ("sun 22:00-06:00", (1320, 360, 1)),
        ("mon 22:00-24:00", (1320, 0, 2)),
        ("mon-fri 00:00-24:00", (0, 0, 62)),
        ("sat,sun 01:00-02:00", (60, 120, 65)),
    ],
)
def test_the_first_window_of_the_schedule(caller: Caller, window: str, shown: tuple[int, int, int]) -> None:
    alternative(caller, window, "tue 03:00-04:00")
    now = told(caller)
    assert now["time_enabled"]
    assert (now["time_begin"], now["time_end"], now["time_day"]) == shown


@pytest.mark.parametrize("schedule", [[], ["mon 22:00-24:00", "tue 03:00-04:00"]])
def test_a_dialog_that_is_opened_and_closed_changes_nothing(caller: Caller, schedule: list[str]) -> None:
    alternative(caller, *schedule, down="unlimited", up=1234)
    caller.modern("session_set", **caller.modern("session_get"))
    assert caller.told == []


def test_the_numbers(caller: Caller) -> None:
    caller.legacy("session-set", alt__speed__down=9, alt__speed__up=0)
    assert caller.told == [("alternative", {"down": 9000, "up": 0})]
    assert (told(caller)["down"], told(caller)["up"]) == (9, 0)


def test_what_is_switched_on_has_the_limits_that_were_seen(caller: Caller) -> None:
    alternative(caller, down="unlimited", up=1234)
    caller.modern("session_set", alt_speed_enabled=True)
    caller.modern("session_set", alt_speed_enabled=True)
    caller.modern("session_set", alt_speed_enabled=False)
    assert caller.told == [("alternative", {"down": 50_000, "enabled": True}), ("alternative", {"enabled": False})]


def test_a_window_counts_when_it_is_switched_on_and_is_remembered_until_then(caller: Caller) -> None:
    alternative(caller)
    caller.modern("session_set", alt_speed_time_begin=1380, alt_speed_time_end=60, alt_speed_time_day=0b1000001)
    assert caller.control.alternative.schedule == []
    caller.start()
    caller.modern("session_set", alt_speed_time_enabled=True)
    assert caller.control.alternative.schedule == ["sat,sun 23:00-01:00"]
    caller.modern("session_set", alt_speed_time_end=0)
    assert caller.control.alternative.schedule == ["sat,sun 23:00-00:00"]
    caller.modern("session_set", alt_speed_time_enabled=False)
    assert caller.control.alternative.schedule == []
    caller.modern("session_set", alt_speed_time_enabled=True)
    assert caller.control.alternative.schedule == ["sat,sun 23:00-00:00"]


@pytest.mark.parametrize(
    "nonsense",
    [
        {"alt_speed_down": -1},
        {"alt_speed_up": 1e300},
        {"alt_speed_down": "9"},
        {"alt_speed_time_begin": 1440},
        {"alt_speed_time_end": -1},
        {"alt_speed_time_day": 0},
        {"alt_speed_time_day": 128},
        {"alt_speed_time_day": [1]},
        {"alt_speed_enabled": "yes"},
        {"alt_speed_time_enabled": None},
    ],
)
def test_nonsense_is_passed_over(caller: Caller, nonsense: dict[str, Any]) -> None:
    before = msgspec.to_builtins(caller.control.alternative)
    assert caller.modern("session_set", **nonsense) == {}
    assert (msgspec.to_builtins(caller.control.alternative), caller.told) == (before, [])
    assert caller.control.keeps == {}
