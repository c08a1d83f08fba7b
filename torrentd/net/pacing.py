"""Bytes that flow evenly: how many may move now, of a stream that has a pace."""

from __future__ import annotations

from typing import Final

PART: Final = 0.025
"""Seconds that one part stands for: short against the second in which a limit is kept, long against what each costs."""


class Pace:
    """`rate` bytes per second. What was missed is made up for by one part, no more."""

    __slots__ = ("_at", "_room", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._at = now
        self._room = rate * PART

    def room(self, now: float) -> int:
        """Bytes that may move now: a part, about, or 0."""
        part = self.rate * PART
        self._room = min(self._room + (now - self._at) * self.rate, 2 * part)
        self._at = now
        return int(self._room) if self._room > part / 2 else 0

    def moved(self, count: int) -> None:
        """So many did."""
        self._room -= count
