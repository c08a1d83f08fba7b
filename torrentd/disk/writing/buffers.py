"""Memory for pieces on their way to the disk.

Buffers are used again: a fresh one costs more in page faults than everything that is done with it. The pool keeps a
bounded number of bytes; the sizes unused for longest go first.

The bytes that *wait for the disk* (finished pieces and full runs, not pieces still being received) are counted. Above
the limit the daemon is told to read no peers, until they have fallen to half: whatever is received then has to wait
for the disk alone, so it always falls. Where hundreds of peers fill as many pieces at a time, less may wait, and less
is kept: it is all one memory.
"""

from __future__ import annotations

from collections.abc import Callable
from mmap import MADV_NOHUGEPAGE, MAP_ANONYMOUS, MAP_PRIVATE, mmap

QUEUE_LIMIT = 32 * 1024 * 1024
"""Bytes waiting for the disk above which peers are not read."""

POOL_LIMIT = 16 * 1024 * 1024
"""Unused bytes kept for the next piece: half of what may wait is enough to run without faults."""

MAPPED = 128 * 1024
"""Bytes from which a buffer is worth two system calls and pages of its own."""

FILLING_SHARE = 4
"""A quarter of the limit is for pieces still being received. Those that need more take it from what may wait, and from
the pool, but leave a quarter of it: that keeps two workers busy."""


class Buffers:
    """Shared by all torrents; on the reactor's thread only."""

    def __init__(self, limit: int, on_busy: Callable[[bool], None], pool_limit: int = POOL_LIMIT) -> None:
        self.waiting = 0
        """bytes that wait for the disk"""
        self.pooled = 0
        """bytes kept unused"""
        self.taken = 0
        """bytes in use: those that wait, and those being received"""
        self.busy = False
        self._limit = limit
        self._all = limit + limit // FILLING_SHARE
        self._pool_limit = pool_limit
        self._on_busy = on_busy
        self._pool: dict[int, list[memoryview]] = {}

    def take(self, size: int) -> memoryview:
        """A buffer with arbitrary content."""
        self.taken += size
        free = self._pool.get(size)
        if not free:
            return _fresh(size)
        self.pooled -= size
        buffer = free.pop()
        if not free:
            del self._pool[size]
        return buffer

    def give(self, buffer: memoryview) -> None:
        """Back from `take`, as it was taken."""
        size = len(buffer)
        self.taken -= size
        free = self._pool.pop(size, [])
        free.append(buffer)
        self._pool[size] = free
        self.pooled += size
        room = min(self._pool_limit, self._all - self.taken)
        while self.pooled and self.pooled > room:
            self._drop()

    def wait(self, size: int) -> None:
        """So many bytes more wait. May call `on_busy(True)`."""
        self.waiting += size
        if not self.busy and self.waiting > self._may_wait():
            self.busy = True
            self._on_busy(True)

    def done(self, size: int) -> None:
        """So many bytes fewer wait. May call `on_busy(False)`."""
        self.waiting -= size
        if self.busy and self.waiting <= self._may_wait() // 2:
            self.busy = False
            self._on_busy(False)

    def _may_wait(self) -> int:
        being_received = self.taken - self.waiting
        return max(self._limit // FILLING_SHARE, min(self._limit, self._all - being_received))

    def _drop(self) -> None:
        size = next(iter(self._pool))
        free = self._pool[size]
        free.pop()
        self.pooled -= size
        if not free:
            del self._pool[size]


def _fresh(size: int) -> memoryview:
    """Memory that is there page by page, as it is written to, and that the system has again once nobody uses it: most
    of a piece that fills slowly costs nothing yet. What `malloc` gives is less lazy, once it has been used before."""
    if size < MAPPED:
        return memoryview(bytearray(size))
    memory = mmap(-1, size, MAP_PRIVATE | MAP_ANONYMOUS)
    memory.madvise(MADV_NOHUGEPAGE)
    return memoryview(memory)
