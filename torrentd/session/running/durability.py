"""What a torrent may claim after a crash: marks before writing, flush before recording.

    requested -> mark committed (session.marks) -> written -> flushed (fdatasync, fsync of folders)
        -> have bits recorded, marks removed

The flush comes 5 s after the first verified piece, or after 64 MiB, or at once with the last wanted piece. One flush is
under way at a time; what is verified meanwhile goes with the next one.

Whatever the database could not take stays here and goes with the next record. What a flush failed on is not believed:
those pieces are withdrawn, marked, and doubtful until they were hashed again (session.checking).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall

from torrentd.disk.results import Flushed
from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.session.running.marks import Marks
from torrentd.state.records import FileStat

if TYPE_CHECKING:
    from torrentd.session.running.torrent import TorrentSession

FLUSH_INTERVAL = 5.0
"""At most so many seconds of verified work are lost in a crash."""
FLUSH_BYTES = 64 << 20
"""At this much unflushed data the flush does not wait: the kernel would begin to write by itself, all at once."""


class Durability:
    """The flushes and records of one torrent."""

    def __init__(self, session: TorrentSession, have: Bitfield) -> None:
        self._session = session
        self._state = session.around.host.state
        self.have = have
        """recorded: what the next start will believe"""
        self.flushed = have.copy()
        """on the disk"""
        self.verified: dict[int, None] = {}
        """written and right, not yet flushed"""
        self.written_since: dict[int, None] = {}
        """verified while a check is under way, since it began"""
        self.marks = Marks(session)
        self._stats: dict[int, FileStat | None] = {}
        """files that look different now, to be recorded"""
        self._finish = False
        """every wanted piece is verified; the session hears of the flush that covers them"""
        self._timer: IDelayedCall | None = None
        self._turn = DeferredLock()

    @property
    def is_settled(self) -> bool:
        """Nothing waits to be flushed or recorded."""
        return not self.verified and self.have == self.flushed

    @property
    def is_at_rest(self) -> bool:
        """The database knows all that is here, and nothing is under way."""
        waits = self._stats or self._finish or self._turn.locked
        return self.is_settled and self.marks.are_settled and not waits

    def right(self, pieces: list[int]) -> None:
        """These pieces are written and right."""
        self.marks.answered(pieces)
        self.verified.update(dict.fromkeys(pieces))
        if self._session.checking is not None:
            self.written_since.update(dict.fromkeys(pieces))
        if not self._turn.locked and self._session.storage.dirty_bytes >= FLUSH_BYTES:
            self.flush()
        else:
            self._plan()

    def holds(self, piece: int) -> bool:
        """Whether it is on the disk, flushed or not."""
        return piece in self.verified or piece in self.flushed

    # --- flushes

    def finish(self) -> None:
        """Everything wanted is verified: flush now, then tell the torrent."""
        self._finish = True
        self.flush()

    def told(self) -> None:
        """The torrent knows that everything wanted is durable."""
        self._finish = False

    def flush(self) -> Deferred[Any]:
        """Flush and record what is verified; fires when that is done or has failed (which is handled here)."""
        self.cancel()
        return self._in_turn(self._flush)

    async def settle(self) -> None:
        """Whatever the disk has in hand is on it and recorded; the torrent is out of its swarm. StorageError."""
        session = self._session
        await session.storage.settle()
        await self.flush()
        if not self.is_settled:
            path, why = session.facts.download_dir, session.error.message if session.error else "see the log"
            raise StorageError(f"what was downloaded last could not be flushed: {why}", path=path)

    def cancel(self) -> None:
        """No flush is planned any more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _plan(self) -> None:
        if self._timer is None and not self._session.gone:
            self._timer = self._session.around.host.reactor.callLater(FLUSH_INTERVAL, self.flush)

    def _in_turn(self, work: Callable[..., Coroutine[Any, Any, None]], *args: object) -> Deferred[Any]:
        done: Deferred[Any] = self._turn.run(lambda: Deferred.fromCoroutine(work(*args)))
        return done.addErrback(self._session.our_fault)

    async def _flush(self) -> None:
        if not (await self._synced() and await self._recorded()):
            return
        if self.verified:
            self._plan()
        elif self._finish:
            done = self._session.completed()
            self._finish = self._session.torrent.finished and not done

    async def _synced(self) -> bool:
        """Put what is written on the disk; whether that went well."""
        try:
            await self._sync()
        except StorageError:
            return False
        return True

    async def _sync(self) -> None:
        """The same. StorageError: those that were to be flushed are doubtful."""
        try:
            self._note(await self._session.storage.flush())
        except StorageError as error:
            await self._doubt(error)
            raise

    def _note(self, flushed: Flushed) -> None:
        for piece in flushed.pieces:
            if piece in self.verified:
                del self.verified[piece]
                self.flushed.add(piece)
                self.marks.settle([piece])
        for index, stat in flushed.files:
            self._saw(index, tuple(stat))

    def _saw(self, index: int, stat: Any) -> None:
        self._session.facts.files[index] = self._stats[index] = stat

    async def _doubt(self, error: StorageError) -> None:
        """Nobody knows what of the failed flush reached the disk: it is claimed no more, and hashed at the next
        start at the latest."""
        session = self._session
        if session.gone:
            return
        suspects = session.storage.suspect()
        session.doubt(suspects)
        session.around.trouble.failed(session, error)
        await self._withdraw(suspects)

    # --- records

    def withdraw(self, pieces: Iterable[int]) -> Deferred[Any]:
        """The pieces are not there any more, or nobody knows: claim them no more."""
        return self._in_turn(self._withdraw, list(pieces))

    async def _withdraw(self, pieces: list[int]) -> None:
        claimed = [piece for piece in pieces if self.flushed.discard(piece)]
        for piece in pieces:
            self.verified.pop(piece, None)
        self.marks.unsettle(pieces)
        if claimed:
            self.marks.doubt(claimed)
            await self._recorded()

    def found(self, asked: Bitfield, found: Bitfield) -> Deferred[Any]:
        """A check looked for some pieces and found these: flush (they may be in the page cache only) and record.

        Errback StorageError if they could not be flushed: those are doubtful again."""
        return self._turn.run(lambda: Deferred.fromCoroutine(self._found(asked, found)))

    async def _found(self, asked: Bitfield, found: Bitfield) -> None:
        await self._sync()
        for index, stat in enumerate(await self._session.storage.existing()):
            self._saw(index, None if stat is None else tuple(stat))
        known = [piece for piece in asked if piece not in self.verified]
        for piece in known:
            if piece in found:
                self.flushed.add(piece)
            else:
                self.flushed.discard(piece)
        self.marks.settle(known)
        self._session.facts.checked = True
        await self._recorded()

    def catch_up(self) -> Deferred[Any]:
        """Do what could not be done: marks and records. Errback StorageError if the database is still at fault."""
        return self._turn.run(lambda: Deferred.fromCoroutine(self._catch_up()))

    async def _catch_up(self) -> None:
        await self.marks.catch_up()
        await self._record()
        if self.verified or self._finish:
            self.flush()

    async def _recorded(self) -> bool:
        """Record what changed; whether that went well."""
        if self.marks.have_settled or self._stats or self.have != self.flushed:
            try:
                await self._record()
            except StorageError as error:
                if not self._session.gone:
                    self._session.around.trouble.failed(self._session, error, "state")
                return False
        return not self._session.gone

    async def _record(self) -> None:
        """One transaction: bits, marks, file stats, counters. StorageError; nothing is lost then."""
        facts, have = self._session.facts, self.flushed.copy()
        self._session.around.saving.count(self._session)
        columns = facts.unsaved(self._session.around.host.wall_clock())
        settled = self.marks.take_settled()
        stats, self._stats = self._stats, {}
        rows = [(index, *stat) for index, stat in stats.items() if stat is not None]
        try:
            await self._state.record(facts.info_hash, have.to_bytes(), settled, rows, **columns)
        except LookupError:
            return  # the torrent was removed meanwhile
        except StorageError:
            facts.not_saved(columns)
            self.marks.give_back(settled)
            self._stats = stats | self._stats
            raise
        self.have = have
