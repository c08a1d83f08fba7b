"""What the files of a simulated torrent hold: computed, never stored.

A block is a tag of 16 bytes, which follows from its piece's hash and its place, and zeros. Whoever knows the metainfo
can make every block and tell a wrong one, so hashing is a comparison of tags, and a disk of many GiB is a bitfield.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from torrentd.disk.hashing import DIGEST_SIZE, expected_hash
from torrentd.model.geometry import BLOCK
from torrentd.net.buffers import SERVE
from torrentd.wire.peer.messages import Range

TAG = 16
"""Bytes of a block that say which one it is."""

_PREFIX = 12
_ZEROS = memoryview(bytes(SERVE))


def tag(hashes: bytes, piece: int, begin: int) -> bytes:
    """The first bytes of the block at `begin`. `hashes`: 20 bytes a piece, as in the metainfo."""
    return expected_hash(hashes, piece)[:_PREFIX] + begin.to_bytes(TAG - _PREFIX, "big")


def spoiled(right: bytes) -> bytes:
    """A wrong block in the place of a right one."""
    return bytes(byte ^ 0xFF for byte in right)


def digest(begins: bytes) -> bytes:
    """A digest of a block by its first bytes, as long as those of `disk.hashing`."""
    return hashlib.blake2b(begins, digest_size=DIGEST_SIZE).digest()


def fill(hashes: bytes, ranges: Sequence[Range], into: memoryview, bad: frozenset[int] = frozenset()) -> None:
    """Write the ranges into `into`, back to back; the pieces in `bad` with wrong tags."""
    for start in range(0, len(into), len(_ZEROS)):
        some = into[start : start + len(_ZEROS)]
        some[:] = _ZEROS[: len(some)]
    position = 0
    for piece, begin, length in ranges:
        for at, words in _tags(hashes, piece, begin, length):
            words = spoiled(words) if piece in bad else words
            into[position + at : position + at + len(words)] = words
        position += length


def _tags(hashes: bytes, piece: int, begin: int, length: int) -> Iterator[tuple[int, bytes]]:
    """Where in a range there is (a part of) a tag, and which."""
    for block in range(begin - begin % BLOCK, begin + length, BLOCK):
        at = block - begin
        words = tag(hashes, piece, block)[max(0, -at) : length - at]
        if words:
            yield max(0, at), words
