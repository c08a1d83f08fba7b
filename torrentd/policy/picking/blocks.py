"""Block sets as integers: bit *i* is the block that begins at `i * BLOCK` of its piece.

A run of sixty-four blocks is marked, compared and counted in a few integer operations. That is why block sets are
neither lists nor sets: nothing on the path of a block is paid per block.
"""

from __future__ import annotations

from collections.abc import Iterator

from torrentd.model.geometry import BLOCK, Geometry
from torrentd.wire.peer.messages import Range


def span(first: int, count: int) -> int:
    """The block set of `count` blocks from block `first` on."""
    return ((1 << count) - 1) << first


def runs(blocks: int) -> Iterator[tuple[int, int]]:
    """`(first, count)` of each run of consecutive blocks, ascending."""
    first = 0
    while blocks:
        gap = (blocks & -blocks).bit_length() - 1
        blocks >>= gap
        first += gap
        count = (~blocks & (blocks + 1)).bit_length() - 1
        yield first, count
        blocks >>= count
        first += count


def lowest(blocks: int, count: int) -> int:
    """The first `count` blocks of the set; all of it when it has no more."""
    if blocks.bit_count() <= count:
        return blocks
    taken = 0
    for first, here in runs(blocks):
        if here >= count:
            return taken | span(first, count)
        taken |= span(first, here)
        count -= here
    return taken


def ranges(geometry: Geometry, piece: int, blocks: int) -> list[Range]:
    """The byte ranges of a block set of `piece`, ascending, one per run."""
    end = geometry.piece_length(piece)
    found: list[Range] = []
    for first, count in runs(blocks):
        begin = first * BLOCK
        found.append((piece, begin, min(count * BLOCK, end - begin)))
    return found
