"""How many peers to serve at a time.

A link that serves eight peers at once brings eight pieces to their ends late and together; one after the other each
could be passed on eight times sooner. But a few slow peers do not fill a fast link. Whether they do is measured: with
twice as many at a time, does more flow? Then twice as many it is; if not, as few as before, and another attempt after
a while, for links and peers change.
"""

from __future__ import annotations

START = 4
"""Peers served at a time at first: one of them may be slow, another at the end of its piece."""

LOOK = 0.5
"""Seconds over which a rate is measured."""

GAIN = 1.25
"""By which twice as many must send more than before: an unsaturated link would send up to twice as much, and what is
measured in half a second is only so exact."""

PAUSE = 10.0
"""Seconds between two attempts with more."""


class Breadth:
    """`width` is how many peers may be served at a time."""

    __slots__ = ("_before", "_began", "_sent", "_short", "_try_at", "width")

    def __init__(self) -> None:
        self.width = START
        self._before: float | None = None
        """the rate with half the width, while twice as many are tried"""
        self._try_at = 0.0
        self._began = 0.0
        self._sent = 0
        self._short = False

    def refused(self) -> None:
        """Somebody has to wait because of the width."""
        self._short = True

    def sent(self, count: int, now: float) -> None:
        """`count` bytes left for peers."""
        self._sent += count
        elapsed = now - self._began
        if elapsed < LOOK:
            return
        if elapsed < 2 * LOOK:
            self._look(self._sent / elapsed, now)
        self._began, self._sent, self._short = now, 0, False

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
