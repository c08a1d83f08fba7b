"""Whether the files on this machine's disk are what a .torrent file says: `check`, without a daemon.

Each piece is hashed on its own, on as many threads as there are cores: hashlib lets the others run meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from threading import local
from typing import Literal

from torrentd.disk.hashing import HASH_SIZE, hasher
from torrentd.model.layout import FileEntry
from torrentd.wire.metainfo import Metainfo

Status = Literal["ok", "missing", "size", "bad", "unreadable"]
"""size: not as long as it should be; bad: a piece with bytes of this file does not fit its hash; unreadable: not a
file, or not ours to read"""

_AHEAD = 4
"""Pieces per thread that wait for their turn: enough to keep all busy, few enough to be stopped at once."""


@dataclass(slots=True)
class Check:
    """One look at the files. `pieces` runs it; the rest can be read afterwards."""

    metainfo: Metainfo
    directory: Path
    good: int = 0
    """pieces that fit their hash"""
    good_bytes: int = 0
    _fds: dict[int, int] = field(default_factory=dict)
    _status: dict[int, Status] = field(default_factory=dict)
    _buffers: local = field(default_factory=local)

    def pieces(self) -> Iterator[bool]:
        """Hash everything: for each piece in order, whether it is right."""
        self._open_all()
        threads = os.cpu_count() or 1
        pool = ThreadPoolExecutor(threads)
        try:
            numbers = iter(range(self.metainfo.geometry.piece_count))
            waiting = [(piece, pool.submit(self._is_right, piece)) for piece in islice(numbers, threads * _AHEAD)]
            while waiting:
                piece, future = waiting.pop(0)
                is_right = future.result()
                self._count(piece, is_right)
                waiting += [(piece, pool.submit(self._is_right, piece)) for piece in islice(numbers, 1)]
                yield is_right
        finally:
            pool.shutdown(cancel_futures=True)
            for fd in self._fds.values():
                os.close(fd)

    def status(self, index: int) -> Status:
        """Of one file."""
        return self._status.get(index, "ok")

    def _open_all(self) -> None:
        for index, entry in enumerate(self.metainfo.layout.files):
            if entry.padding or entry.symlink is not None:
                continue
            path = self.directory.joinpath(*entry.path)
            try:
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe there must not hold us
            except FileNotFoundError:
                self._status[index] = "missing"
            except OSError:
                self._status[index] = "unreadable"
            else:
                self._admit(index, entry, fd)

    def _admit(self, index: int, entry: FileEntry, fd: int) -> None:
        self._fds[index] = fd
        facts = os.fstat(fd)
        if not S_ISREG(facts.st_mode):
            self._status[index] = "unreadable"
        elif facts.st_size != entry.size:
            self._status[index] = "size"

    def _is_right(self, piece: int) -> bool:
        geometry = self.metainfo.geometry
        length = geometry.piece_length(piece)
        if not hasattr(self._buffers, "bytes"):
            self._buffers.bytes = bytearray(geometry.piece_size)
        view = memoryview(self._buffers.bytes)[:length]
        if not self._read(piece * geometry.piece_size, view):
            return False
        hash = hasher()
        hash.update(view)
        return hash.digest() == self.metainfo.hashes[piece * HASH_SIZE : (piece + 1) * HASH_SIZE]

    def _read(self, offset: int, view: memoryview) -> bool:
        """Whether all of it could be read; padding is zeros (BEP 47)."""
        for part in self.metainfo.layout.slices(offset, len(view)):
            here, view = view[: part.length], view[part.length :]
            fd = self._fds.get(part.file)
            if self.metainfo.layout.files[part.file].padding:
                here[:] = bytes(part.length)
            elif fd is None or not _fill(fd, part.start, here):
                return False
        return True

    def _count(self, piece: int, is_right: bool) -> None:
        geometry = self.metainfo.geometry
        length = geometry.piece_length(piece)
        if is_right:
            self.good += 1
            self.good_bytes += length
            return
        for part in self.metainfo.layout.slices(piece * geometry.piece_size, length):
            if not self.metainfo.layout.files[part.file].padding:
                self._status.setdefault(part.file, "bad")


def _fill(fd: int, start: int, view: memoryview) -> bool:
    while view:
        try:
            count = os.preadv(fd, [view], start)
        except OSError:
            return False
        if not count:
            return False
        start, view = start + count, view[count:]
    return True


def check(metainfo: Metainfo, directory: Path, progress: Callable[[int], None]) -> Check:
    """Hash everything; `progress` hears how many pieces are done."""
    found = Check(metainfo, directory)
    for done, _ in enumerate(found.pieces(), 1):
        progress(done)
    return found
