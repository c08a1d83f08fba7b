"""From "written" to "on the disk": fdatasync of every file written to, then fsync of every folder with a new entry.

A flush covers exactly the pieces that were written completely before it began. Two flushes of a torrent never overlap.

A failed sync is not tried again and believed: the kernel drops what it could not write and calls the pages clean, so a
second fdatasync would succeed and mean nothing. The pieces of such a flush, and those written while it went on, become
*suspect* until `checking` has read them back from the disk itself. What is still being written then is failed.

A file that was removed or replaced while open takes what is written to it into nowhere, and one that was truncated has
lost what was written before: so what the path leads to is compared with what was synced.
"""

from __future__ import annotations

import os
import stat

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.python.failure import Failure

from torrentd.disk.access import Access, Run
from torrentd.disk.files import Files
from torrentd.disk.folders import Components, FileStat, sync_folder
from torrentd.disk.results import Flushed
from torrentd.disk.system import storage_error
from torrentd.disk.writing.desk import Unflushed

Synced = list[tuple[int, FileStat]]


class Flushing:
    """The flushes of one torrent."""

    def __init__(self, access: Access, unflushed: Unflushed, run: Run) -> None:
        self.suspect: dict[int, None] = {}
        """pieces whose flush failed"""
        self._access = access
        self._unflushed = unflushed
        self._run = run
        self._lock = DeferredLock()

    def flush(self) -> Deferred[Flushed]:
        """Fires when all that was written before is on the disk. Errback StorageError: see `suspect`."""
        deferred: Deferred[Flushed] = self._lock.run(self._flush)
        self._access.pending.track(deferred)
        return deferred

    def _flush(self) -> Deferred[Flushed]:
        pieces, files = self._unflushed.take()
        folders, self._access.entries = list(self._access.entries), {}
        if not (pieces or files or folders):
            return succeed(Flushed([], []))
        synced = self._access.work(sync, files, folders, files=files, run=self._run)
        synced.addErrback(self._failed, pieces, files, folders)
        return synced.addCallback(lambda stats: Flushed(pieces, stats))

    def _failed(self, failure: Failure, pieces: list[int], files: list[int], folders: list[Components]) -> Failure:
        self.suspect.update(dict.fromkeys((*pieces, *self._unflushed.doubt(files))))
        self._access.entries.update(dict.fromkeys(folders))
        return failure


def sync(files: Files, indexes: list[int], folders: list[Components]) -> Synced:
    """The job: put files and folders on the disk; what the files look like afterwards."""
    stats = [(index, _sync_file(files, index)) for index in indexes]
    for components in folders:
        _sync_folder(files, components)
    return stats


def _sync_file(files: Files, index: int) -> FileStat:
    try:
        fd = files.terms.descriptors.get(index)
        facts = _sync_closed(files, index) if fd is None else _sync_open(files, index, fd)
    except OSError as error:
        raise files.error(error, index) from error
    if facts.st_size < files.terms.expected.get(index, 0):
        raise files.missing(index, "the file is shorter than it was")
    return FileStat(facts.st_size, facts.st_mtime_ns, facts.st_ino)


def _sync_closed(files: Files, index: int) -> os.stat_result:
    """Most files of a torrent of many: what the path leads to is opened, so it needs no comparison."""
    fd = files.open_anew(index)
    try:
        files.place.system.fdatasync(fd)
        facts = os.fstat(fd)
    finally:
        os.close(fd)
    if not stat.S_ISREG(facts.st_mode):
        raise files.missing(index, "is not a regular file")
    return facts


def _sync_open(files: Files, index: int, fd: int) -> os.stat_result:
    files.place.system.fdatasync(fd)
    found, facts = files.folders.stat(files.place.layout.files[index].path), os.fstat(fd)
    if (found.st_dev, found.st_ino) != (facts.st_dev, facts.st_ino):
        raise files.missing(index, "the file was replaced while it was written")
    return facts


def _sync_folder(files: Files, components: Components) -> None:
    """A folder that is gone took its entries with it; whether ours are there was seen at the files."""
    path = "/".join((files.place.root, *components))
    try:
        sync_folder(files.folders.enter(components), files.place.system.fsync)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise storage_error(error, path) from error
