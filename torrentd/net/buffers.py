"""The memory that a reactor turn reads into and sends from.

Fresh memory for each read costs more in page faults than everything that is done with the bytes afterwards, and a
buffer per peer would be 500 MiB for 500 peers. So there is one of each per reactor. Whoever runs on the reactor thread
may use them until it returns, and copies what must live longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from mmap import MADV_HUGEPAGE, MAP_ANONYMOUS, MAP_PRIVATE, mmap
from typing import Final

from torrentd.model.geometry import BLOCK
from torrentd.net.interfaces import Bytes
from torrentd.net.turns import NextTurn
from torrentd.wire.peer.encode import block_headers
from torrentd.wire.peer.ids import PIECE_HEADER
from torrentd.wire.peer.messages import Range

RECEIVE: Final = 1024 * 1024 + 64 * 1024
"""Bytes read from a socket at once: more than the largest message (of an extension, 1 MiB, while metadata is fetched),
so that a read always has room behind an incomplete one; larger did not read faster."""

SERVE: Final = 2 * 1024 * 1024
"""Bytes sent at once to the fastest peers: 128 blocks of 16 KiB."""


class Buffers:
    """One receive and one serve buffer, shared by all peers of a reactor; `turn` is when each may use the latter."""

    __slots__ = ("receive", "serve", "turn")

    def __init__(self, receive: int = RECEIVE, serve: int = SERVE) -> None:
        self.receive = memoryview(bytearray(receive))
        self.serve = ServeBuffer(serve)
        self.turn = NextTurn()

    def of_another_reactor(self) -> Buffers:
        """The same memory, for many reactors in one thread."""
        shared = copy(self)
        shared.turn = NextTurn()
        return shared


class ServeBuffer:
    """`memory` for blocks, back to back, with views that are made once: nearly all blocks are 16 KiB."""

    __slots__ = ("_heads", "_messages", "memory")

    def __init__(self, size: int) -> None:
        self.memory = _in_huge_pages(size)
        self._heads = memoryview(bytearray(size // BLOCK * PIECE_HEADER))
        self._messages: list[Bytes] = []
        for index in range(size // BLOCK):
            self._messages.append(self._heads[index * PIECE_HEADER : (index + 1) * PIECE_HEADER])
            self._messages.append(self.memory[index * BLOCK : (index + 1) * BLOCK])

    def messages(self, ranges: Sequence[Range], block: int, size: int) -> list[Bytes]:
        """The `piece` messages of the ranges, whose `size` bytes were read into `memory`: header, block, header, ...
        Valid as long as what is in the buffer."""
        heads = block_headers(ranges, block)
        count = len(heads) // PIECE_HEADER
        if block != BLOCK or size != count * BLOCK:
            return _cut(ranges, block, self.memory[:size], heads)
        self._heads[: len(heads)] = heads
        return self._messages[: 2 * count]


def _in_huge_pages(size: int) -> memoryview:
    """Memory in pages of 2 MiB where the system has them to give: all of it is written and read again with each batch,
    and looking up 512 small pages twice is a twelfth of what an upload costs."""
    memory = mmap(-1, size, MAP_PRIVATE | MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel that was built without them
        memory.madvise(MADV_HUGEPAGE)
    return memoryview(memory)


def messages(ranges: Sequence[Range], block: int, data: memoryview) -> list[Bytes]:
    """The same of ranges that were read into `data`. ValueError if it is not as long as they are."""
    size = sum(length for _, _, length in ranges)
    if size != len(data):
        raise ValueError(f"{len(data)} bytes were read for blocks of {size}")
    return _cut(ranges, block, data, block_headers(ranges, block))


def _cut(ranges: Sequence[Range], block: int, data: memoryview, heads: bytes) -> list[Bytes]:
    views: list[Bytes] = []
    position = head = 0
    for _, _, length in ranges:
        end = position + length
        for start in range(position, end, block):
            views += (heads[head : head + PIECE_HEADER], data[start : min(start + block, end)])
            head += PIECE_HEADER
        position = end
    return views
