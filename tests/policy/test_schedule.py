"""Windows of local time."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from torrentd.policy.schedule import Window, is_on, parse_window, window_text

MONDAY = datetime(2024, 1, 1)


def at(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("08:00-18:30", Window(frozenset(range(7)), 480, 1110)),
        ("mon 00:00-24:00", Window(frozenset([0]), 0, 1440)),
        ("mon-fri 22:00-06:00", Window(frozenset(range(5)), 1320, 360)),
        ("sat-mon,wed 01:00-02:00", Window(frozenset([5, 6, 0, 2]), 60, 120)),
        (" SUN  01:00-02:00 ", Window(frozenset([6]), 60, 120)),
    ],
)
def test_how_they_are_written(text: str, window: Window) -> None:
    assert parse_window(text) == window
    assert parse_window(window_text(window)) == window


@pytest.mark.parametrize(
    "text",
    ["", "mon", "8:00-18:00", "25:00-26:00", "24:00-01:00", "08:60-09:00", "08:00-24:01", "mo 08:00-09:00",
     "mon- 08:00-09:00", "mon,,tue 08:00-09:00", "08:00", "08:00-09:00 mon", "\u0661\u0662:00-13:00x"],
)  # fmt: skip
def test_nonsense(text: str) -> None:
    with pytest.raises(ValueError, match=r"not like|no such time|the days are"):
        parse_window(text)


@pytest.mark.parametrize(
    ("day", "clock", "on"),
    [
        (0, "21:59", False),
        (0, "22:00", True),
        (1, "05:59", True),
        (1, "06:00", False),
        (0, "05:00", False),  # it did not begin on Sunday
        (5, "05:00", True),
        (5, "22:00", False),
        (6, "05:00", False),
    ],
)
def test_over_midnight_it_belongs_to_the_day_on_which_it_begins(day: int, clock: str, on: bool) -> None:
    assert is_on([parse_window("mon-fri 22:00-06:00")], at(day, clock)) == on


def test_a_whole_day_long() -> None:
    [window] = [parse_window("tue 08:00-08:00")]
    hours = [hour for hour in range(7 * 24) if window.holds(MONDAY + timedelta(hours=hour))]
    assert hours == list(range(32, 56))


def test_any_of_several() -> None:
    windows = [parse_window("mon 01:00-02:00"), parse_window("tue 01:00-02:00")]
    assert [is_on(windows, at(day, "01:30")) for day in range(3)] == [True, True, False]
    assert not is_on([], MONDAY)


def minutes_on(text: str, begin: datetime, hours: int) -> int:
    """Minutes of real time in which it is open, from a time on."""
    start, zone, window = begin.timestamp(), begin.tzinfo, parse_window(text)
    times = (datetime.fromtimestamp(start + 60 * minute, zone) for minute in range(hours * 60))
    return sum(window.holds(time) for time in times)


@pytest.mark.parametrize(
    ("text", "forward", "back"),
    [
        ("00:00-06:00", 5 * 60, 7 * 60),
        ("02:15-02:45", 0, 60),
        ("02:30-04:00", 60, 2 * 60 + 30 - 30),
        ("12:00-13:00", 60, 60),
    ],
)
def test_when_the_clocks_change_what_they_show_decides(text: str, forward: int, back: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert minutes_on(text, datetime(2024, 3, 31, tzinfo=berlin), 23) == forward  # 02:00 is followed by 03:00
    assert minutes_on(text, datetime(2024, 10, 27, tzinfo=berlin), 25) == back  # 03:00 by 02:00
