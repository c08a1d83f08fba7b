"""How fast bytes flow, over the last few seconds.

A sliding window made of two fixed ones: the current window counts, the one before it is weighted by the part of it
that the sliding window still covers. For a steady flow that is exact; `add`, which is called once per read, costs one
comparison and two additions; and silence means exactly 0 after two windows. Exponential smoothing was rejected: it
needs an `exp` per read or ticks, and never quite reaches 0.

Right after the first byte there is no full window to divide by, so the meter divides by the time since then. A peer's
rate is therefore right within a fraction of a second, which is what lets its request queue grow quickly.
"""

from __future__ import annotations

WINDOW = 5.0
"""Seconds. Long enough to smooth the bursts of TCP and of a request queue, short enough to notice a stall."""

SHORTEST = 0.5
"""Seconds. The first bytes of a flow are never divided by less, or one read would look like a huge rate."""


class RateMeter:
    """Bytes per second over about the last `window` seconds. `now` must never go back."""

    __slots__ = ("_began", "_current", "_end", "_previous", "_window", "total")

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._end = float("-inf")  # of the current window
        self._began = 0.0  # first byte after the last silence
        self._current = 0
        self._previous = 0
        self.total = 0
        """all bytes ever added"""

    def add(self, count: int, now: float) -> None:
        """`count` bytes moved at `now`."""
        if now >= self._end:
            self._roll(now)
        self._current += count
        self.total += count

    def rate(self, now: float) -> float:
        """Bytes per second; exactly 0.0 when nothing moved for two windows."""
        end = self._end
        if now >= end + self._window:
            return 0.0
        if now >= end:
            elapsed, current, previous = now - end, 0, self._current
        else:
            elapsed, current, previous = now - end + self._window, self._current, self._previous
        counted = current + previous * (1.0 - elapsed / self._window)
        return counted / min(self._window, max(SHORTEST, now - self._began))

    def _roll(self, now: float) -> None:
        """Start the window that holds `now`."""
        if now >= self._end + self._window:
            self._previous = self._current = 0
            self._began = now
            self._end = now + self._window
        else:
            self._previous = self._current
            self._current = 0
            self._end += self._window
