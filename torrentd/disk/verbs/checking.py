"""What of the torrent is on the disk: every piece read and hashed, by all hash threads at a time.

First the files alone are looked at: pieces that reach into a file which is missing or too short are not there, and
are not read. What is small is hashed by the same job, for thousands of small torrents may come. The rest goes to the
workers in portions of about 8 MiB, large pieces in parts of that size; between two portions the caller may cancel.

A *suspect* piece (a flush of it failed) is dropped from the page cache before it is read: what counts is the disk.
And a piece that is right may still be on its way there, copied a moment ago by the user: so what was found is part of
the next flush, as if we had written it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks
from twisted.python.failure import Failure

from torrentd.disk.files import Files
from torrentd.disk.folders import FileStat
from torrentd.disk.hashing import Hasher, hasher
from torrentd.disk.verbs.flushing import Flushing
from torrentd.disk.verbs.looking import look, readable
from torrentd.disk.writing.desk import Desk
from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.model.geometry import Geometry

_PORTION = 8 * 1024 * 1024
"""Bytes of one job: a cancel is heeded within a tenth of a second on a slow disk."""

_READ = 1024 * 1024
"""Bytes read at a time, into one buffer per job."""

_LANES = 2
"""Jobs at a time, at least: one may wait for the disk while the other hashes."""


class Part(NamedTuple):
    """A piece or a part of a large one, for a job."""

    piece: int
    offset: int
    length: int
    fresh: bool
    """to be read from the disk, not from the page cache"""


class Checking:
    """The checks of one torrent."""

    def __init__(self, desk: Desk, flushing: Flushing) -> None:
        self._desk = desk
        self._access = desk.access
        self._geometry = desk.geometry
        self._flushing = flushing

    def check(
        self, pieces: Sequence[int] | None, progress: Callable[[int], None], cancelled: Callable[[], bool]
    ) -> Deferred[Bitfield]:
        """Those of the pieces (None: of all) that are there and right. `progress` gets the number of pieces done.

        After a cancel it fires with what was found until then. Errback StorageError when a file cannot be read;
        a missing file only means missing pieces.
        """
        asked = range(self._geometry.piece_count) if pieces is None else sorted(set(pieces))
        deferred = self._check(asked, progress, cancelled)
        self._access.pending.track(deferred)
        return deferred

    @inlineCallbacks
    def _check(
        self, asked: Sequence[int], progress: Callable[[int], None], cancelled: Callable[[], bool]
    ) -> Generator[Deferred[Any], Any, Bitfield]:
        is_small = len(asked) * self._geometry.piece_size <= _PORTION
        parts = list(map(self._whole, asked)) if is_small else []
        known, unflushed = dict(self._access.expected), list(self._desk.unflushed.files)
        stats, present, hashers = yield self._access.work(_look, asked, self._geometry, parts, files=())
        self._saw(stats, known, unflushed)
        tally = _Tally(self._desk, self._flushing, progress)
        tally.add({piece: False for piece in asked if piece not in present})
        if is_small:
            if hashers and not cancelled():
                tally.add(self._are_right(_digests(hashers)))
            return tally.good
        portions = self._portions(present)
        failures: list[Failure] = []

        def is_over() -> bool:
            return bool(failures) or cancelled()

        lanes = [self._lane(portions, tally, is_over) for _ in range(max(_LANES, self._desk.parallel))]
        yield gatherResults([lane.addErrback(failures.append) for lane in lanes])
        if failures:
            failures[0].raiseException()
        return tally.good

    def _saw(self, stats: list[FileStat | None], known: dict[int, int], unflushed: list[int]) -> None:
        """From now on what is there is expected to stay; what is not may be made, and is not to be flushed. `known` and
        `unflushed` are from before the look: a file that a worker made meanwhile is there, though it was not seen."""
        self._access.descriptors.forget_storage(self._access.key)
        for index in unflushed:
            if stats[index] is None:
                self._desk.unflushed.files.pop(index, None)
        made = {index: size for index, size in self._access.expected.items() if index not in known}
        seen = {index: found.size for index, found in enumerate(stats) if found is not None}
        self._access.expected = seen | made

    def _portions(self, pieces: Iterable[int]) -> Iterator[list[int]]:
        """Lists of at least one piece and about 8 MiB."""
        portion: list[int] = []
        for piece in pieces:
            portion.append(piece)
            if len(portion) * self._geometry.piece_size >= _PORTION:
                yield portion
                portion = []
        if portion:
            yield portion

    @inlineCallbacks
    def _lane(
        self, portions: Iterator[list[int]], tally: _Tally, cancelled: Callable[[], bool]
    ) -> Generator[Deferred[Any], Any, None]:
        for portion in portions:
            hashes = yield self._hash(portion, cancelled)
            if cancelled():
                return
            tally.add(self._are_right(hashes))

    def _are_right(self, hashes: dict[int, bytes | None]) -> dict[int, bool]:
        return {piece: found == self._desk.expected(piece) for piece, found in hashes.items()}

    @inlineCallbacks
    def _hash(
        self, portion: list[int], cancelled: Callable[[], bool]
    ) -> Generator[Deferred[Any], Any, dict[int, bytes | None]]:
        """The hash of each piece, None for what is missing."""
        hashers: dict[int, Hasher | None] = {piece: hasher() for piece in portion}
        for parts in self._parts(portion):
            if cancelled():
                break
            files = dict.fromkeys(i for part in parts for i in self._access.place.layout.span(part.offset, part.length))
            jobs = [(part, hashers[part.piece]) for part in parts]
            hashers.update((yield self._access.work(hash_parts, jobs, files=files)))
        return _digests(hashers)

    def _parts(self, portion: list[int]) -> Iterator[list[Part]]:
        """A portion in lists for one job each: one list, unless it is a large piece."""
        whole = list(map(self._whole, portion))
        if whole[0].length <= _PORTION:
            yield whole
            return
        piece, length = whole[0].piece, whole[0].length
        for begin in range(0, length, _PORTION):
            yield [self._part(piece, begin, min(_PORTION, length - begin))]

    def _whole(self, piece: int) -> Part:
        return self._part(piece, 0, self._geometry.piece_length(piece))

    def _part(self, piece: int, begin: int, length: int) -> Part:
        offset = piece * self._geometry.piece_size + begin
        return Part(piece, offset, length, piece in self._flushing.suspect)


class _Tally:
    """Counts the pieces as they are checked."""

    def __init__(self, desk: Desk, flushing: Flushing, progress: Callable[[int], None]) -> None:
        self.good = Bitfield(desk.geometry.piece_count)
        self._done = 0
        self._desk = desk
        self._flushing = flushing
        self._progress = progress

    def add(self, found: dict[int, bool]) -> None:
        """These pieces were checked and are right, or not."""
        for piece, right in found.items():
            self._flushing.suspect.pop(piece, None)
            if right:
                self.good.add(piece)
                self._desk.found(piece)
        self._done += len(found)
        self._progress(self._done)


def _digests(hashers: dict[int, Hasher | None]) -> dict[int, bytes | None]:
    return {piece: sha.digest() if sha else None for piece, sha in hashers.items()}


def _look(
    files: Files, asked: Sequence[int], geometry: Geometry, parts: list[Part]
) -> tuple[list[FileStat | None], Bitfield, dict[int, Hasher | None]]:
    """The job: how the files look, which of the pieces may be there, and the hashers of those of these parts."""
    stats = look(files)
    present = readable(files.place.layout, geometry, stats, asked)
    jobs: list[tuple[Part, Hasher | None]] = [(part, hasher()) for part in parts if part.piece in present]
    return stats, present, hash_parts(files, jobs) if jobs else {}


def hash_parts(files: Files, jobs: list[tuple[Part, Hasher | None]]) -> dict[int, Hasher | None]:
    """The job: each hasher advanced over its part; None for a piece that is not there."""
    buffer = memoryview(bytearray(min(_READ, max(part.length for part, _ in jobs))))
    return {part.piece: _hash_part(files, part, sha, buffer) for part, sha in jobs}


def _hash_part(files: Files, part: Part, sha: Hasher | None, buffer: memoryview) -> Hasher | None:
    if sha is None:
        return None
    sha = sha.copy()
    try:
        if part.fresh:
            _drop_cache(files, part)
        for begin in range(0, part.length, len(buffer)):
            data = buffer[: min(len(buffer), part.length - begin)]
            files.read(part.offset + begin, data)
            sha.update(data)
    except StorageError as error:
        if error.code == "files_missing":
            return None
        raise
    return sha


def _drop_cache(files: Files, part: Part) -> None:
    """Whole files: the pages at the edges of a part would stay."""
    for index, _, _ in files.place.layout.slices(part.offset, part.length):
        if not files.place.layout.files[index].padding:
            os.posix_fadvise(files.descriptor(index), 0, 0, os.POSIX_FADV_DONTNEED)
