"""The machine fails: what becomes of the torrent, when it is tried again, and how often the log says so.

A torrent that cannot write goes on seeding and tries again by itself: first after a second, for what was a hiccup, then
every half minute. It goes on when its storage says that there is room and right to write, and the database has taken
what it could not take before. While its files are moved or renamed it waits. One whose files are gone leaves the swarm
until the user acts: files that vanished may be on a disk that is not mounted, and must not be made anew, empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from torrentd.model.errors import StorageError
from torrentd.session.entering.beginning import begin_watched
from torrentd.session.telling.rows import ErrorRow
from torrentd.swarm.events import StorageFailed, StorageRecovered
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.session.around import Around
    from torrentd.session.running.torrent import TorrentSession

log = Logger()

FIRST_RETRY = 1.0
"""Seconds; for the first failure in QUIET."""
RETRY = 30.0
"""Within a minute of the cause being gone the torrent goes on; half of that leaves room for the attempt itself."""
QUIET = 60.0
"""Seconds between two lines in the log about one torrent, and after which a failure counts as the first."""


class Trouble:
    """What to do about storage errors of any torrent."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._said: dict[TorrentSession, tuple[str, float]] = {}
        """the code last logged, and when"""
        self._failed: dict[TorrentSession, float] = {}
        """when it last failed"""
        self._places: dict[TorrentSession, str] = {}
        """and at which path"""

    def failed(
        self, session: TorrentSession, error: StorageError, source: str = "storage", piece: int | None = None
    ) -> None:
        """Writing (this piece), flushing, recording or looking failed: nothing is downloaded until it works again."""
        row = ErrorRow(error.code, escape(str(error)), source)
        self._say(session, row)
        self._places[session] = error.path
        session.fail(row)
        session.handle(StorageFailed(piece, row.message, row.code))
        if error.code != "files_missing":
            self._wait(session)

    def reading_failed(self, session: TorrentSession, piece: int, error: Exception) -> None:
        """A claimed piece could not be read. If the disk failed it is claimed no more, and fetched again; if its file
        is gone, or cannot be had now (rights, descriptors), that may change, and the piece is hashed then."""
        row = ErrorRow(getattr(error, "code", "io_error"), escape(str(error)), "storage")
        self._say(session, row)
        session.fail(row)
        if row.code == "io_error":
            session.durability.withdraw([piece])
        else:
            session.doubt([piece])
        if row.code != "files_missing":
            self._wait(session)

    def retry(self, session: TorrentSession) -> Deferred[None]:
        """Try now. Fires when it goes on, or waits again."""
        self._cancel(session)
        return Deferred.fromCoroutine(self._try(session)).addErrback(session.our_fault)

    def forget(self, session: TorrentSession) -> None:
        """It was removed, or sleeps."""
        self._said.pop(session, None)
        self._failed.pop(session, None)
        self._places.pop(session, None)

    def _say(self, session: TorrentSession, row: ErrorRow) -> None:
        now = session.now()
        code, at = self._said.get(session, ("", 0.0))
        if code != row.code or now >= at + QUIET:
            self._said[session] = row.code, now
            log.warn("{name}: {error}", name=session.name, error=row.message)

    def _wait(self, session: TorrentSession) -> None:
        now = session.now()
        first = now >= self._failed.get(session, -QUIET) + QUIET
        self._failed[session] = now
        if not session.gone and (session.retry is None or not session.retry.active()):
            delay = FIRST_RETRY if first else RETRY
            session.retry = self._around.host.reactor.callLater(delay, self.retry, session)

    def _cancel(self, session: TorrentSession) -> None:
        if session.retry is not None and session.retry.active():
            session.retry.cancel()
        session.retry = None

    async def _try(self, session: TorrentSession) -> None:
        if session.gone or session.error is None:
            return
        if session.is_moving:
            self._wait(session)
            return
        if not session.begun:
            session.recover()
            await begin_watched(session)
            return
        is_void, source = session.inquire(), "storage"
        try:
            await session.storage.probe(self._places.get(session, ""))
            source = "state"
            await session.durability.catch_up()
        except StorageError as error:
            if not is_void():
                self.failed(session, error, source)
            return
        if not is_void() and session.error is not None:
            self._go_on(session)

    def _go_on(self, session: TorrentSession) -> None:
        if session.is_moving:  # since the disk was asked
            self._wait(session)
            return
        log.info("{name}: goes on", name=session.name)
        session.recover()
        session.handle(StorageRecovered())
        if session.doubtful.count:
            self._around.checks.check(session)
        else:
            session.start()
