"""How many peers to serve at a time.

A link that serves eight peers at once brings eight pieces to their ends late and together; one after the other each
could be passed on eight times sooner. But a few slow peers do not fill a fast link. Whether they do is measured: with
twice as many at a time, does more flow? Then twice as many it is; if not, as few as before, and another attempt after
a while, for links and peers change.
"""

from __future__ import annotations

START = 2
"""Peers served at a time at first: one of them may be at the end of what it is sent."""

LOOK = 0.2
"""Seconds over which a rate is measured, at least; and as many peers must have been served as may be at a time: slow
ones and those far away show only after seconds what they take."""

GAIN = 1.25
"""By which twice as many must send more than before: an unsaturated link would send up to twice as much, and what is
measured in so short a time is only so exact."""

PAUSE = 10.0
"""Seconds between two attempts with more."""


class Breadth:
    """`width` is how many peers may be served at a time."""

    __slots__ = ("_before", "_began", "_sent", "_served", "_short", "_try_at", "width")

    def __init__(self) -> None:
        self.width = START
        self._before: float | None = None
        """the rate with half the width, while twice as many are tried"""
        self._try_at = 0.0
        self._began = 0.0
        self._sent = 0
        self._served = 0
        self._short = False

    def measure_from(self, now: float) -> None:
        """What flowed until now counts no more: it was judged, or nobody was served just now."""
        self._began, self._sent, self._served, self._short = now, 0, 0, False

    def refused(self) -> None:
        """Somebody has to wait because of the width."""
        self._short = True

    def sent(self, count: int, now: float) -> None:
        """A peer was served: `count` bytes left for it."""
        self._sent += count
        self._served += 1
        elapsed = now - self._began
        if elapsed >= LOOK and self._served >= self.width:
            self._look(self._sent / elapsed, now)
            self.measure_from(now)

    def _look(self, rate: float, now: float) -> None:
        if self._before is not None:
            if rate < self._before * GAIN:
                self.width //= 2
                self._try_at = now + PAUSE
                self._before = None
                return
            self._before = None
        if self._short and now >= self._try_at:
            self._before = rate
            self.width *= 2
