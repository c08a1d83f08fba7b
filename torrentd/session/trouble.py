"""The machine fails: what becomes of the torrent, when it is tried again, and how often the log says so.

A torrent that cannot write goes on seeding and tries again by itself; one whose files are gone leaves the swarm: files
that vanished may be on a disk that is not mounted, and must not be made anew, empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import Logger

from torrentd.model.errors import StorageError
from torrentd.session.rows import ErrorRow
from torrentd.swarm.events import StorageFailed, StorageRecovered
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.session.around import Around
    from torrentd.session.torrent import TorrentSession

log = Logger()

RETRY_AFTER = 30.0
"""Within a minute of the cause being gone the torrent goes on; half of that leaves room for the attempt itself."""


class Trouble:
    """What to do about storage errors of any torrent."""

    def __init__(self, around: Around) -> None:
        self._around = around

    def writing_failed(self, session: TorrentSession, error: StorageError) -> None:
        """Downloading has stopped (the torrent knows); try again later."""
        self._wait_and_retry(session, error, "storage")

    def reading_failed(self, session: TorrentSession, error: Exception) -> None:
        """A claimed piece could not be read."""
        code = error.code if isinstance(error, StorageError) else "io_error"
        session.fail(ErrorRow("files_missing" if code == "files_missing" else code, escape(str(error)), "storage"))
        if code != "files_missing":
            self._around.host.reactor.callLater(RETRY_AFTER, self._retry, session)

    def flushing_failed(self, session: TorrentSession, error: StorageError) -> None:
        """Nobody knows what reached the disk: hash what was written since the last good flush."""
        session.handle(StorageFailed(None, str(error), error.code))
        self._wait_and_retry(session, error, "storage")
        self._around.checks.check(session, session.storage.suspect())

    def state_failed(self, session: TorrentSession, error: StorageError) -> None:
        """Marks or bits could not be recorded: no data may be written either."""
        session.handle(StorageFailed(None, str(error), error.code))
        self._wait_and_retry(session, error, "state")

    def _wait_and_retry(self, session: TorrentSession, error: StorageError, source: str) -> None:
        waiting = session.error is not None and session.error.code == error.code
        session.fail(ErrorRow(error.code, escape(str(error)), source))
        if not waiting:
            self._around.host.reactor.callLater(RETRY_AFTER, self._retry, session)

    def _retry(self, session: TorrentSession) -> None:
        if session.gone or session.error is None or session.error.code == "files_missing":
            return
        session.recover()
        session.handle(StorageRecovered())
        session.start()
