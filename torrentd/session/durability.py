"""What a torrent may claim after a crash: marks before writing, flush before recording.

    requested -> mark committed -> written -> flushed (fdatasync, fsync of folders) -> have bits recorded, marks removed

The flush comes 5 s after the first verified piece, or after 64 MiB, or at once with the last wanted piece. One flush is
under way at a time; what is verified meanwhile goes with the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.disk.results import Flushed
from torrentd.disk.writing.whole import WHOLE_LIMIT
from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.state.records import FileStat
from torrentd.swarm.events import Durable

if TYPE_CHECKING:
    from torrentd.session.torrent import TorrentSession

log = Logger()

FLUSH_INTERVAL = 5.0
"""At most so many seconds of verified work are lost in a crash."""
FLUSH_BYTES = 64 << 20
"""At this much unflushed data the flush does not wait: the kernel would begin to write by itself, all at once."""


class Durability:
    """The flushes of one torrent, and `have`: the pieces whose flush has been recorded."""

    def __init__(self, session: TorrentSession, have: Bitfield) -> None:
        self._session = session
        self.have = have
        self._verified: dict[int, None] = {}
        """verified, not yet recorded"""
        self._finish = False
        """every wanted piece is verified; the torrent hears of the flush that covers them"""
        self._timer: IDelayedCall | None = None
        self._turn = DeferredLock()

    @property
    def is_settled(self) -> bool:
        """Nothing verified waits to be recorded."""
        return not (self._verified or self._finish)

    # --- marks

    def mark(self, pieces: list[int]) -> None:
        """Commit "writing" marks; only then the storage may write these pieces."""
        session = self._session
        done = session.around.host.state.mark(session.facts.info_hash, pieces)
        done.addCallback(lambda _: None if session.gone else session.storage.permit(pieces))
        done.addErrback(self._state_failed)

    def discard(self, pieces: list[int]) -> None:
        """The pieces were given up unfinished. Those that are written in runs may have left bytes: they stay marked."""
        session = self._session
        if not session.gone and session.metainfo.geometry.piece_size <= WHOLE_LIMIT:
            done = session.around.host.state.unmark(session.facts.info_hash, pieces)
            done.addErrback(self._state_failed)

    # --- flushes

    def verified(self, piece: int) -> None:
        """The piece is written and right."""
        self._verified[piece] = None
        if self._turn.locked:
            return
        if self._session.storage.dirty_bytes >= FLUSH_BYTES:
            self.flush()
        else:
            self._plan()

    def finish(self) -> None:
        """Everything wanted is verified: flush now, then tell the torrent."""
        self._finish = True
        self.flush()

    def flush(self) -> Deferred[None]:
        """Flush and record what is verified; fires when that is done or has failed (which is handled here)."""
        self.cancel()
        return self._turn.run(lambda: Deferred.fromCoroutine(self._flush()))

    def cancel(self) -> None:
        """No flush is planned any more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def replace(self, have: Bitfield) -> Deferred[None]:
        """A check has found out what is there: record that instead of what was believed."""
        self._verified.clear()
        self.have = have.copy()
        facts = self._session.facts
        settled, facts.writing = facts.writing, []
        stats = [(index, stat) for index, stat in enumerate(facts.files) if stat is not None]
        return self._record(settled, stats)

    def _plan(self) -> None:
        if self._timer is None and not self._session.gone:
            self._timer = self._session.around.host.reactor.callLater(FLUSH_INTERVAL, self.flush)

    async def _flush(self) -> None:
        finish, self._finish = self._finish, False
        try:
            await self._record_flushed(await self._session.storage.flush())
        except StorageError as error:
            self._failed(error)
            return
        if finish and self._session.torrent.finished and not self._session.gone:
            self._finished()
        if self._verified:
            self._plan()

    def _record_flushed(self, flushed: Flushed) -> Deferred[None]:
        covered = [piece for piece in flushed.pieces if piece in self._verified]
        for piece in covered:
            self.have.add(piece)
            del self._verified[piece]
        for index, stat in flushed.files:
            self._session.facts.files[index] = (stat.size, stat.mtime_ns, stat.inode)
        return self._record(covered, flushed.files)

    def _record(self, unmark: list[int], files: Sequence[tuple[int, FileStat]]) -> Deferred[None]:
        facts = self._session.facts
        return self._session.around.host.state.record(
            facts.info_hash,
            self.have.to_bytes(),
            unmark,
            [(index, *stat) for index, stat in files],
            **facts.unsaved(),
        )

    def _finished(self) -> None:
        session = self._session
        if session.facts.completed_at is None:
            session.facts.completed_at = session.around.host.wall_clock()
        log.info("{name}: download complete", name=session.name)
        session.handle(Durable())
        session.around.state_changed(session)

    def _failed(self, error: StorageError) -> None:
        """What the failed flush covered is unknown; it is hashed again, never believed."""
        self._verified.clear()
        if not self._session.gone:
            self._session.around.trouble.flushing_failed(self._session, error)

    def _state_failed(self, failure: Failure) -> None:
        failure.trap(StorageError, LookupError)  # LookupError: the torrent was removed meanwhile
        error: Any = failure.value
        if not self._session.gone and isinstance(error, StorageError):
            self._session.around.trouble.state_failed(self._session, error)
