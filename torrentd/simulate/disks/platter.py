"""A host's disk itself: what is on it, how fast it is, what is wrong with it. It outlives daemons and crashes.

Files are not there byte by byte: of each torrent in each directory there is which pieces are right, which are wrong,
and what the files look like from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from torrentd.disk.folders import FileStat
from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.model.geometry import Geometry
from torrentd.model.layout import Layout

Path = tuple[str, ...]
Key = tuple[str, Path]


@dataclass(slots=True)
class Content:
    """One torrent's files in one directory."""

    layout: Layout
    geometry: Geometry
    good: Bitfield
    bad: dict[int, None] = field(default_factory=dict)
    """pieces that were right once and rotted"""
    stats: dict[int, FileStat] = field(default_factory=dict)
    """the files that exist"""

    @property
    def name(self) -> str:
        """The torrent's."""
        return self.layout.files[0].path[0]

    def files_of(self, piece: int) -> list[int]:
        """The files that a piece has bytes in."""
        offset, length = piece * self.geometry.piece_size, self.geometry.piece_length(piece)
        return [index for index, _, _ in self.layout.slices(offset, length) if not self.layout.files[index].padding]

    def is_there(self, piece: int) -> bool:
        """Whether the files that the piece lies in exist."""
        return all(index in self.stats for index in self.files_of(piece))


@dataclass(slots=True)
class Faults:
    """What is wrong with a disk; may be changed at any time."""

    write: StorageError | None = None
    """every write fails so"""
    flush: StorageError | None = None
    read: StorageError | None = None
    cached: bool = True
    """reads are served from the page cache; else by a worker, at the disk's rate"""


class Platter:
    """`rate`: bytes per second that the disk reads or writes; None for no limit. `free`: bytes left, None for more
    than enough. `wrote` is told of each piece when it is on the disk: (content, piece)."""

    def __init__(self, rate: float | None = None, free: int | None = None) -> None:
        self.rate = rate
        self.free = free
        self.faults = Faults()
        self.wrote: Callable[[Content, int], None] = lambda content, piece: None
        self._contents: dict[Key, Content] = {}
        self._inodes = 1000

    def content(self, directory: str, layout: Layout, geometry: Geometry) -> Content:
        """What is there of a torrent, perhaps nothing."""
        key = directory, layout.files[0].path
        if key not in self._contents:
            self._contents[key] = Content(layout, geometry, Bitfield(geometry.piece_count))
        return self._contents[key]

    def known(self, directory: str, layout: Layout) -> Content | None:
        """The same, None if nobody ever looked there."""
        return self._contents.get((directory, layout.files[0].path))

    def link(self, source: str, target: str, layout: Layout) -> None:
        """The files get second names in another directory."""
        old = self.known(source, layout)
        if old is not None:
            new = Content(layout, old.geometry, old.good.copy(), dict(old.bad), dict(old.stats))
            self._contents[target, layout.files[0].path] = new

    def forget(self, directory: str, layout: Layout) -> None:
        """The files have no names in this directory any more; elsewhere they may."""
        self._contents.pop((directory, layout.files[0].path), None)

    def rename(self, directory: str, layout: Layout, old: Path, new: Path, fresh: bool) -> None:
        """What is at `old` is at `new` then; the layout knows it by either name. StorageError."""
        first = layout.files[0].path
        source, target = (directory, _renamed(first, new, old)), (directory, _renamed(first, old, new))
        content, other = self._contents.get(source), self._contents.get(target)
        if fresh and other is not None and other is not content and other.stats:
            raise StorageError("/: is there already, and is not replaced", "io_error", "/")
        if content is not None:
            files = tuple(entry._replace(path=_renamed(entry.path, old, new)) for entry in content.layout.files)
            content.layout = replace(layout, files=files)
            self._contents[target] = self._contents.pop(source)

    def put(self, directory: str, layout: Layout, geometry: Geometry, have: Bitfield, now: float) -> None:
        """Somebody copied these pieces there."""
        content = self.content(directory, layout, geometry)
        content.good = have.copy()
        for piece in have:
            self.touch(content, piece, now)

    def write(self, content: Content, piece: int, now: float) -> None:
        """A right piece goes to its place. StorageError."""
        if self.faults.write is not None:
            raise self.faults.write
        if piece not in content.good and piece not in content.bad:
            self._use(content.geometry.piece_length(piece))
        content.bad.pop(piece, None)
        content.good.add(piece)
        self.touch(content, piece, now)
        self.wrote(content, piece)

    def touch(self, content: Content, piece: int, now: float) -> None:
        """The files of this piece exist, and changed now."""
        for index in content.files_of(piece):
            stat = content.stats.get(index)
            if stat is None:
                self._inodes += 1
            inode = stat.inode if stat is not None else self._inodes
            content.stats[index] = FileStat(content.layout.files[index].size, int(now * 1e9), inode)

    def rot(self, content: Content, piece: int) -> None:
        """The bytes of a piece change, and nobody notices."""
        if content.good.discard(piece):
            content.bad[piece] = None

    def lose(self, content: Content, file: int) -> None:
        """A file vanishes."""
        content.stats.pop(file, None)
        for piece in content.layout.pieces_of(file, content.geometry.piece_size):
            content.good.discard(piece)
            content.bad.pop(piece, None)

    def erase(self, content: Content) -> None:
        """All files of the torrent are removed, and their room is free again."""
        if self.free is not None:
            self.free += sum(content.geometry.piece_length(piece) for piece in (*content.good, *content.bad))
        content.good = Bitfield(content.geometry.piece_count)
        content.bad.clear()
        content.stats.clear()

    def duration(self, size: int) -> float:
        """Seconds that the disk needs for so many bytes."""
        return 0.0 if self.rate is None else size / self.rate

    def _use(self, size: int) -> None:
        if self.free is None:
            return
        if self.free < size:
            raise StorageError("/: No space left on device", "disk_full", "/")
        self.free -= size


def _renamed(path: Path, old: Path, new: Path) -> Path:
    return (*new, *path[len(old) :]) if path[: len(old)] == old else path
