"""Blocks for the upload: from the page cache on the reactor's thread if they are there, else by a worker.

Consecutive blocks are one read. What can be read without waiting is decided by the kernel (see `devices`); whatever
goes wrong on this thread only means "not now": the worker opens files, and finds the words for errors.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

from twisted.internet.defer import Deferred

from torrentd.disk.access import Access
from torrentd.disk.devices import Devices
from torrentd.disk.files import Files
from torrentd.model.geometry import Geometry
from torrentd.wire.peer.messages import Range


class Reading:
    """The reads of one torrent. Implements what a peer connection asks of a storage."""

    def __init__(self, access: Access, geometry: Geometry, devices: Devices) -> None:
        self._access = access
        self._geometry = geometry
        self._devices = devices

    def read_now(self, ranges: Sequence[Range], into: memoryview) -> bool:
        """Fill `into` with the ranges, back to back. False: not all of it is at hand, and `into` is undefined."""
        position = 0
        for offset, length in joined(ranges, self._geometry.piece_size):
            if not self._stretch_now(offset, into[position : position + length]):
                return False
            position += length
        return True

    def read(self, ranges: Sequence[Range]) -> Deferred[bytearray]:
        """The same in a worker. Errback StorageError; a file that is gone or too short is "files_missing"."""
        stretches = joined(ranges, self._geometry.piece_size)
        span = self._access.place.layout.span
        files = dict.fromkeys(index for offset, length in stretches for index in span(offset, length))
        deferred = self._access.work(_read, stretches, files=files)
        self._access.pending.track(deferred)
        return deferred

    def _stretch_now(self, offset: int, view: memoryview) -> bool:
        layout = self._access.place.layout
        index, start = layout.at(offset)
        if start + len(view) <= layout.files[index].size:  # nearly always
            return self._slice_now(index, start, view)
        position = 0
        for index, start, count in layout.slices(offset, len(view)):
            if not self._slice_now(index, start, view[position : position + count]):
                return False
            position += count
        return True

    def _slice_now(self, index: int, start: int, view: memoryview) -> bool:
        if self._access.place.layout.files[index].padding:
            view[:] = bytes(len(view))
            return True
        file = self._access.descriptors.get((self._access.key, index))
        if file is None:
            return False
        flags = self._devices.flags(file.device)
        while flags is not None:
            try:
                return self._access.place.system.preadv(file.fd, [view], start, flags) == len(view)
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP or not flags:
                    return False
                flags = self._devices.refused(file.device)
        return False


def joined(ranges: Sequence[Range], piece_size: int) -> list[tuple[int, int]]:
    """(offset, length) of the stretches that the ranges make, in their order; those that follow each other are one."""
    stretches: list[tuple[int, int]] = []
    offset = end = -1
    for piece, begin, length in ranges:
        here = piece * piece_size + begin
        if here == end:
            stretches.pop()
        else:
            offset = here
        end = here + length
        stretches.append((offset, end - offset))
    return stretches


def _read(files: Files, stretches: list[tuple[int, int]]) -> bytearray:
    data = bytearray(sum(length for _, length in stretches))
    view, position = memoryview(data), 0
    for offset, length in stretches:
        files.read(offset, view[position : position + length])
        position += length
    return data
