"""A stop that ends in time, whatever hangs: a tracker, a resolver, a disk."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

log = Logger()


class Stopping:
    """One stop, which has `seconds` from now on."""

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self._clock = clock
        self._ends_at = clock.seconds() + seconds

    def within(self, share: float, *work: Deferred[Any]) -> Deferred[None]:
        """Fires when all of it is done or has failed (which is logged), or after `share` seconds, or when the whole
        stop has to end. What is given up goes on, unheeded: half a record is worse than a late one."""
        over: Deferred[None] = Deferred()
        now = self._clock.seconds()
        timer = self._clock.callLater(max(0.0, min(share, self._ends_at - now)), self._give_up, over)

        def done(results: list[tuple[bool, object]]) -> None:
            for _, result in results:
                if isinstance(result, Failure):
                    log.warn("stop: {error}", error=result.getErrorMessage())
            if timer.active():
                timer.cancel()
                over.callback(None)

        DeferredList(work, consumeErrors=True).addCallback(done)
        return over

    def _give_up(self, over: Deferred[None]) -> None:
        log.warn("stop: something hangs and is not waited for")
        over.callback(None)
