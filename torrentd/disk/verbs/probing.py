"""Whether writing would work now: some bytes go into a file without a name, which nobody ever sees.

Asking for the free space alone would not do: a quota, a read-only mount and missing rights refuse a write on a disk
with plenty of room.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from torrentd.disk.files import Files
from torrentd.disk.system import storage_error

_AMOUNT = 64 * 1024
"""Bytes written: more than a file system keeps inside an inode."""

_NO_NAMELESS = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)
"""What file systems answer that have no files without a name."""


def probe(files: Files, size: int) -> None:
    """The job. StorageError if `size` bytes could not be written below the download directory now."""
    place, folder = files.place, Path(files.place.root)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent  # it would be made with the first file
    try:
        _probe(files, folder, size)
    except OSError as error:
        raise storage_error(error, place.root) from error


def _probe(files: Files, folder: Path, size: int) -> None:
    place = files.place
    try:
        fd, nameless = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), True
    except OSError as error:
        if error.errno not in _NO_NAMELESS:
            raise
        fd, nameless = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), False
    try:
        free = place.system.free(fd)
        if free is not None and free - size < place.min_free:
            raise place.too_full(place.root, free)
        if nameless:
            place.system.pwritev(fd, [bytes(_AMOUNT)], 0)
    finally:
        os.close(fd)
