"""What the storage answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from twisted.python.failure import Failure

from torrentd.disk.folders import FileStat
from torrentd.model.errors import StorageError


@dataclass(slots=True)
class Verified:
    """The piece's hash is right and its bytes are written (not flushed). `digests`: per block, if they were asked."""

    piece: int
    digests: list[bytes] | None = None


@dataclass(slots=True)
class Failed:
    """The piece's hash is wrong; nothing claims it. `digests`: a salted digest per block."""

    piece: int
    digests: list[bytes]


@dataclass(slots=True)
class Unwritten:
    """The piece could not be written, or a bug of ours was in the way; nothing claims it."""

    piece: int
    reason: StorageError | Failure


Stored: TypeAlias = Verified | Failed | Unwritten


@dataclass(slots=True)
class Flushed:
    """`pieces` were written completely before the flush began and are on the disk; so is all else of `files`, with
    what they looked like afterwards."""

    pieces: list[int]
    files: list[tuple[int, FileStat]]
