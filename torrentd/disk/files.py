"""The content files of one torrent, as one job in one thread uses them.

A job is given a `Files`: the torrent's bytes by offset, however many files they lie in. Descriptors that were open
before the job come with it and are not closed by it; what the job opens itself it hands back (`Outcome.opened`), a few
at most, so that a piece over ten thousand small files does not open ten thousand.

- Folders and files come into being when they are first written, never by a read.
- A file that we know to be there (`Terms.expected`) and that has gone or shrunk is reported as missing, never made
  anew: an empty file in its place would look like content that we claim to have. Empty files claim nothing.
- Padding files (BEP 47) are never stored: they read as zeros, and writes to them vanish.
- A new file gets its full size at once: as a hole, or with its blocks allocated. One that a single write fills is
  closed again: of ten thousand small files none is kept open, sized or looked at.
- Before a job's first write the free space is asked for. A job is a batch, and the question costs a microsecond.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from torrentd.disk.folders import Components, FileStat, Folders
from torrentd.disk.system import System, storage_error
from torrentd.model.errors import StorageError
from torrentd.model.layout import FileEntry, Layout

__all__ = ["FileStat", "Files", "Opened", "Outcome", "Place", "Terms", "perform"]

_KEPT = 8
"""Descriptors one job may have opened at a time: a fraction of the 64 that the daemon keeps."""

_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""O_NONBLOCK: a named pipe planted in a file's place must not hold the thread. Regular files ignore it."""

