from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.geometry import BLOCK, Geometry

geometries = st.builds(Geometry, st.integers(1, 10**7), st.integers(1, 10**6).map(lambda size: max(size, 10**3)))


@given(geometries)
def test_pieces_and_blocks_add_up(geometry):
    lengths = [geometry.piece_length(piece) for piece in range(geometry.piece_count)]
    assert sum(lengths) == geometry.size
    assert all(length == geometry.piece_size for length in lengths[:-1])
    assert 0 < lengths[-1] == geometry.last_piece_size <= geometry.piece_size
    for piece in (0, geometry.piece_count - 1):
        blocks = [geometry.block_length(piece, block) for block in range(geometry.block_count(piece))]
        assert sum(blocks) == geometry.piece_length(piece)
        assert all(length == BLOCK for length in blocks[:-1])
        assert 0 < blocks[-1] <= BLOCK
        assert geometry.blocks_length(piece, geometry.all_blocks(piece)) == geometry.piece_length(piece)


@given(geometries, st.data())
def test_the_bytes_of_a_block_set(geometry, data):
    piece = data.draw(st.sampled_from([0, geometry.piece_count - 1]))
    blocks = data.draw(st.integers(0, geometry.all_blocks(piece)))
    lengths = [
        geometry.block_length(piece, block) for block in range(geometry.block_count(piece)) if blocks >> block & 1
    ]
    assert geometry.blocks_length(piece, blocks) == sum(lengths)


def test_what_is_a_range():
    geometry = Geometry(size=100, piece_size=30)
    inside = [(0, 0, 30), (0, 29, 1), (3, 0, 10), (3, 9, 1)]
    outside = [
        (0, 0, 0),
        (0, 0, -1),
        (0, -1, 5),
        (0, 0, 31),
        (0, 30, 1),
        (3, 0, 11),
        (4, 0, 1),
        (-1, 0, 1),
        (0, 2**32, 1),
    ]
    assert all(geometry.is_range(*where) for where in inside)
    assert not any(geometry.is_range(*where) for where in outside)


@pytest.mark.parametrize(("size", "piece_size"), [(0, 1), (1, 0), (-1, 1), (1, -1)])
def test_nothing_has_no_geometry(size, piece_size):
    with pytest.raises(ValueError, match="positive"):
        Geometry(size, piece_size)
