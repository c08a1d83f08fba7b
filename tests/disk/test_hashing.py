from __future__ import annotations

import hashlib

from torrentd.disk.hashing import block_digests, expected_hash, hasher, piece_hash
from torrentd.model.geometry import BLOCK

SALT = bytes(range(16))


def test_a_piece_is_hashed_whole_or_as_it_comes() -> None:
    sha = hasher()
    sha.update(b"ab")
    copy = sha.copy()
    sha.update(b"c")
    assert sha.digest() == piece_hash(b"abc") == hashlib.sha1(b"abc").digest()
    assert copy.digest() == piece_hash(b"ab")


def test_the_metainfo_tells_the_hash_of_each_piece() -> None:
    hashes = bytes(20) + b"x" * 20
    assert expected_hash(hashes, 1) == b"x" * 20


def test_there_is_a_short_digest_for_each_block() -> None:
    data = bytearray(2 * BLOCK + 5)
    before = block_digests(memoryview(data), SALT)
    data[BLOCK] = 1
    after = block_digests(memoryview(data), SALT)
    assert [len(digest) for digest in before] == [8, 8, 8]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True]


def test_digests_depend_on_the_salt() -> None:
    data = memoryview(bytes(BLOCK))
    assert block_digests(data, SALT) != block_digests(data, bytes(16))
