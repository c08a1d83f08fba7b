"""What is there, without reading it: sizes, times and inodes of the files."""

from __future__ import annotations

import stat
from collections.abc import Iterable

from torrentd.disk.files import Files
from torrentd.disk.folders import Components, FileStat, Folders
from torrentd.disk.system import storage_error
from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import Geometry
from torrentd.model.layout import Layout


def look(files: Files) -> list[FileStat | None]:
    """One per file; None for padding and for what is missing or is no regular file. StorageError if we may not look."""
    looked: list[FileStat | None] = []
    absent: Components | None = None
    for entry in files.place.layout.files:
        if entry.padding or entry.path[:-1] == absent:
            looked.append(None)
            continue
        try:
            absent = None if _is_there(files.folders, entry.path[:-1]) else entry.path[:-1]
            looked.append(None if absent is not None else _look(files.folders, entry.path))
        except OSError as error:
            raise storage_error(error, "/".join((files.place.root, *entry.path))) from error
    return looked


def _is_there(folders: Folders, components: Components) -> bool:
    """Asked once for all the files of a folder: there is nothing yet of a torrent that was only added."""
    try:
        folders.enter(components)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _look(folders: Folders, path: Components) -> FileStat | None:
    try:
        found = folders.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return FileStat(found.st_size, found.st_mtime_ns, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def readable(layout: Layout, geometry: Geometry, stats: list[FileStat | None], asked: Iterable[int]) -> Bitfield:
    """Those of the asked pieces that lie in files which are long enough to hold them."""
    pieces = Bitfield(geometry.piece_count, asked)
    for entry, found in zip(layout.files, stats, strict=True):
        size = found.size if found else 0
        if entry.padding or size >= entry.size:
            continue
        first, last = entry.offset + size, entry.offset + entry.size - 1
        for piece in range(first // geometry.piece_size, last // geometry.piece_size + 1):
            pieces.discard(piece)
    return pieces
