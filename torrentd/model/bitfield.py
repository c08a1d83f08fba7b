"""The set of pieces that somebody has, in the wire's bit order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Bitfield:
    """`size` bits; bit 0 is 0x80 of byte 0 (BEP 3). Knows its count without counting."""

    __slots__ = ("_bytes", "count", "size")

    def __init__(self, size: int, pieces: Iterable[int] = ()) -> None:
        self.size = size
        self.count = 0
        self._bytes = bytearray((size + 7) // 8)
        for piece in pieces:
            self.add(piece)

    @classmethod
    def from_bytes(cls, size: int, data: bytes | bytearray | memoryview) -> Bitfield:
        """Read the wire form. ValueError when the length is wrong or a spare bit is set."""
        if len(data) != (size + 7) // 8:
            raise ValueError(f"a bitfield of {size} pieces has {(size + 7) // 8} bytes, not {len(data)}")
        if size % 8 and data[-1] & (0xFF >> size % 8):
            raise ValueError("a spare bit of the bitfield is set")
        self = cls(size)
        self._bytes[:] = data
        self.count = int.from_bytes(self._bytes, "big").bit_count()
        return self

    @classmethod
    def full(cls, size: int) -> Bitfield:
        """Every piece."""
        spare = -size % 8
        return cls.from_bytes(size, ((1 << size) - 1 << spare).to_bytes((size + 7) // 8, "big"))

    def to_bytes(self) -> bytes:
        """The wire form; spare bits are 0."""
        return bytes(self._bytes)

    def window(self, first: int, size: int) -> int:
        """The bits of `size` pieces from `first` on, both multiples of 8, as one number; the first piece is its highest
        bit. Bits beyond the last piece are 0."""
        part = self._bytes[first >> 3 : first + size >> 3]
        return int.from_bytes(part, "big") << size - len(part) * 8

    def copy(self) -> Bitfield:
        """An independent copy."""
        return Bitfield.from_bytes(self.size, self._bytes)

    def add(self, piece: int) -> bool:
        """Set a bit; whether it was new. IndexError outside."""
        if not 0 <= piece < self.size:
            raise IndexError(piece)
        mask = 0x80 >> (piece & 7)
        if self._bytes[piece >> 3] & mask:
            return False
        self._bytes[piece >> 3] |= mask
        self.count += 1
        return True

    def discard(self, piece: int) -> bool:
        """Clear a bit; whether it was set. IndexError outside."""
        if piece not in self:
            return False
        self._bytes[piece >> 3] &= ~(0x80 >> (piece & 7))
        self.count -= 1
        return True

    def __contains__(self, piece: int) -> bool:
        if not 0 <= piece < self.size:
            raise IndexError(piece)
        return bool(self._bytes[piece >> 3] & (0x80 >> (piece & 7)))

    def first_of(self, pieces: Iterable[int]) -> int | None:
        """The first of `pieces`, none of them outside, that is in the set: a loop without a call for each."""
        bits = self._bytes
        for piece in pieces:
            if bits[piece >> 3] & (0x80 >> (piece & 7)):
                return piece
        return None

    def flags(self) -> str:
        """A "1" for each piece that is in the set, a "0" for each other one: to count in many stretches."""
        return f"{int.from_bytes(self._bytes, 'big'):0{len(self._bytes) * 8}b}"[: self.size]

    def __iter__(self) -> Iterator[int]:
        """The pieces, ascending."""
        for start, byte in enumerate(self._bytes):
            if byte:
                for bit in range(8):
                    if byte & (0x80 >> bit):
                        yield start * 8 + bit

    def missing(self) -> Iterator[int]:
        """The pieces that are not in the set, ascending."""
        return (piece for piece in range(self.size) if not self._bytes[piece >> 3] & (0x80 >> (piece & 7)))

    def has_all(self) -> bool:
        return self.count == self.size

    def __len__(self) -> int:
        return self.count

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bitfield):
            return NotImplemented
        return self.size == other.size and self._bytes == other._bytes

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"<Bitfield {self.count}/{self.size}>"
