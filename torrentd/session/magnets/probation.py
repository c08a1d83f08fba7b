"""Notes in the database for the case that a magnet brings us down (see `state.suspects`).

Two times are dangerous: its first minute, and when the metadata is here, which may be much later. So a quiet minute
says that it is not under way any more, but forgets no crash; that is done when what the metadata says has been taken
in. The torrent has its own minute after that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.model.errors import StorageError
from torrentd.state.suspects import PROBATION

if TYPE_CHECKING:
    from torrentd.session.host import Host

log = Logger()


class Probation:
    """Of one magnet that is in the database."""

    def __init__(self, host: Host, info_hash: bytes) -> None:
        self._host = host
        self._info_hash = info_hash
        self._timer: IDelayedCall | None = None

    def started(self) -> None:
        """It enters its swarm."""
        self._note(self._host.state.note_started(self._info_hash))
        self.over()
        self._timer = self._host.reactor.callLater(PROBATION, self._quiet)

    def tempted(self) -> Deferred[None]:
        """Its metadata is about to be read. Fires when that is noted."""
        self.over()
        return self._note(self._host.state.note_started(self._info_hash))

    def passed(self) -> None:
        """It did us no harm, or the user wants it tried again: its crashes are forgotten."""
        self._note(self._host.state.note_ok(self._info_hash))

    def over(self) -> None:
        """No timer stays behind."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _quiet(self) -> None:
        self._note(self._host.state.note_quiet(self._info_hash))

    def _note(self, written: Deferred[None]) -> Deferred[None]:
        """A note that cannot be written keeps nothing from going on."""
        return written.addErrback(lambda failure: failure.trap(StorageError, LookupError) and None)
