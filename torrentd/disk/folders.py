"""Folders beneath a download directory, entered one component at a time.

A torrent names its files, and anybody with write access to the download directory may plant a symbolic link where one
of its folders belongs. So no path of a torrent is ever given to the kernel as a whole: each component is opened
beneath the descriptor of the one before it, with O_NOFOLLOW. Only the directories that the configuration names are the
user's own word and may be reached through links. What a caller named below one of them was resolved when it was named;
what became a link since then was planted.

A job visits files in the torrent's order, which is mostly folder by folder: the chain of folders last entered stays
open, and the next path continues from what it shares with it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import NamedTuple

_NO_FOLDER_SYNC = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems answer that keep folders in another way (network and FUSE ones)."""

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Components = tuple[str, ...]

PATHS_KNOWN = 256
"""Directories that are taken apart once: thousands of torrents share a few."""


class FileStat(NamedTuple):
    """What tells whether a file was touched: bytes, nanoseconds, inode number."""

    size: int
    mtime_ns: int
    inode: int


class Folders:
    """One chain of open folders. Used by one thread at a time. Methods raise OSError. `own`: the directories of the
    configuration; a `root` that lies in none of them is taken for one."""

    def __init__(self, root: str, own: Sequence[str] = ()) -> None:
        self.root = root
        self._own = own
        self.entries: dict[Components, None] = {}
        """the folders that got a new entry, in the order in which it happened; the root is the empty tuple"""
        self._chain: list[tuple[str, int]] = []
        self._inside: Components | None = None
        """where the chain ends, if it was entered to its end"""

    def __enter__(self) -> Folders:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def enter(self, components: Components, create: bool = False) -> int:
        """The descriptor of a folder (O_PATH: for `dir_fd` only), valid until the next call; made if `create`."""
        if components == self._inside:
            return self._chain[-1][1]
        self._inside = None
        self._leave(components)
        if not self._chain:
            self._chain.append(("", self._enter_root(create)))
        for depth in range(len(self._chain) - 1, len(components)):
            fd = self._step(components[:depth], components[depth], create)
            self._chain.append((components[depth], fd))
        self._inside = components
        return self._chain[-1][1]

    def stat(self, path: Components) -> os.stat_result:
        """Of the thing itself, should it be a link."""
        return os.stat(path[-1], dir_fd=self.enter(path[:-1]), follow_symlinks=False)

    def close(self) -> None:
        """Leave every folder; the object may be used again."""
        self._inside = None
        while self._chain:
            os.close(self._chain.pop()[1])

    def _leave(self, components: Components) -> None:
        """Close what the new path does not share with the chain."""
        shared = 0
        while shared < min(len(components), len(self._chain) - 1) and components[shared] == self._chain[shared + 1][0]:
            shared += 1
        while len(self._chain) > shared + 1:
            os.close(self._chain.pop()[1])

    def _enter_root(self, create: bool) -> int:
        own = own_part(self.root, self._own)
        fd = _open_own(own, create)
        try:
            for name in _parts(self.root)[len(_parts(own)) :]:
                above, fd = fd, _open_below(fd, name, create)
                os.close(above)
        except OSError:
            os.close(fd)
            raise
        return fd

    def _step(self, parent: Components, name: str, create: bool) -> int:
        """One folder down from the end of the chain."""
        above = self._chain[-1][1]
        try:
            return os.open(name, _FOLDER, dir_fd=above)
        except FileNotFoundError:
            if not create:
                raise
        with suppress(FileExistsError):  # another worker was faster
            os.mkdir(name, dir_fd=above)
        self.entries[parent] = None
        return os.open(name, _FOLDER, dir_fd=above)


def sync_folder(folder: int, fsync: Callable[[int], None] = os.fsync) -> None:
    """Put the entries of an open folder (its descriptor may be O_PATH) on the disk. OSError, unless the file system
    cannot sync folders."""
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        fsync(readable)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(readable)


def own_part(root: str, own: Iterable[str]) -> str:
    """The part of a download directory's path that is the user's own word: the longest of the directories of the
    configuration, as it is written there or as it is now, in which it lies; all of it, if it lies in none."""
    places = [place for directory in own for place in (directory, os.path.realpath(directory))]
    return max((place for place in places if is_within(root, place)), key=len, default=root)


def is_within(path: str, folder: str) -> bool:
    """Whether the path is the folder, or in it; of two paths as they are written."""
    parts = _parts(folder)
    return _parts(path)[: len(parts)] == parts


@lru_cache(maxsize=PATHS_KNOWN)
def _parts(path: str) -> tuple[str, ...]:
    """Most torrents are in the same few directories."""
    return PurePosixPath(path).parts


def _open_own(directory: str, create: bool) -> int:
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        return os.open(directory, flags)
    except FileNotFoundError:
        if not create:
            raise
    _make_root(Path(directory))
    return os.open(directory, flags)


def _open_below(above: int, name: str, create: bool) -> int:
    """A component of a download directory, beneath what is open; made and put on the disk if `create`."""
    try:
        return os.open(name, _FOLDER, dir_fd=above)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):  # another worker was faster
        os.mkdir(name, dir_fd=above)
    sync_folder(above)
    return os.open(name, _FOLDER, dir_fd=above)


def _make_root(root: Path) -> None:
    """Make a directory of the configuration and what it lies in, and put them on the disk at once: it happens once."""
    if root.is_dir():
        return
    _make_root(root.parent)
    root.mkdir(exist_ok=True)
    parent = os.open(root.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync_folder(parent)
    finally:
        os.close(parent)
