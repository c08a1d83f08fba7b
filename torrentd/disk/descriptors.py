"""The open content files of the whole daemon: at most 64, least recently used closed first.

Lives on the reactor's thread. A job in a worker holds the descriptors it was given: each has a count of its uses and
is closed only when that is zero, even if it was dropped from the table meanwhile. What a job opened itself is adopted
here when the job is done.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice

from torrentd.disk.files import Opened

OPEN_FILES = 64
"""Enough for every peer of a busy daemon, far below the 1024 descriptors a process has by default."""

Key = tuple[int, int]
"""(storage, file)"""


class OpenFile:
    """One descriptor and who uses it."""

    __slots__ = ("dead", "device", "fd", "inode", "uses", "writable")

    def __init__(self, opened: Opened) -> None:
        self.fd = opened.fd
        self.writable = opened.writable
        self.device = opened.device
        self.inode = opened.inode
        self.uses = 0
        self.dead = False


class Descriptors:
    """The table. Keys are (storage, file number)."""

    def __init__(self, limit: int = OPEN_FILES) -> None:
        self._limit = limit
        self._files: OrderedDict[Key, OpenFile] = OrderedDict()

    def get(self, key: Key) -> OpenFile | None:
        """For a read on this thread: used and done with before anything can close it."""
        file = self._files.get(key)
        if file is not None:
            self._files.move_to_end(key)
        return file

    def open_in(self, storage: int) -> dict[int, OpenFile]:
        """The files of a storage that are open, by their number."""
        return {index: file for (key, index), file in self._files.items() if key == storage}

    def hold(self, storage: int, files: Iterable[int], writable: bool) -> dict[int, OpenFile]:
        """Those of the files that are open (for writing, if asked), each held until `release`."""
        held = {}
        for index in files:
            file = self.get((storage, index))
            if file is not None and (file.writable or not writable):
                file.uses += 1
                held[index] = file
        return held

    def release(self, held: Iterable[OpenFile]) -> None:
        """The job is done with them."""
        for file in held:
            file.uses -= 1
            if file.dead and not file.uses:
                os.close(file.fd)

    def adopt(self, storage: int, opened: Opened) -> None:
        """Keep what a job opened, unless every place is taken by a file in use. Of two for the same file the more
        capable one stays."""
        key = (storage, opened.file)
        present = self._files.get(key)
        if present is not None and present.inode == opened.inode and (present.writable or not opened.writable):
            os.close(opened.fd)
            return
        self.forget(key)
        self._files[key] = OpenFile(opened)
        self._trim(self._limit)

    def forget(self, key: Key) -> None:
        """Close it, now or when its last user is done."""
        file = self._files.pop(key, None)
        if file is None:
            return
        file.dead = True
        if not file.uses:
            os.close(file.fd)

    def forget_storage(self, storage: int) -> None:
        """Close every file of one storage."""
        for key in [key for key in self._files if key[0] == storage]:
            self.forget(key)

    def shed(self) -> bool:
        """The process is out of descriptors: close all that nobody uses. Whether there was any."""
        before = len(self._files)
        self._trim(0)
        return len(self._files) < before

    def _trim(self, limit: int) -> None:
        excess = len(self._files) - limit
        if excess <= 0:
            return
        idle = (key for key, file in self._files.items() if not file.uses)
        for key in list(islice(idle, excess)):
            self.forget(key)
