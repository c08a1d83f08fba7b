"""A stop that ends in time, whatever hangs: a tracker, a resolver, a disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

    def within(self, share: float, work: Mapping[str, Iterable[Deferred[Any]]]) -> Deferred[None]:
        """Fires when all of it is done or has failed (which is logged), or after `share` seconds, or when the whole
        stop has to end. What is given up goes on, unheeded: half a record is worse than a late one. The keys say what
        is waited for."""
        over: Deferred[None] = Deferred()
        now = self._clock.seconds()
        named = {deferred: name for name, some in work.items() for deferred in some}
        hanging = dict(named)  # a Deferred that waits for another is `called` as well
        timer = self._clock.callLater(max(0.0, min(share, self._ends_at - now)), self._give_up, over, hanging)
        for deferred in named:
            deferred.addBoth(self._ended, hanging, deferred)

        def done(results: list[tuple[bool, object]]) -> None:
            for _, result in results:
                if isinstance(result, Failure):
                    log.warn("stop: {error}", error=result.getErrorMessage())
            if timer.active():
                timer.cancel()
                over.callback(None)

        DeferredList(list(named), consumeErrors=True).addCallback(done)
        return over

    def _ended(self, result: Any, hanging: dict[Deferred[Any], str], deferred: Deferred[Any]) -> Any:
        hanging.pop(deferred, None)
        return result

    def _give_up(self, over: Deferred[None], hanging: dict[Deferred[Any], str]) -> None:
        log.warn("stop: not waiting any longer for {what}", what=", ".join(dict.fromkeys(hanging.values())))
        over.callback(None)
