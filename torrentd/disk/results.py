"""What the storage answers."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct
from twisted.python.failure import Failure

from torrentd.disk.folders import FileStat
from torrentd.model.errors import StorageError


class Verified(Struct):
    """The piece's hash is right and its bytes are written (not flushed). `digests`: per block, if they were asked."""

    piece: int
    digests: list[bytes] | None = None


class Failed(Struct):
    """The piece's hash is wrong; nothing claims it. `digests`: a salted digest per block."""

    piece: int
    digests: list[bytes]


class Unwritten(Struct):
    """The piece could not be written, or a bug of ours was in the way; nothing claims it. `reason`: None if it was
    given up, because it might not be written before the storage settled."""

    piece: int
    reason: StorageError | Failure | None

    @classmethod
    def after(cls, piece: int, failure: Failure) -> Unwritten:
        """The job that was to write it failed."""
        return cls(piece, failure.value if isinstance(failure.value, StorageError) else failure)


Stored: TypeAlias = Verified | Failed | Unwritten


class Flushed(Struct):
    """`pieces` were written completely before the flush began and are on the disk; so is all else of `files`, with
    what they looked like afterwards."""

    pieces: list[int]
    files: list[tuple[int, FileStat]]
