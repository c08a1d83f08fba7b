"""Counts what is under way, so that a storage can be closed when all of it is done."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


class Pending:
    """A count and who waits for its end."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[Deferred[None]] = []

    def begin(self) -> None:
        self.count += 1

    def end(self, count: int = 1) -> None:
        """So many are done; the last one wakes those who wait."""
        self.count -= count
        if not self.count:
            waiting, self._waiting = self._waiting, []
            for deferred in waiting:
                deferred.callback(None)

    def track(self, deferred: Deferred[Any]) -> None:
        """Count a Deferred until it has fired, and let its result pass."""
        self.begin()
        deferred.addBoth(self._passed)

    def idle(self) -> Deferred[None]:
        """Fires when nothing is under way."""
        deferred: Deferred[None] = Deferred()
        if self.count:
            self._waiting.append(deferred)
        else:
            deferred.callback(None)
        return deferred

    def _passed(self, result: Any | Failure) -> Any | Failure:
        self.end()
        return result
