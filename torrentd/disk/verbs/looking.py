"""What is there, without reading it: sizes, times and inodes of the files."""

from __future__ import annotations

import stat
from collections.abc import Iterable

from torrentd.disk.files import Files
from torrentd.disk.folders import FileStat, Folders
from torrentd.disk.system import storage_error
from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import Geometry
from torrentd.model.layout import FileEntry, Layout


def look(files: Files) -> list[FileStat | None]:
    """One per file; None for padding and for what is missing or is no regular file. StorageError if we may not look."""
    return [_look(files.folders, entry) for entry in files.place.layout.files]


def _look(folders: Folders, entry: FileEntry) -> FileStat | None:
    if entry.padding:
        return None
    try:
        found = folders.stat(entry.path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise storage_error(error, "/".join((folders.root, *entry.path))) from error
    if not stat.S_ISREG(found.st_mode):
        return None
    return FileStat(found.st_size, found.st_mtime_ns, found.st_ino)


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
