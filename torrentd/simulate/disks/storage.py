"""One torrent's content on a simulated disk: the interface of `disk.storage.Storage`, and its promises.

A piece is written only with a permit, a flush covers what was written before it began, what waits for the disk is
counted, closing waits for what is under way. Jobs of one disk stand in one queue and take the disk's time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail, succeed

from torrentd.disk.folders import FileStat
from torrentd.disk.results import Failed, Flushed, Stored, Unwritten, Verified
from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.model.geometry import BLOCK, Geometry
from torrentd.model.layout import Layout, Priority
from torrentd.simulate.disks.content import TAG, digest, fill, tag
from torrentd.simulate.disks.outcome import answer
from torrentd.wire.peer.messages import Range

if TYPE_CHECKING:
    from torrentd.simulate.disks.disk import SimulatedDisk

MISSING = b"missing"
"""In the place of a block that was never stored."""


class Copy:
    """A piece on its way to the disk: which blocks were stored, and the first bytes of those that are wrong."""

    __slots__ = ("digests", "stored", "wrong")

    def __init__(self) -> None:
        self.stored: dict[int, None] = {}
        self.wrong: dict[int, bytes] = {}
        self.digests = False


class SimulatedStorage:
    """See `SimulatedDisk.open`, which makes it."""

    def __init__(self, disk: SimulatedDisk, directory: str, layout: Layout, geometry: Geometry, hashes: bytes) -> None:
        self.content = disk.platter.content(directory, layout, geometry)
        self._place = directory, layout
        self.dirty_bytes = 0
        self._disk = disk
        self._report: Callable[[list[Stored]], None] = lambda stored: None
        self._hashes = hashes
        self._filling: dict[int, Copy] = {}
        self._finished: dict[int, deque[Copy]] = {}
        self._permitted: dict[int, None] = {}
        self._unflushed: dict[int, None] = {}
        self._suspect: dict[int, None] = {}
        self._jobs = 0
        self._idle: list[Deferred[None]] = []

    # --- writing

    def set_wanted(self, priorities: Sequence[Priority]) -> None:
        """Files without content are not simulated, so there is nothing to make or to leave out."""

    def store(self, piece: int, begin: int, views: list[memoryview]) -> None:
        copy = self._filling.get(piece)
        if copy is None:
            copy = self._filling[piece] = Copy()
        for view in views:
            copy.stored[begin] = None
            if view[:TAG] != tag(self._hashes, piece, begin)[: len(view)]:
                copy.wrong[begin] = bytes(view[:TAG])
            begin += len(view)

    def report_to(self, told: Callable[[list[Stored]], None]) -> None:
        self._report = told

    def finish(self, piece: int, digests: bool = False) -> None:
        copy = self._filling.pop(piece)
        copy.digests = digests
        line = self._finished.setdefault(piece, deque())
        line.append(copy)
        self._disk.buffers.wait(self.content.geometry.piece_length(piece))
        if piece in self._permitted and len(line) == 1:
            self._write(piece)

    def permit(self, pieces: Iterable[int]) -> None:
        for piece in pieces:
            if piece not in self._permitted:
                self._permitted[piece] = None
                if piece in self._finished:
                    self._write(piece)

    def discard(self, pieces: Iterable[int]) -> None:
        for piece in pieces:
            self._filling.pop(piece, None)
            if piece not in self._finished:
                self._permitted.pop(piece, None)

    def _write(self, piece: int) -> None:
        self._work(self.content.geometry.piece_length(piece), self._written, piece)

    def _written(self, piece: int) -> None:
        copy = self._finished[piece].popleft()
        answer = self._verify(piece, copy)
        if isinstance(answer, Verified):
            self._permitted.pop(piece, None)
            self._unflushed[piece] = None
            self.dirty_bytes += self.content.geometry.piece_length(piece)
        if not self._finished[piece]:
            del self._finished[piece]
        elif not isinstance(answer, Verified):
            self._write(piece)
        self._answer(answer)
        if isinstance(answer, Verified):
            for _ in self._finished.pop(piece, ()):
                self._answer(answer)

    def _verify(self, piece: int, copy: Copy) -> Stored:
        begins = range(0, self.content.geometry.piece_length(piece), BLOCK)
        wrong = copy.wrong | {begin: MISSING for begin in begins if begin not in copy.stored}
        digests = [digest(wrong.get(begin) or tag(self._hashes, piece, begin)) for begin in begins]
        if wrong:
            return Failed(piece, digests)
        try:
            self._disk.platter.write(self.content, piece, self._disk.wall_clock())
        except StorageError as error:
            return Unwritten(piece, error)
        return Verified(piece, digests if copy.digests else None)

    def _answer(self, answer: Stored) -> None:
        self._report([answer])
        self._disk.buffers.done(self.content.geometry.piece_length(answer.piece))

    # --- reading

    def read_now(self, ranges: Sequence[Range], into: memoryview) -> bool:
        if not self._disk.platter.faults.cached:
            return False
        self._look(ranges)
        fill(self._hashes, ranges, into, frozenset(self.content.bad))
        return True

    def read(self, ranges: Sequence[Range]) -> Deferred[bytearray]:
        done: Deferred[bytearray] = Deferred()
        self._work(sum(length for _, _, length in ranges), self._read, list(ranges), done)
        return done

    def _read(self, ranges: list[Range], done: Deferred[bytearray]) -> None:
        data = bytearray(sum(length for _, _, length in ranges))
        try:
            self._look(ranges)
        except StorageError as error:
            done.errback(error)
            return
        fill(self._hashes, ranges, memoryview(data), frozenset(self.content.bad))
        done.callback(data)

    def _look(self, ranges: Sequence[Range]) -> None:
        """StorageError if a file that is read is not there, or cannot be read."""
        if self._disk.platter.faults.read is not None:
            raise self._disk.platter.faults.read
        if len(self.content.stats) == len(self.content.layout.files):
            return
        for piece, _, _ in ranges:
            if not self.content.is_there(piece):
                raise StorageError("/: the file is missing", "files_missing", "/")

    # --- what is there

    def existing(self) -> Deferred[list[FileStat | None]]:
        return self._later(0, lambda: [self.content.stats.get(i) for i in range(len(self.content.layout.files))])

    def check(
        self,
        pieces: Sequence[int] | None = None,
        progress: Callable[[int], None] = lambda done: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Deferred[Bitfield]:
        asked = list(range(self.content.geometry.piece_count)) if pieces is None else sorted(pieces)
        size = sum(self.content.geometry.piece_length(piece) for piece in asked)
        return self._later(size, self._check, asked, progress)

    def _check(self, asked: list[int], progress: Callable[[int], None]) -> Bitfield:
        found = Bitfield(self.content.geometry.piece_count)
        for piece in asked:
            self._suspect.pop(piece, None)
            if piece in self.content.good and self.content.is_there(piece):
                found.add(piece)
                self._unflushed[piece] = None
        progress(len(asked))
        return found

    # --- making it last

    def flush(self) -> Deferred[Flushed]:
        pieces, self._unflushed = list(self._unflushed), {}
        self.dirty_bytes = 0
        return self._later(0, self._flush, pieces)

    def _flush(self, pieces: list[int]) -> Flushed:
        if self._disk.platter.faults.flush is not None:
            self._suspect.update(dict.fromkeys([*pieces, *self._unflushed]))
            self._unflushed.clear()
            raise self._disk.platter.faults.flush
        files = sorted({index for piece in pieces for index in self.content.files_of(piece)})
        return Flushed(pieces, [(index, self.content.stats[index]) for index in files if index in self.content.stats])

    def suspect(self) -> list[int]:
        return sorted(self._suspect)

    def probe(self, path: str = "") -> Deferred[None]:
        """Whether a write would work now. Errback StorageError."""
        platter = self._disk.platter
        if platter.faults.write is not None:
            return fail(platter.faults.write)
        if platter.free is not None and platter.free < self.content.geometry.piece_size:
            return fail(StorageError("/: No space left on device", "disk_full", "/"))
        return succeed(None)

    # --- other names

    def rename(self, old: tuple[str, ...], new: tuple[str, ...], *, fresh: bool) -> Deferred[None]:
        return self._later(0, self._rename, old, new, fresh)

    def _rename(self, old: tuple[str, ...], new: tuple[str, ...], fresh: bool) -> None:
        if self._disk.platter.faults.write is not None:
            raise self._disk.platter.faults.write
        directory, layout = self._place
        self._disk.platter.rename(directory, layout, old, new, fresh)
        self.content = self._disk.platter.known(directory, layout) or self.content

    # --- the end

    def delete(self) -> Deferred[None]:
        return self.settle().addCallback(lambda _: self._disk.platter.erase(self.content))

    def close(self) -> Deferred[None]:
        return self.settle()

    def settle(self) -> Deferred[None]:
        self._filling.clear()
        for piece in [piece for piece in self._finished if piece not in self._permitted]:
            for _ in self._finished.pop(piece):
                self._answer(Unwritten(piece, None))
        if not self._jobs:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        return idle

    # --- time

    def _later(self, size: int, job: Callable[..., Any], *args: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self._work(size, answer, done, job, *args)
        return done

    def _work(self, size: int, job: Callable[..., None], *args: Any) -> None:
        """Run `job` when the disk has had the time to move `size` bytes."""
        self._jobs += 1
        self._disk.work(size, self._ended, job, args)

    def _ended(self, job: Callable[..., None], args: tuple[Any, ...]) -> None:
        job(*args)
        self._jobs -= 1
        if not self._jobs:
            waiting, self._idle = self._idle, []
            for idle in waiting:
                idle.callback(None)
