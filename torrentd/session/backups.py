"""Copies of the database, for the day on which it is damaged: soon after torrents came or went, and once a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from torrentd.session.host import Host

log = Logger()

SOON = 60.0
"""Seconds after a torrent came or went: a script that adds thousands causes one copy."""
DAILY = 86_400.0


class Backups:
    """Plans backups; one that fails is in the log and planned again."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._timer: IDelayedCall | None = None
        self._stopped = False

    def soon(self) -> None:
        """Torrents came or went."""
        self._plan(SOON)

    def daily(self) -> None:
        """Counters and bits change all the time."""
        self._plan(DAILY)

    def stop(self) -> None:
        """None is planned any more, not even after one that is under way."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _plan(self, delay: float) -> None:
        if self._stopped:
            return
        now = self._host.reactor.seconds()
        if self._timer is None or not self._timer.active():
            self._timer = self._host.reactor.callLater(delay, self._make)
        elif self._timer.getTime() > now + delay:
            self._timer.reset(delay)

    def _make(self) -> Deferred[None]:
        self._timer = None
        done = self._host.state.backup()
        done.addErrback(_failed)
        return done.addCallback(lambda _: self.daily())


def _failed(failure: Failure) -> None:
    log.warn("no backup of the state was made: {error}", error=str(failure.value))
