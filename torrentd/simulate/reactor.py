"""What one host takes for the reactor: time and calls. It has no descriptors and no threads, for there are none.

A reactor per host, over the one clock, is what lets a host crash (its calls are gone, all others go on) and what
shows who left a timer behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from torrentd.simulate.clock import Call, Clock


class Reactor:
    """IReactorTime, and of IReactorCore and IReactorFromThreads what the daemon uses."""

    running = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: dict[Call, None] = {}

    def seconds(self) -> float:
        """Monotonic."""
        return self._clock.now

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any, **kwargs: Any) -> IDelayedCall:
        call = Call(self._clock, delay, callable, args, kwargs, self._ended)
        self._pending[call] = None
        return call

    def callFromThread(self, callable: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """There are no threads; the caller relies on being called later, all the same."""
        self.callLater(0, callable, *args, **kwargs)

    def getDelayedCalls(self) -> list[Call]:
        """Those that have not run, in the order in which they were made."""
        return list(self._pending)

    def crash(self) -> None:
        """Nothing that was planned will happen."""
        for call in self.getDelayedCalls():
            call.cancel()

    def _ended(self, call: Call) -> None:
        del self._pending[call]
