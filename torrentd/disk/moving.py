"""A torrent's files to another directory: the new ones are whole and synced before an old one goes.

Within a file system a file gets a second name, which takes no time and no room. Into another one it is copied under a
name of its own, holes left as holes, synced, read back and compared, and only then named. Nothing that lies in the way
is ever replaced. Whoever drives it notes in the database that it goes on: after a crash the same steps are done again,
and what is there already is recognised: the same inode, or the size and the time of its origin.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import suppress
from hashlib import blake2b
from typing import TypeVar

from twisted.internet.defer import Deferred

from torrentd.disk.access import Run
from torrentd.disk.files import Files, Place, Terms
from torrentd.disk.folders import Components, FileStat, Folders, sync_folder
from torrentd.disk.system import storage_error
from torrentd.disk.verbs.removing import folders_of, remove, remove_folder
from torrentd.model.errors import StorageError
from torrentd.model.layout import FileEntry

AT_ONCE = 1 << 20
"""Bytes of a file in memory."""

STEP = 32 << 20
"""Bytes after which a step is over, so that others get the thread, and a cancel is heard."""

_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NO_SECOND_NAME = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
"""Another file system, or one without hard links."""

T = TypeVar("T")


class Moving:
    """From `place` to the directory `target`. `tag` tells our temporary files from those of other torrents. `run(f)`
    calls in a worker; the Deferreds fire with StorageError when the machine fails. One call at a time."""

    def __init__(self, run: Run, place: Place, target: str, tag: str) -> None:
        self.done = 0
        self.total = 0
        """bytes to be copied and named, known after `prepare`"""
        self._run = run
        self._old = place
        self._new = Place(target, place.layout, place.min_free, place.system, place.own)
        self._tag = tag
        self._work: Generator[int, None, None] | None = None

    def prepare(self, fresh: bool, known: Collection[int] = ()) -> Deferred[None]:
        """Look whether it can be done: the `known` files are there, there is room, and if it is `fresh` nothing is in
        the way."""
        return self._in_worker(lambda: self._prepare(fresh, known))

    def step(self) -> Deferred[bool]:
        """Go on for a while; whether all is there and synced."""
        return self._in_worker(self._step)

    def stats(self) -> Deferred[list[FileStat | None]]:
        """How the new files look."""
        return self._in_worker(self._stats)

    def undo(self) -> Deferred[None]:
        """Take away what was made of the new files."""
        return self._in_worker(self._undo)

    def clean(self) -> Deferred[None]:
        """Take away the old files, and the folders that became empty."""
        return self._in_worker(self._clean)

    def _in_worker(self, work: Callable[[], T]) -> Deferred[T]:
        def guarded() -> T:
            try:
                return work()
            except OSError as error:
                raise storage_error(error, self._new.root) from error

        deferred: Deferred[T] = self._run(guarded)
        return deferred

    # --- in a worker

    def _entries(self) -> Iterator[tuple[int, FileEntry]]:
        return ((index, entry) for index, entry in enumerate(self._old.layout.files) if not entry.padding)

    def _prepare(self, fresh: bool, known: Collection[int]) -> None:
        room = 0
        with self._old.folders() as old, self._new.folders() as new:
            root = os.fstat(new.enter((), create=True))
            for index, entry in self._entries():
                facts, there = _look(old, entry.path), _look(new, entry.path)
                if facts is None:
                    if index in known and there is None:
                        path = self._old.path(index)
                        raise StorageError(f"{path}: the file is missing", "files_missing", path)
                    continue
                if fresh and there is not None:
                    path = self._new.path(index)
                    raise StorageError(f"{path}: is there already, and is not replaced", "io_error", path)
                self.total += facts.st_size
                room += facts.st_blocks * 512 if facts.st_dev != root.st_dev and there is None else 0
            free = self._new.system.free(new.enter(()))
        if room and free is not None and free - room < self._new.min_free:
            raise self._new.too_full(self._new.root, free)

    def _step(self) -> bool:
        if self._work is None:
            self._work = self._all()
        copied = 0
        try:
            for size in self._work:
                copied += size
                if copied >= STEP:
                    return False
        except OSError as error:
            raise storage_error(error, self._new.root) from error
        return True

    def _all(self) -> Generator[int, None, None]:
        with self._old.folders() as old, self._new.folders() as new:
            touched: dict[Components, None] = {}
            for index, entry in self._entries():
                facts = _look(old, entry.path)
                if facts is not None:
                    touched.update((entry.path[:depth], None) for depth in range(len(entry.path)))
                    yield from self._bring(old, new, index, entry, facts)
            for components in touched:
                sync_folder(new.enter(components), self._new.system.fsync)

    def _bring(
        self, old: Folders, new: Folders, index: int, entry: FileEntry, facts: os.stat_result
    ) -> Generator[int, None, None]:
        here, there = old.enter(entry.path[:-1]), new.enter(entry.path[:-1], create=True)
        name = entry.path[-1]
        found = _look(new, entry.path)
        if found is not None:
            if not _is_same(found, facts):
                path = self._new.path(index)
                raise StorageError(f"{path}: is there already, and is not replaced", "io_error", path)
            with suppress(FileNotFoundError):  # it was named, and then came a crash
                os.unlink(self._draft(index), dir_fd=there)
        elif stat.S_ISLNK(facts.st_mode):
            os.symlink(os.readlink(name, dir_fd=here), name, dir_fd=there)
        else:
            try:
                os.link(name, name, src_dir_fd=here, dst_dir_fd=there, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_SECOND_NAME:
                    raise storage_error(error, self._new.path(index)) from error
                yield from self._copy(here, there, index, name, facts)
                return
        self.done += facts.st_size

    def _copy(self, here: int, there: int, index: int, name: str, facts: os.stat_result) -> Generator[int, None, None]:
        draft, system = self._draft(index), self._new.system
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=there)
        source = os.open(name, os.O_RDONLY | _OPEN, dir_fd=here)
        try:
            target = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPEN, facts.st_mode & 0o777, dir_fd=there)
            try:
                written = blake2b()
                for offset, data in _data(source):
                    written.update(b"%d:" % offset + data)
                    _write(system.pwritev, target, data, offset)
                    self.done += len(data)
                    yield len(data)
                os.ftruncate(target, facts.st_size)
                os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))
                system.fsync(target)
                os.posix_fadvise(target, 0, 0, os.POSIX_FADV_DONTNEED)
                read = blake2b()
                for offset, data in _data(source):
                    back = os.pread(target, len(data), offset)
                    read.update(b"%d:" % offset + back)
                    yield len(data)
                if read.digest() != written.digest():
                    path = self._new.path(index)
                    raise StorageError(f"{path}: what was read back is not what was written", "io_error", path)
                _name(draft, name, there)
            finally:
                os.close(target)
        except BaseException as error:
            with suppress(OSError):
                os.unlink(draft, dir_fd=there)
            if isinstance(error, OSError):
                raise storage_error(error, self._new.path(index)) from error
            raise
        finally:
            os.close(source)

    def _draft(self, index: int) -> str:
        return f".torrentd-{self._tag}-{index}"

    def _stats(self) -> list[FileStat | None]:
        found: list[FileStat | None] = [None] * len(self._new.layout.files)
        with self._new.folders() as new:
            for index, entry in self._entries():
                facts = _look(new, entry.path)
                if facts is not None:
                    found[index] = FileStat(facts.st_size, facts.st_mtime_ns, facts.st_ino)
        return found

    def _undo(self) -> None:
        if self._work is not None:
            self._work.close()
        with self._old.folders() as old, self._new.folders() as new:
            for index, entry in self._entries():
                facts, found = _look(old, entry.path), _look(new, entry.path)
                with suppress(FileNotFoundError, NotADirectoryError):
                    os.unlink(self._draft(index), dir_fd=new.enter(entry.path[:-1]))
                if facts is not None and found is not None and _is_same(found, facts):
                    os.unlink(entry.path[-1], dir_fd=new.enter(entry.path[:-1]))
            for components in folders_of(self._new.layout.files):
                remove_folder(new, components)

    def _clean(self) -> None:
        files = Files(self._old, Terms())
        try:
            remove(files)
        finally:
            files.close()


def _look(folders: Folders, path: Components) -> os.stat_result | None:
    """The file (or link) there; None if there is none, or something that is no file of a torrent."""
    try:
        facts = folders.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return facts if stat.S_ISREG(facts.st_mode) or stat.S_ISLNK(facts.st_mode) else None


def _is_same(found: os.stat_result, facts: os.stat_result) -> bool:
    if (found.st_dev, found.st_ino) == (facts.st_dev, facts.st_ino):
        return True
    if stat.S_ISLNK(found.st_mode) or stat.S_ISLNK(facts.st_mode):
        return stat.S_ISLNK(found.st_mode) and stat.S_ISLNK(facts.st_mode)
    return (found.st_size, found.st_mtime_ns) == (facts.st_size, facts.st_mtime_ns)


def _data(fd: int) -> Iterator[tuple[int, bytes]]:
    """What is written of a file, in parts, with their places; holes are left out."""
    at = 0
    while True:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        end = os.lseek(fd, at, os.SEEK_HOLE)
        while at < end:
            data = os.pread(fd, min(AT_ONCE, end - at), at)
            if not data:
                return
            yield at, data
            at += len(data)


def _write(pwritev: Callable[..., int], fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        count = pwritev(fd, [view], offset)
        offset += count
        view = view[count:]


def _name(draft: str, name: str, folder: int) -> None:
    """Give the file its name, unless somebody has it."""
    try:
        os.link(draft, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_SECOND_NAME:
            raise
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=folder, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
        return
    os.unlink(draft, dir_fd=folder)
