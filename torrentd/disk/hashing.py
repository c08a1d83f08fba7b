"""Hashes of pieces (BEP 3: SHA-1) and salted digests of their blocks.

hashlib releases the interpreter's lock for more than 2047 bytes at a time, so everything here is given big views.

When a piece fails, the blocks of several peers are suspects. A short keyed digest per block is kept until a good copy
of the piece arrives; the blocks whose digests differ were lies. The key is secret, so that nobody can make two blocks
of the same digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

from torrentd.model.geometry import BLOCK

HASH_SIZE = 20
"""SHA-1"""

DIGEST_SIZE = 8
"""64 bits under a secret key: a chance of 2^-64 to take a lie for the truth, and 8 bytes a block to remember."""

SALT_SIZE = 16


class Hasher(Protocol):
    """A hash in the making, as hashlib gives it."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...

    def digest(self) -> bytes: ...

    def copy(self) -> Hasher: ...


def hasher() -> Hasher:
    """A new hash of a piece."""
    return hashlib.sha1(usedforsecurity=False)


def piece_hash(data: bytes | bytearray | memoryview) -> bytes:
    """The hash of a whole piece, 20 bytes."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def expected_hash(hashes: bytes, piece: int) -> bytes:
    """What the metainfo says about a piece; `hashes` is its `pieces` string."""
    return hashes[piece * HASH_SIZE : (piece + 1) * HASH_SIZE]


def block_digests(data: memoryview, salt: bytes) -> list[bytes]:
    """A salted digest of each 16 KiB block; the last block may be shorter."""
    return list(_digests(data, salt))


def _digests(data: memoryview, salt: bytes) -> Iterator[bytes]:
    for begin in range(0, len(data), BLOCK):
        yield hashlib.blake2b(data[begin : begin + BLOCK], digest_size=DIGEST_SIZE, key=salt).digest()
