"""Points in time and spans of it, written for people."""

from __future__ import annotations

import time

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
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


def format_eta(seconds: int) -> str:
    """As a duration, but `∞` for what nobody waits for."""
    return format_duration(seconds) if seconds < _FOREVER else "∞"


def format_time(when: float) -> str:
    """Unix seconds as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
