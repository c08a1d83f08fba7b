from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.geometry import BLOCK, Geometry
from torrentd.policy.picking import blocks


def test_a_span_is_a_run_of_ones() -> None:
    assert blocks.span(2, 3) == 0b11100


@given(st.integers(min_value=0, max_value=1 << 80))
def test_runs_put_together_are_the_set_and_never_touch(block_set: int) -> None:
    found = list(blocks.runs(block_set))
    assert sum(blocks.span(first, count) for first, count in found) == block_set
    assert all(first + count < after for (first, count), (after, _) in pairwise(found))


@given(st.integers(min_value=0, max_value=1 << 80), st.integers(min_value=1, max_value=90))
def test_the_lowest_blocks_are_the_first_ones(block_set: int, count: int) -> None:
    members = [block for block in range(81) if block_set >> block & 1]
    assert blocks.lowest(block_set, count) == sum(1 << block for block in members[:count])


def test_ranges_end_with_the_piece() -> None:
    geometry = Geometry(size=10 * BLOCK + 5, piece_size=4 * BLOCK)
    assert blocks.ranges(geometry, 0, 0b1011) == [(0, 0, 2 * BLOCK), (0, 3 * BLOCK, BLOCK)]
    assert blocks.ranges(geometry, 2, 0b111) == [(2, 0, 2 * BLOCK + 5)]
