"""What the two ways of writing have in common: whole pieces (`whole`) and runs of large ones (`runs`).

A piece may be written only after its "writing" mark is committed (`permit`); a permit is used up when the piece is
verified or discarded, and outlasts a failed hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from torrentd.disk.access import Access
from torrentd.disk.hashing import expected_hash
from torrentd.disk.results import Stored, Unwritten, Verified
from torrentd.disk.writing.buffers import Buffers
from torrentd.model.errors import StorageError
from torrentd.model.geometry import Geometry


class Writing(Protocol):
    """Blocks in, verified pieces out."""

    def store(self, piece: int, begin: int, views: list[memoryview]) -> None:
        """Copy the views, which follow each other from `begin`."""

    def finish(self, piece: int, digests: bool) -> None:
        """All blocks are there. What becomes of it is reported, also if the storage closes before the permit comes."""

    def permit(self, pieces: Iterable[int]) -> None: ...

    def discard(self, pieces: Iterable[int]) -> None:
        """Forget unfinished pieces and their permits; pieces that are finished go on."""

    def abandon(self) -> None:
        """Forget all that has no permit yet or is unfinished; what may be written goes on."""


@dataclass(slots=True)
class Unflushed:
    """What was written since the last flush began."""

    pieces: dict[int, None] = field(default_factory=dict)
    """written completely, in order"""
    files: dict[int, None] = field(default_factory=dict)
    size: int = 0
    """bytes written"""
    failures: int = 0
    """flushes that failed"""

    def take(self) -> tuple[list[int], list[int]]:
        """The pieces and files that a flush is to cover; what is written from now on is for the next."""
        pieces, files = list(self.pieces), list(self.files)
        self.pieces, self.files, self.size = {}, {}, 0
        return pieces, files

    def doubt(self, files: list[int]) -> list[int]:
        """A flush of these files failed, so nothing written meanwhile can be believed either: those pieces."""
        self.failures += 1
        pieces, self.pieces = list(self.pieces), {}
        self.files.update(dict.fromkeys(files))
        return pieces


def nobody(_: list[Stored]) -> None:
    """Who hears what became of finished pieces when nobody asked, or nobody does any more."""


@dataclass(slots=True)
class Desk:
    """What both ways of writing work with."""

    access: Access
    geometry: Geometry
    hashes: bytes
    """20 bytes a piece"""
    buffers: Buffers
    salt: bytes
    unflushed: Unflushed
    parallel: int
    """jobs at a time"""
    report: Callable[[list[Stored]], None] = nobody
    """told of what became of finished pieces, many at a time"""

    def offset(self, piece: int) -> int:
        return piece * self.geometry.piece_size

    def expected(self, piece: int) -> bytes:
        return expected_hash(self.hashes, piece)

    def span(self, piece: int) -> range:
        """The files a piece may lie in."""
        return self.access.place.layout.span(self.offset(piece), self.geometry.piece_length(piece))

    def wrote(self, files: Iterable[int], size: int) -> None:
        """Bytes went into these files."""
        layout = self.access.place.layout.files
        for index in files:
            if layout[index].size and not layout[index].padding:
                self.unflushed.files[index] = None
        self.unflushed.size += size

    def found(self, piece: int) -> None:
        """A check found the piece in its place."""
        self.wrote(self.span(piece), 0)
        self.unflushed.pieces[piece] = None

    def claim(self, answer: Verified, failures: int) -> Verified | Unwritten:
        """The piece goes into the next flush, unless one failed since there were `failures`: then its bytes may have
        been among those that the kernel gave up."""
        if failures != self.unflushed.failures:
            error = StorageError("the disk failed while the piece was written", "io_error", self.access.place.root)
            return Unwritten(answer.piece, error)
        self.unflushed.pieces[answer.piece] = None
        return answer