_NOT_SUPPORTED = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
"""What file systems without allocation answer."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a torrent lies; never changes, so that every thread may read it."""

    root: str
    """the download directory"""
    layout: Layout
    min_free: int = 0
    """bytes to leave on the disk"""
    system: System = field(default_factory=System)
    own: tuple[str, ...] = ()
    """the directories that the configuration names, see `Folders`"""

    def folders(self) -> Folders:
        """To enter it."""
        return Folders(self.root, self.own)

    def path(self, index: int) -> str:
        """The full path of a file, for messages."""
        return "/".join((self.root, *self.layout.files[index].path))

    def too_full(self, path: str, free: int) -> StorageError:
        """The error for a disk with less room than is to be left on it."""
        if not self.min_free:
            return StorageError(f"{path}: {os.strerror(errno.ENOSPC)}", "disk_full", path)
        words = f"{path}: only {free} bytes are free, and {self.min_free} are to be left (storage.min_free)"
        return StorageError(words, "disk_full", path)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a job gets along: for its own files only."""

    descriptors: Mapping[int, int] = field(default_factory=dict)
    """file -> open descriptor, fit for what the job does"""
    writable: bool = False
    expected: Mapping[int, int] = field(default_factory=dict)
    """file -> bytes it has at least, if it is known to exist"""
    allocate: frozenset[int] = frozenset()
    """files whose blocks are to be allocated, not left as a hole"""


class Opened(NamedTuple):
    """A descriptor that a job opened."""

    file: int
    fd: int
    writable: bool
    device: int
    inode: int


@dataclass(slots=True)
class Outcome(Generic[_T]):
    """What a job came to: `value`, unless there is an `error`."""

    value: _T | None
    error: StorageError | None
    opened: list[Opened]
    sized: dict[int, None]
    """files opened for writing: they have their full size now"""
    entries: dict[Components, None]
    """folders with a new entry"""


class Files:
    """The torrent's bytes by offset. Methods raise StorageError."""

    def __init__(self, place: Place, terms: Terms) -> None:
        self.place = place
        self.folders = place.folders()
        self.opened: dict[int, Opened] = {}
        self.sized: dict[int, None] = {}
        self.terms = terms
        self._space_known = False

    def read(self, offset: int, into: memoryview) -> None:
        """Fill `into` with the bytes from `offset` on."""
        position = 0
        for index, start, length in self.place.layout.slices(offset, len(into)):
            self._read(index, start, into[position : position + length])
            position += length

    def write(self, offset: int, data: memoryview) -> None:
        """Write the bytes at `offset`, making folders and files that are not there yet."""
        position = 0
        for index, start, length in self.place.layout.slices(offset, len(data)):
            entry = self.place.layout.files[index]
            if not entry.padding:
                part = data[position : position + length]
                if length < entry.size or not self._write_whole(index, entry, part):
                    self._write(self.descriptor(index), index, start, part)
            position += length

    def descriptor(self, index: int) -> int:
        """A descriptor of the file, opened if need be; valid until the next call."""
        fd = self.terms.descriptors.get(index)
        if fd is not None:
            return fd
        if index not in self.opened:
            if len(self.opened) >= _KEPT:
                os.close(self.opened.pop(next(iter(self.opened))).fd)
            try:
                self.opened[index] = self._open_for_writing(index) if self.terms.writable else self._open(index)
            except OSError as error:
                raise self.error(error, index) from error
        return self.opened[index].fd

    def open_anew(self, index: int) -> int:
        """A descriptor for reading of whatever lies in the file's place, which the caller closes. Raises OSError."""
        path = self.place.layout.files[index].path
        return os.open(path[-1], os.O_RDONLY | _OPEN, dir_fd=self.folders.enter(path[:-1]))

    def error(self, error: OSError, index: int) -> StorageError:
        """The error of a file. What cannot be read because something else lies in its place is missing."""
        result = storage_error(error, self.place.path(index))
        if not self.terms.writable and error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR):
            result.code = "files_missing"
        return result

    def missing(self, index: int, words: str) -> StorageError:
        path = self.place.path(index)
        return StorageError(f"{path}: {words}", "files_missing", path)

    def close(self) -> None:
        """Close what this job opened."""
        self.folders.close()
        while self.opened:
            os.close(self.opened.popitem()[1].fd)

    def _read(self, index: int, start: int, view: memoryview) -> None:
        if self.place.layout.files[index].padding:
            view[:] = bytes(len(view))
            return
        fd = self.descriptor(index)
        while view:
            try:
                count = self.place.system.preadv(fd, [view], start)
            except OSError as error:
                raise self.error(error, index) from error
            if not count:
                raise self.missing(index, "the file is shorter than it was")
            start += count
            view = view[count:]

    def _write_whole(self, index: int, entry: FileEntry, view: memoryview) -> bool:
        """Make a file that is not known, with all that belongs into it; False if something is there already."""
        terms = self.terms
        if index in terms.expected or index in terms.descriptors or index in self.opened or index in terms.allocate:
            return False
        try:
            fd = self._create(entry, self.folders.enter(entry.path[:-1], create=True))
        except OSError as error:
            raise self.error(error, index) from error
        if fd is None:
            return False
        try:
            self._write(fd, index, 0, view)
        finally:
            os.close(fd)
        self.sized[index] = None
        return True

    def _write(self, fd: int, index: int, start: int, view: memoryview) -> None:
        self._need_space(fd, index, len(view))
        while view:
            try:
                count = self.place.system.pwritev(fd, [view], start)
            except OSError as error:
                raise self.error(error, index) from error
            start += count
            view = view[count:]

    def _need_space(self, fd: int, index: int, size: int) -> None:
        if self._space_known:
            return
        try:
            free = self.place.system.free(fd)
        except OSError as error:
            raise self.error(error, index) from error
        if free is not None and free - size < self.place.min_free:
            path = self.place.path(index)
            raise self.place.too_full(path, free)
        self._space_known = True

    def _open(self, index: int) -> Opened:
        return self._admit(index, self.open_anew(index), False)

    def _open_for_writing(self, index: int) -> Opened:
        entry = self.place.layout.files[index]
        new = index not in self.terms.expected or not entry.size
        folder = self.folders.enter(entry.path[:-1], create=new)
        fd = self._create(entry, folder) if new else None
        if fd is None:
            fd = os.open(entry.path[-1], os.O_RDWR | _OPEN, dir_fd=folder)
        opened = self._admit(index, fd, True)
        self.sized[index] = None
        return opened

    def _create(self, entry: FileEntry, folder: int) -> int | None:
        """Make the file; None if something is there already. Asked first, for most files that are not known are not
        there, and there may be ten thousand of them."""
        mode = 0o777 if entry.executable else 0o666
        try:
            fd = os.open(entry.path[-1], os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPEN, mode, dir_fd=folder)
        except FileExistsError:
            return None
        self.folders.entries[entry.path[:-1]] = None
        return fd

    def _admit(self, index: int, fd: int, writable: bool) -> Opened:
        """Look at what was opened; give it its size. Closes it if it is not what it should be."""
        try:
            facts = os.fstat(fd)
            if not stat.S_ISREG(facts.st_mode):
                raise self.missing(index, "is not a regular file")
            if facts.st_size < self.terms.expected.get(index, 0):
                raise self.missing(index, "the file is shorter than it was")
            if writable:
                self._give_size(index, fd, facts)
        except BaseException:
            os.close(fd)
            raise
        return Opened(index, fd, writable, facts.st_dev, facts.st_ino)

    def _give_size(self, index: int, fd: int, facts: os.stat_result) -> None:
        size = self.place.layout.files[index].size
        if index in self.terms.allocate and facts.st_blocks * 512 < size:
            self._allocate(index, fd, facts, size)
        if facts.st_size < size:
            os.ftruncate(fd, size)

    def _allocate(self, index: int, fd: int, facts: os.stat_result, size: int) -> None:
        self._need_space(fd, index, size - facts.st_blocks * 512)
        try:
            self.place.system.fallocate(fd, size)
        except OSError as error:
            if error.errno in _NOT_SUPPORTED:
                return
            os.ftruncate(fd, facts.st_size)  # what it got before it failed is given back
            raise


def perform(place: Place, terms: Terms, job: Callable[..., _T], *args: object) -> Outcome[_T]:
    """Run `job(files, *args)` in this thread. What it opened is handed back also when it failed."""
    files = Files(place, terms)
    value: _T | None = None
    failure: StorageError | None = None
    try:
        value = job(files, *args)
    except StorageError as error:
        failure = error
    except OSError as error:
        failure = storage_error(error, place.root)
    except BaseException:
        files.close()
        raise
    files.folders.close()
    return Outcome(value, failure, list(files.opened.values()), files.sized, files.folders.entries)
