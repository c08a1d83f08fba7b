"""Points in time and spans of it, written for people."""

from __future__ import annotations

import re
import time

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_NUMBER = r"(\d+(?:\.\d+)?)"
_DURATION = "".join(rf"(?:{_NUMBER}{unit})?" for unit, _ in _UNITS) + rf"{_NUMBER}?"
"""a number behind the last unit is seconds; compiled by who needs it"""
_FOREVER = 100 * 86400
"""An estimate longer than this says nothing."""


def format_duration(seconds: float) -> str:
    """The two largest units: `3d 4h`, `5m 2s`, `0s`."""
    left = int(seconds)
    parts: list[str] = []
    for unit, length in _UNITS:
        count, left = divmod(left, length)
        if parts or count:
            parts.append(f"{count}{unit}")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0")) or "0s"


def parse_duration(text: str) -> int:
    """Seconds of `90`, `90s`, `5m`, `1.5h`, `7d` or `1h30m`. ValueError says what is expected."""
    found = re.fullmatch(_DURATION, text.strip().lower(), re.ASCII)
    if not found or not any(found.groups()):
        raise ValueError(f"{text!r} is not a time such as 90s, 5m, 1.5h, 7d")
    lengths = (*(length for _, length in _UNITS), 1)
    return round(sum(float(count) * length for count, length in zip(found.groups(), lengths, strict=True) if count))


def format_eta(seconds: int) -> str:
    """As a duration, but `∞` for what nobody waits for."""
    return format_duration(seconds) if seconds < _FOREVER else "∞"


def format_limit_of_time(limit: float | str) -> str:
    """A limit as the API gives it: seconds, or "unlimited"."""
    return limit if isinstance(limit, str) else format_duration(limit)


def format_time(when: float) -> str:
    """Unix seconds as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))


def from_now(seconds: float) -> float:
    """The Unix seconds of so long after now."""
    return time.time() + seconds  # noqa: TID251  the calendar's clock, of a program that has no reactor
