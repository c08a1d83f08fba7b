"""Transmission's `alt_speed_*` settings: our alternative limits and their schedule.

There the schedule is one window, on some days of the week; of ours they see the first, and what they change of it
replaces all. What is in force there is always a number, so the numbers that they see are set when they switch it on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from torrentd.policy.schedule import DAY, DAYS, Window, parse_window, window_text
from torrentd.rpc.transmission.kept import Kept
from torrentd.rpc.transmission.params import MAX_NUMBER, Params, flag, number
from torrentd.rpc.transmission.view import KILO
from torrentd.session.alternative import AlternativeChanges
from torrentd.session.control import Control

RATES: Final = {"alt_speed_down": "down", "alt_speed_up": "up"}
DEFAULT_RATE: Final = 50  # kB/s
DAY_BITS: Final = "alt_speed_time_day"
ALL_DAYS: Final = (1 << len(DAYS)) - 1
TIMES: Final = {"alt_speed_time_begin": 9 * 60, "alt_speed_time_end": 17 * 60, DAY_BITS: ALL_DAYS}
"""What is shown while there is no schedule; minutes after midnight, and a bit for each day, Sunday's the lowest."""
SWITCHES: Final = ("alt_speed_enabled", "alt_speed_time_enabled")
NAMES: Final = (*RATES, *TIMES, *SWITCHES)
BOUNDS: Final = {
    **dict.fromkeys(RATES, range(MAX_NUMBER // KILO)),
    **dict.fromkeys(TIMES, range(DAY)),
    DAY_BITS: range(1, ALL_DAYS + 1),
}


def told(control: Control, kept: Kept) -> dict[str, Any]:
    """All of them, in snake_case."""
    row = control.alternative_limits()
    rates = {name: getattr(row, way) for name, way in RATES.items()}
    shown = {name: rate // KILO if isinstance(rate, int) else DEFAULT_RATE for name, rate in rates.items()}
    switches = {"alt_speed_enabled": row.enabled, "alt_speed_time_enabled": bool(row.schedule)}
    return shown | _times(row.schedule, kept) | switches


def _times(schedule: Sequence[str], kept: Kept) -> dict[str, int]:
    if not schedule:
        return {name: kept.session.get(name, default) for name, default in TIMES.items()}
    window = parse_window(schedule[0])
    days = sum(1 << _bit(day) for day in window.days)
    return dict(zip(TIMES, (window.begin, window.end % DAY, days), strict=True))


async def change(params: Params, control: Control, kept: Kept) -> None:
    """What differs from what was told counts; a window that is not in force is remembered."""
    before = told(control, kept)
    numbers = {name: _number(params, name) for name in (*RATES, *TIMES)}
    given = numbers | {name: flag(params, name) for name in SWITCHES}
    changed = {name: value for name, value in given.items() if value is not None and value != before[name]}
    times = {name: value for name, value in changed.items() if name in TIMES}
    if times:
        await kept.set_session(times)
    if changed:
        await control.set_limits(alternative=_changes(before | changed, changed, control))


def _changes(after: Mapping[str, Any], changed: Mapping[str, Any], control: Control) -> AlternativeChanges:
    row = control.alternative_limits()
    switched_on = any(changed.get(name) for name in SWITCHES)
    rates: dict[str, Any] = {
        way: after[name] * KILO
        for name, way in RATES.items()
        if name in changed or (switched_on and getattr(row, way) == "unlimited")
    }
    if any(name in changed for name in (*TIMES, "alt_speed_time_enabled")):
        begin, end, days = (after[name] for name in TIMES)
        window = Window(frozenset(day for day in range(len(DAYS)) if days >> _bit(day) & 1), begin, end)
        rates["schedule"] = [window_text(window)] if after["alt_speed_time_enabled"] else []
    if "alt_speed_enabled" in changed:
        rates["enabled"] = changed["alt_speed_enabled"]
    return AlternativeChanges(**rates)


def _number(params: Params, name: str) -> int | None:
    """None: not given, or nothing that it can be."""
    value = number(params, name)
    return value if value is not None and value in BOUNDS[name] else None


def _bit(day: int) -> int:
    """Of a day as Python counts, from Monday."""
    return (day + 1) % len(DAYS)
