"""A weekly schedule: windows of local time, such as "mon-fri 22:00-06:00".

What the clock on the wall shows decides, and nothing else. So when clocks go forward, a window that begins in the hour
that is left out begins after it, and one that lies in it is left out; when they go back, what lies in the hour that
comes twice comes twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""in the order of `datetime.weekday`"""

DAY = 24 * 60
"""minutes"""

_WINDOW = re.compile(r"(?:([a-z,-]+) +)?(\d\d):(\d\d)-(\d\d):(\d\d)")


class Window(NamedTuple):
    """On these days from `begin` to `end` (minutes after midnight); over midnight if `end` is not later."""

    days: frozenset[int]
    """on which it begins; 0 is Monday"""
    begin: int
    end: int

    def holds(self, local: datetime) -> bool:
        """Whether it is open at this local time."""
        day, minute = local.weekday(), local.hour * 60 + local.minute
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        before = (day - 1) % len(DAYS)
        return (day in self.days and minute >= self.begin) or (before in self.days and minute < self.end)


def is_on(windows: Iterable[Window], local: datetime) -> bool:
    """Whether one of them is open."""
    return any(window.holds(local) for window in windows)


def parse_window(text: str) -> Window:
    """Days (all if none are named) and times: "mon-fri 22:00-06:00", "sat,sun 00:00-24:00", "08:00-18:00". A window
    whose end is its begin is a whole day long. ValueError says what is wrong."""
    found = _WINDOW.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f'{text!r} is not like "mon-fri 22:00-06:00"')
    days, *times = found.groups()
    begin_hour, begin_minute, end_hour, end_minute = map(int, times)
    begin, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    if max(begin_minute, end_minute) >= 60 or begin >= DAY or end > DAY:
        raise ValueError(f"{text!r}: there is no such time of day")
    return Window(_days(days, text) if days else frozenset(range(len(DAYS))), begin, end)


def window_text(window: Window) -> str:
    """What `parse_window` reads as this."""
    days = "" if len(window.days) == len(DAYS) else ",".join(DAYS[day] for day in sorted(window.days)) + " "
    begin, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (window.begin, window.end))
    return f"{days}{begin}-{end}"


def _days(names: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in names.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"{text!r}: the days are {', '.join(DAYS)}")
        start, end = DAYS.index(first), DAYS.index(last if dash else first)
        found |= {(start + number) % len(DAYS) for number in range((end - start) % len(DAYS) + 1)}
    return frozenset(found)
