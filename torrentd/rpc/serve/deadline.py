"""One timer for a deadline that changes with every request.

Moving a Twisted timer to an earlier time searches the list of all timers, and two timers per call are noticeable at
thousands of calls a second. A deadline that moves later only notes its time; the timer finds out when it fires.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Deadline:
    """Calls `expired` when the time it was last set to has come."""

    def __init__(self, clock: IReactorTime, expired: Callable[[], None]) -> None:
        self._clock = clock
        self._expired = expired
        self._at = math.inf
        self._fires_at = math.inf
        self._timer: IDelayedCall | None = None

    def set(self, after: float) -> None:
        """Move it to `after` seconds from now; infinity for never."""
        self._at = self._clock.seconds() + after
        if self._at < self._fires_at:
            self._arm()

    def stop(self) -> None:
        """Never fire again."""
        self._at = self._fires_at = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = self._at
        self._timer = self._clock.callLater(max(0.0, self._at - self._clock.seconds()), self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._fires_at = math.inf
        if self._at <= self._clock.seconds():
            self._at = math.inf
            self._expired()
        elif self._at < math.inf:
            self._arm()
