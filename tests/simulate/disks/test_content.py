from __future__ import annotations

from random import Random

from torrentd.model.geometry import BLOCK
from torrentd.simulate.disks.content import TAG, digest, fill, spoiled, tag

HASHES = Random(1).randbytes(60)
PIECE = 4 * BLOCK


def content(*ranges: tuple[int, int, int], bad: frozenset[int] = frozenset()) -> bytes:
    data = bytearray(b"\xaa" * sum(length for _, _, length in ranges))
    fill(HASHES, list(ranges), memoryview(data), bad)
    return bytes(data)


def test_a_block_is_its_tag_and_zeros() -> None:
    assert content((1, BLOCK, BLOCK)) == tag(HASHES, 1, BLOCK) + bytes(BLOCK - TAG)


def test_ranges_of_any_place_and_length_are_cut_out_of_the_same_content() -> None:
    whole = content((0, 0, PIECE))
    for begin, length in [(0, 1), (3, 10), (BLOCK - 5, 10), (BLOCK + 4, 2 * BLOCK), (PIECE - 1, 1), (100, 50)]:
        assert content((0, begin, length)) == whole[begin : begin + length]


def test_several_ranges_stand_back_to_back() -> None:
    assert content((0, 0, BLOCK), (2, BLOCK, 100)) == content((0, 0, BLOCK)) + content((2, BLOCK, 100))


def test_more_than_a_buffer_is_filled() -> None:
    assert content((0, 0, 100 * BLOCK)) == b"".join(content((0, block * BLOCK, BLOCK)) for block in range(100))


def test_bad_pieces_differ_in_every_block() -> None:
    assert content((1, 0, BLOCK), bad=frozenset([1]))[:TAG] == spoiled(tag(HASHES, 1, 0))


def test_blocks_have_different_tags_and_digests() -> None:
    tags = [tag(HASHES, piece, block * BLOCK) for piece in range(3) for block in range(4)]
    assert len(set(tags)) == len(set(map(digest, tags))) == 12
