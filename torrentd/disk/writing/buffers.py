"""Memory for pieces on their way to the disk.

Buffers are used again: a fresh one costs more in page faults than everything that is done with it. The pool keeps a
bounded number of bytes; the sizes unused for longest go first.

The bytes that *wait for the disk* (finished pieces and full runs, not pieces still being received) are counted. Above
the limit the daemon is told to read no peers, until they have fallen to half: whatever is received then has to wait
for the disk alone, so it always falls.
"""

from __future__ import annotations

from collections.abc import Callable

QUEUE_LIMIT = 32 * 1024 * 1024
"""Bytes waiting for the disk above which peers are not read."""

POOL_LIMIT = 16 * 1024 * 1024
"""Unused bytes kept for the next piece: half of what may wait is enough to run without faults."""


class Buffers:
    """Shared by all torrents; on the reactor's thread only."""

    def __init__(self, limit: int, on_busy: Callable[[bool], None], pool_limit: int = POOL_LIMIT) -> None:
        self.waiting = 0
        """bytes that wait for the disk"""
        self.pooled = 0
        """bytes kept unused"""
        self.busy = False
        self._limit = limit
        self._pool_limit = pool_limit
        self._on_busy = on_busy
        self._pool: dict[int, list[memoryview]] = {}

    def take(self, size: int) -> memoryview:
        """A buffer with arbitrary content."""
        free = self._pool.get(size)
        if not free:
            return memoryview(bytearray(size))
        self.pooled -= size
        buffer = free.pop()
        if not free:
            del self._pool[size]
        return buffer

    def give(self, buffer: memoryview) -> None:
        """Back from `take`, as it was taken."""
        size = len(buffer)
        free = self._pool.pop(size, [])
        free.append(buffer)
        self._pool[size] = free
        self.pooled += size
        while self.pooled > self._pool_limit:
            self._drop()

    def wait(self, size: int) -> None:
        """So many bytes more wait. May call `on_busy(True)`."""
        self.waiting += size
        if self.waiting > self._limit and not self.busy:
            self.busy = True
            self._on_busy(True)

    def done(self, size: int) -> None:
        """So many bytes fewer wait. May call `on_busy(False)`."""
        self.waiting -= size
        if self.busy and self.waiting <= self._limit // 2:
            self.busy = False
            self._on_busy(False)

    def _drop(self) -> None:
        size = next(iter(self._pool))
        free = self._pool[size]
        free.pop()
        self.pooled -= size
        if not free:
            del self._pool[size]
