"""One timer for somebody who has a next deadline."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from twisted.internet.interfaces import IDelayedCall


class Alarm:
    """Calls somebody at a deadline. It is moved only when the deadline comes nearer: most events just move it away, so
    one that fires early is cheaper. Whoever is called looks whether something is due, and sets it again.

    It refers to nobody while it is not set, so that its owner is freed as soon as nobody needs it.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._timer: IDelayedCall | None = None
        self._fires_at = inf

    def set(self, deadline: float, due: Callable[[], None]) -> None:
        """Call `due`, always the same, at `deadline` or before (monotonic; infinity: nothing to wait for)."""
        if deadline >= self._fires_at:
            return
        self._fires_at = deadline
        delay = max(0.0, deadline - self._reactor.seconds())
        if self._timer is None:
            self._timer = self._reactor.callLater(delay, self._fired, due)
        else:
            self._timer.reset(delay)

    def cancel(self) -> None:
        """No call comes before it is set again."""
        self._fires_at = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fired(self, due: Callable[[], None]) -> None:
        self._timer, self._fires_at = None, inf
        due()
