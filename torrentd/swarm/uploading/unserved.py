"""What one peer asked for and is not being served yet.

The usual blocks, those that we would request ourselves, are block sets (see `picking.blocks`), one per piece: a run of
requests is added, cancelled, taken in a few operations on integers, and what is asked for twice is there once. Pieces
are served in the order in which they were first asked for, each from its lowest block on. Blocks that begin or end
elsewhere (old clients ask for 32 KiB) are kept one by one, and go first.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from torrentd.model.geometry import BLOCK, Geometry
from torrentd.policy.picking import blocks
from torrentd.wire.peer.messages import Range

LARGEST = 32 * 1024
"""Bytes of the largest block we serve: twice the usual, for old clients (SAFETY.md)."""


def pieces_of(run: Range, size: int) -> list[Range]:
    """The blocks of a range that is cut into blocks of `size` bytes."""
    piece, begin, length = run
    return [(piece, at, min(size, begin + length - at)) for at in range(begin, begin + length, size)]


class Unserved:
    """Blocks, not messages: `count` of them."""

    __slots__ = ("_geometry", "_pieces", "_unusual", "count")

    def __init__(self, geometry: Geometry) -> None:
        self.count = 0
        self._geometry = geometry
        self._pieces: dict[int, int] = {}
        """piece to usual blocks"""
        self._unusual: dict[Range, None] = {}

    def add(self, piece: int, begin: int, length: int, count: int) -> None:
        """`count` blocks of `length` bytes each, which follow each other and exist."""
        if begin % BLOCK == 0 and (length == BLOCK or self._is_short(piece, begin, length)):
            here = self._pieces.get(piece, 0)
            more = here | blocks.span(begin // BLOCK, count)
            self._pieces[piece] = more
            self.count += (more ^ here).bit_count()
        else:
            for at in range(begin, begin + count * length, length):
                self.count += (piece, at, length) not in self._unusual
                self._unusual[(piece, at, length)] = None

    def remove(self, piece: int, begin: int, length: int) -> bool:
        """Take one block out. False if it is not there."""
        if begin % BLOCK or not (length == BLOCK or self._is_short(piece, begin, length)):
            if (piece, begin, length) not in self._unusual:
                return False
            del self._unusual[(piece, begin, length)]
            self.count -= 1
            return True
        here, block = self._pieces.get(piece, 0), begin // BLOCK
        if not here >> block & 1:
            return False
        self._leave(piece, here ^ 1 << block)
        self.count -= 1
        return True

    def next_size(self) -> int:
        """Bytes that each of the blocks which `take` returns next may have."""
        return LARGEST if self._unusual else BLOCK

    @property
    def has_unusual(self) -> bool:
        """Whether there are blocks that begin or end elsewhere; they go first."""
        return bool(self._unusual)

    def pieces(self) -> Iterable[int]:
        """The pieces of which usual blocks are to be served, in the order of serving."""
        return self._pieces

    def put_first(self, piece: int) -> int:
        """Serve this one of the `pieces` next; how many blocks it is."""
        here = self._pieces[piece]
        if next(iter(self._pieces)) != piece:
            del self._pieces[piece]
            self._pieces = {piece: here, **self._pieces}
        return here.bit_count()

    def take(self, most: int) -> list[Range]:
        """Up to `most` blocks that are to be served next, each range cut into blocks of `next_size()`."""
        if self._unusual:
            unusual = list(islice(self._unusual, most))
            for block in unusual:
                del self._unusual[block]
            self.count -= len(unusual)
            return unusual
        taken: list[Range] = []
        left = most
        served: list[int] = []
        rest = 0
        for piece, here in self._pieces.items():
            served.append(piece)
            rest, left = self._take_from(piece, here, left, taken)
            if not left:
                break
        for piece in served[:-1]:
            del self._pieces[piece]
        if served:
            self._leave(served[-1], rest)
        self.count -= most - left
        return taken

    def put_back(self, ranges: list[Range], size: int) -> None:
        """What `take` returned when `next_size()` was `size` is to be served next again."""
        later, self._pieces = self._pieces, {}
        for piece, begin, length in ranges:
            for at in range(begin, begin + length, size):
                self.add(piece, at, min(size, begin + length - at), 1)
        for piece, here in later.items():
            known = self._pieces.get(piece, 0)
            self._pieces[piece] = known | here
            self.count -= (known & here).bit_count()

    def drop(self, piece: int) -> list[Range]:
        """Forget the blocks of `piece`; they, each as it was asked for."""
        dropped = [block for block in self.blocks() if block[0] == piece]
        self._pieces.pop(piece, None)
        for block in dropped:
            self._unusual.pop(block, None)
        self.count -= len(dropped)
        return dropped

    def clear(self) -> None:
        """Forget everything."""
        self._pieces.clear()
        self._unusual.clear()
        self.count = 0

    def ranges(self) -> list[Range]:
        """All of it; of usual blocks one range per run."""
        usual = [one for piece, here in self._pieces.items() for one in blocks.ranges(self._geometry, piece, here)]
        return [*self._unusual, *usual]

    def blocks(self) -> list[Range]:
        """All of it, each block as it was asked for."""
        usual = self.ranges()[len(self._unusual) :]
        return [*self._unusual, *(one for run in usual for one in pieces_of(run, BLOCK))]

    def _is_short(self, piece: int, begin: int, length: int) -> bool:
        """Whether this is the last block of its piece, and shorter than the others."""
        return length < BLOCK and begin + length == self._geometry.piece_length(piece)

    def _take_from(self, piece: int, here: int, left: int, taken: list[Range]) -> tuple[int, int]:
        """Append ranges of up to `left` of the blocks; which blocks, and how many of `left`, remain."""
        end = self._geometry.piece_length(piece)
        while here and left:
            first = (here & -here).bit_length() - 1
            above = here >> first
            count = min(left, (~above & (above + 1)).bit_length() - 1)
            begin = first * BLOCK
            taken.append((piece, begin, min(count * BLOCK, end - begin)))
            left -= count
            here = above >> count << first + count
        return here, left

    def _leave(self, piece: int, here: int) -> None:
        if here:
            self._pieces[piece] = here
        else:
            del self._pieces[piece]
