"""Whether writing would work now: some bytes go into a file without a name, which nobody ever sees.

Asking for the free space alone would not do: a quota, a read-only mount and missing rights refuse a write on a disk
with plenty of room.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from torrentd.disk.files import Files
from torrentd.disk.system import storage_error

_AMOUNT = 64 * 1024
"""Bytes written: more than a file system keeps inside an inode."""

_WRITE = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

_NO_NAMELESS = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)
"""What file systems answer that have no files without a name."""


def probe(files: Files, size: int, path: str) -> None:
    """The job, which must be one that may write. StorageError if `size` bytes could not be written now: below the
    download directory, and in the place of the torrent's file whose `path` this is, if it is one."""
    place = files.place
    try:
        with _nearest(Path(place.root)) as folder:
            _probe(files, folder, size)
    except OSError as error:
        raise storage_error(error, place.root) from error
    for index in range(len(place.layout.files)):
        if place.path(index) == path:
            try:
                _probe_file(files, index, size)
            except OSError as error:
                raise files.error(error, index) from error
            return


@contextmanager
def _nearest(folder: Path) -> Iterator[int]:
    """A descriptor of the folder, or of the one in which it would be made with the first file."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _probe_file(files: Files, index: int, size: int) -> None:
    """Where its folders end, and what lies in its own place, if they are all there."""
    path = files.place.layout.files[index].path
    depth = len(path) - 1
    while True:
        try:
            folder = files.folders.enter(path[:depth])
            break
        except FileNotFoundError:
            if not depth:
                return
            depth -= 1
    _probe(files, folder, size)
    if depth == len(path) - 1:
        with suppress(FileNotFoundError):
            os.close(os.open(path[-1], _WRITE, dir_fd=files.folders.enter(path[:-1])))


def _probe(files: Files, folder: int, size: int) -> None:
    place = files.place
    try:
        fd, nameless = os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600, dir_fd=folder), True
    except OSError as error:
        if error.errno not in _NO_NAMELESS:
            raise
        fd, nameless = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder), False
    try:
        free = place.system.free(fd)
        if free is not None and free - size < place.min_free:
            raise place.too_full(place.root, free)
        if nameless:
            place.system.pwritev(fd, [bytes(_AMOUNT)], 0)
    finally:
        os.close(fd)
