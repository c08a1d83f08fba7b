"""Pieces and blocks of one torrent: arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass, field

BLOCK = 16 * 1024
"""What everybody requests (BEP 3): larger requests are refused by most clients."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """How `size` bytes are cut into pieces of `piece_size`, and pieces into blocks of 16 KiB.

    Block sets of one piece are integers: bit *i* stands for the block that begins at `i * BLOCK`.
    """

    size: int
    piece_size: int
    piece_count: int = field(init=False)
    last_piece_size: int = field(init=False)

    def __post_init__(self) -> None:
        if self.size < 1 or self.piece_size < 1:
            raise ValueError("size and piece size must be positive")
        count = -(-self.size // self.piece_size)
        object.__setattr__(self, "piece_count", count)
        object.__setattr__(self, "last_piece_size", self.size - (count - 1) * self.piece_size)

    def piece_length(self, piece: int) -> int:
        """Bytes of `piece`; the last one may be shorter."""
        return self.last_piece_size if piece == self.piece_count - 1 else self.piece_size

    def block_count(self, piece: int) -> int:
        """Blocks of `piece`."""
        return -(-self.piece_length(piece) // BLOCK)

    def all_blocks(self, piece: int) -> int:
        """The block set that holds every block of `piece`."""
        return (1 << self.block_count(piece)) - 1

    def block_length(self, piece: int, block: int) -> int:
        """Bytes of one block; the last one of a piece may be shorter."""
        return min(BLOCK, self.piece_length(piece) - block * BLOCK)

    def blocks_length(self, piece: int, blocks: int) -> int:
        """Bytes of a block set of `piece`."""
        total = blocks.bit_count() * BLOCK
        last = self.block_count(piece) - 1
        if blocks >> last & 1:
            total -= BLOCK - self.block_length(piece, last)
        return total

    def is_range(self, piece: int, begin: int, length: int) -> bool:
        """Whether the bytes exist: `piece` is one of ours, `length` is positive and the end is inside the piece."""
        return 0 <= piece < self.piece_count and begin >= 0 < length and begin + length <= self.piece_length(piece)
