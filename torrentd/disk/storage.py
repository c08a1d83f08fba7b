"""One torrent's content: blocks in, verified pieces on the disk, blocks out.

This object joins the verbs and decides nothing itself: `writing` brings pieces to the disk, and of the `verbs`
`reading` reads, `checking` verifies what is there, `flushing` makes it last, `removing` takes it away. All methods are
called on the reactor's thread and return at once; Deferreds fire there, with StorageError when the machine fails.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

from torrentd.disk.access import Run
from torrentd.disk.devices import Devices
from torrentd.disk.folders import Components, FileStat
from torrentd.disk.results import Flushed, Stored
from torrentd.disk.verbs.checking import Checking
from torrentd.disk.verbs.flushing import Flushing
from torrentd.disk.verbs.looking import look
from torrentd.disk.verbs.making import make, without_content
from torrentd.disk.verbs.probing import probe
from torrentd.disk.verbs.reading import Reading
from torrentd.disk.verbs.removing import remove
from torrentd.disk.verbs.renaming import rename
from torrentd.disk.writing.desk import Desk, Writing, nobody
from torrentd.disk.writing.runs import PiecesInRuns
from torrentd.disk.writing.whole import WHOLE_LIMIT, WholePieces
from torrentd.model.bitfield import Bitfield
from torrentd.model.layout import Priority
from torrentd.wire.peer.messages import Range


class Storage:
    """See `Disk.open`, which makes it."""

    def __init__(self, desk: Desk, devices: Devices, flush_run: Run, full: bool) -> None:
        self._desk = desk
        self._access = desk.access
        self._full = full
        self._writing: Writing = WholePieces(desk) if desk.geometry.piece_size <= WHOLE_LIMIT else PiecesInRuns(desk)
        self._reading = Reading(desk.access, desk.geometry, devices)
        self._flushing = Flushing(desk.access, desk.unflushed, flush_run)
        self._checking = Checking(desk, self._flushing)
        self._without_content = without_content(desk.access.place.layout)
        self._to_make: list[int] = []
        self.set_wanted([Priority.NORMAL] * len(desk.access.place.layout.files))

    # --- writing

    def set_wanted(self, priorities: Sequence[Priority]) -> None:
        """One per file. Files that are skipped are not allocated, nor made if they are empty."""
        self._to_make = [index for index in self._without_content if priorities[index] != Priority.SKIP]
        if self._full:
            wanted = (index for index, priority in enumerate(priorities) if priority != Priority.SKIP)
            self._access.allocate = frozenset(wanted)

    def store(self, piece: int, begin: int, views: list[memoryview]) -> None:
        """Copy blocks that follow each other from `begin`; the views may be reused afterwards. May tell the disk's
        `on_busy`."""
        self._writing.store(piece, begin, views)

    def report_to(self, told: Callable[[list[Stored]], None]) -> None:
        """Call `told` with what became of finished pieces, as the workers come back with it."""
        self._desk.report = told

    def finish(self, piece: int, digests: bool = False) -> None:
        """All blocks of the piece are stored: verify and write it, once it is permitted.

        Reported as `Unwritten` if it cannot be written, or if the storage settles before the permit comes: its blocks
        are gone then.
        """
        self._writing.finish(piece, digests)

    def permit(self, pieces: Iterable[int]) -> None:
        """The "writing" marks of these pieces are committed: they may be written, until they are verified."""
        self._writing.permit(pieces)

    def discard(self, pieces: Iterable[int]) -> None:
        """Forget what is stored of unfinished pieces, and their permits. Finished pieces go on."""
        self._writing.discard(pieces)

    # --- reading

    def read_now(self, ranges: Sequence[Range], into: memoryview) -> bool:
        """Fill `into` with the ranges, back to back, if that takes no waiting. False: use `read`."""
        return self._reading.read_now(ranges, into)

    def read(self, ranges: Sequence[Range]) -> Deferred[bytearray]:
        """The ranges, back to back, read by a worker. A file that is gone or too short is "files_missing"."""
        return self._reading.read(ranges)

    # --- what is there

    def existing(self) -> Deferred[list[FileStat | None]]:
        """What each file looks like now; None if it is not there (or is padding). What is there now is expected to
        stay; files that were removed or replaced while they were open are opened by their path again."""
        return self._tracked(self._access.work(look, files=()).addCallback(self._seen))

    def check(
        self,
        pieces: Sequence[int] | None = None,
        progress: Callable[[int], None] = lambda done: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Deferred[Bitfield]:
        """Hash the pieces (None: all): those that are right. Missing files are missing pieces; they may be made anew
        after a check, and only then. After a cancel it fires with what was found until then.

        What was found may be in the page cache only: record it after a `flush`, which covers it."""
        return self._checking.check(pieces, progress, cancelled)

    # --- making it last

    @property
    def dirty_bytes(self) -> int:
        """Bytes written since the last flush began."""
        return self._desk.unflushed.size

    def flush(self) -> Deferred[Flushed]:
        """Put what was written before this call on the disk; which pieces that covers is in the answer. If anything
        was written, the wanted files and links without content are made now.

        Errback StorageError: look at `suspect`; those pieces must be checked again before a later flush covers them.
        """
        if not (self._to_make and self._desk.unflushed.size):
            return self._flushing.flush()
        to_make, self._to_make = self._to_make, []
        made = self._access.work(make, to_make, files=to_make, writable=True)
        made.addErrback(self._not_made, to_make)
        return self._tracked(made.addCallback(lambda _: self._flushing.flush()))

    def suspect(self) -> list[int]:
        """The pieces that a failed flush left unknown, until `check` has read them back."""
        return sorted(self._flushing.suspect)

    def probe(self, path: str = "") -> Deferred[None]:
        """Whether a piece could be written now, as far as that shows without writing one; `path`: where it failed.
        Errback StorageError."""
        size = self._desk.geometry.piece_size
        return self._tracked(self._access.work(probe, size, path, files=(), writable=True))

    # --- other names

    def rename(self, old: Components, new: Components, *, fresh: bool) -> Deferred[None]:
        """Give a file or folder another name, in the folder in which it lies; this storage knows it by the old one, so
        close it. Errback StorageError, also if that name is taken: by anything if it is `fresh`, else by something
        that is not the file or folder itself."""
        return self._tracked(self._access.work(rename, old, new, fresh, files=()))

    # --- the end

    @inlineCallbacks
    def delete(self) -> Generator[Deferred[Any], Any, None]:
        """Remove the torrent's own files and the folders that became empty, and close. Errback StorageError."""
        yield self.settle()
        yield self._access.work(remove, files=())
        yield self.close()

    @inlineCallbacks
    def close(self) -> Generator[Deferred[Any], Any, None]:
        """Settle, and be of no use any more. Flush before, if it matters."""
        yield self.settle()
        self._access.closed = True
        self._desk.report = nobody  # whom it knew may know it: they would be held until the next garbage collection

    @inlineCallbacks
    def settle(self) -> Generator[Deferred[Any], Any, None]:
        """Drop what is unfinished or not permitted, wait for what is under way, and close the files."""
        self._writing.abandon()
        yield self._access.pending.idle()
        self._access.descriptors.forget_storage(self._access.key)

    def _not_made(self, failure: Failure, to_make: list[int]) -> Failure:
        self._to_make = to_make
        return failure

    def _seen(self, stats: list[FileStat | None]) -> list[FileStat | None]:
        for index, file in self._access.descriptors.open_in(self._access.key).items():
            here = stats[index]
            if here is None or here.inode != file.inode:
                self._access.forget([index])
        for index, found in enumerate(stats):
            if found is not None:
                self._access.expected.setdefault(index, found.size)
        return stats

    def _tracked(self, deferred: Deferred[Any]) -> Deferred[Any]:
        self._access.pending.track(deferred)
        return deferred
