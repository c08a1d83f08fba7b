"""The files of a torrent as one run of bytes, and back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple


class Priority(IntEnum):
    """What the user wants of a file. The names are those of the API, in lower case."""

    SKIP = 0
    LOW = 1
    NORMAL = 2
    HIGH = 3


class FileEntry(NamedTuple):
    """One file: `path` holds safe, unique components (the torrent's own folder not included for a single file)."""

    path: tuple[str, ...]
    size: int
    offset: int
    """where the file begins in the torrent's bytes"""
    padding: bool = False
    """BEP 47: zeros that are never stored, requested from peers like any other bytes"""
    executable: bool = False
    symlink: tuple[str, ...] | None = None
    """BEP 47: components of the target inside the torrent"""


class FileSlice(NamedTuple):
    """`length` bytes of file number `file`, from `start`."""

    file: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Layout:
    """All files in order. Paths are relative to the torrent's download directory and include the torrent's name."""

    files: tuple[FileEntry, ...]
    size: int = field(init=False)
    _offsets: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", self.files[-1].offset + self.files[-1].size)
        object.__setattr__(self, "_offsets", [entry.offset for entry in self.files])

    def span(self, offset: int, length: int) -> range:
        """The files that may hold the bytes from `offset` on; empty and padding files in between included."""
        return range(bisect_right(self._offsets, offset) - 1, bisect_right(self._offsets, offset + length - 1))

    def at(self, offset: int) -> tuple[int, int]:
        """The last file that begins at or before `offset`, and where in it that is; it may end before."""
        index = bisect_right(self._offsets, offset) - 1
        return index, offset - self.files[index].offset

    def slices(self, offset: int, length: int) -> Iterator[FileSlice]:
        """The slices that hold the bytes `offset` to `offset + length`, in order; files of length 0 are left out."""
        index, _ = self.at(offset)
        while length > 0:
            entry = self.files[index]
            start = offset - entry.offset
            here = entry.size - start
            if here > length:
                here = length
            if here > 0:
                yield FileSlice(index, start, here)
                offset += here
                length -= here
            index += 1

    def pieces_of(self, file: int, piece_size: int) -> range:
        """The pieces that hold bytes of a file; empty for a file of size 0."""
        entry = self.files[file]
        if not entry.size:
            return range(0)
        return range(entry.offset // piece_size, (entry.offset + entry.size - 1) // piece_size + 1)
