"""What a peer asked for, against a plain list of blocks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.swarm.evaluator import blocks_of
from torrentd.model.geometry import BLOCK, Geometry
from torrentd.swarm.uploading.unserved import LARGEST, Unserved
from torrentd.wire.peer.messages import Range

SHORT = 1000
GEOMETRY = Geometry(3 * 5 * BLOCK - SHORT, 5 * BLOCK)  # the last block of the last piece is shorter


def _blocks(unserved: Unserved) -> list[Range]:
    """All blocks that are served from now on, in this order."""
    found: list[Range] = []
    while unserved.count:
        size = unserved.next_size()
        found += blocks_of(unserved.take(32), size)
    return found


def test_pieces_come_in_the_order_of_their_first_request_each_from_its_lowest_block() -> None:
    unserved = Unserved(GEOMETRY)
    for piece, block in ((2, 3), (0, 4), (2, 0), (2, 1)):
        unserved.add(piece, block * BLOCK, BLOCK, 1)
    assert unserved.ranges() == [(2, 0, 2 * BLOCK), (2, 3 * BLOCK, BLOCK), (0, 4 * BLOCK, BLOCK)]
    assert unserved.take(3) == [(2, 0, 2 * BLOCK), (2, 3 * BLOCK, BLOCK)]
    assert unserved.take(3) == [(0, 4 * BLOCK, BLOCK)]
    assert unserved.count == 0


def test_a_run_is_cut_where_enough_was_taken() -> None:
    unserved = Unserved(GEOMETRY)
    unserved.add(0, 0, BLOCK, 5)
    assert unserved.take(2) == [(0, 0, 2 * BLOCK)]
    assert unserved.take(9) == [(0, 2 * BLOCK, 3 * BLOCK)]


def test_the_last_block_is_short() -> None:
    unserved = Unserved(GEOMETRY)
    unserved.add(2, 4 * BLOCK, BLOCK - SHORT, 1)
    unserved.add(2, 3 * BLOCK, BLOCK, 1)
    assert unserved.next_size() == BLOCK
    assert unserved.take(2) == [(2, 3 * BLOCK, 2 * BLOCK - SHORT)]


def test_blocks_that_begin_or_end_elsewhere_go_first_and_whole() -> None:
    unserved = Unserved(GEOMETRY)
    unserved.add(0, 0, BLOCK, 1)
    unserved.add(0, 0, LARGEST, 2)
    unserved.add(1, 7, BLOCK, 1)
    assert (unserved.count, unserved.next_size()) == (4, LARGEST)
    assert unserved.take(2) == [(0, 0, LARGEST), (0, LARGEST, LARGEST)]
    assert unserved.take(2) == [(1, 7, BLOCK)]
    assert (unserved.next_size(), unserved.take(2)) == (BLOCK, [(0, 0, BLOCK)])


def test_what_is_put_back_comes_before_the_rest() -> None:
    unserved = Unserved(GEOMETRY)
    for piece in (0, 1, 2):
        unserved.add(piece, 0, BLOCK, 2)
    taken = unserved.take(3)
    unserved.add(0, BLOCK, BLOCK, 1)
    unserved.put_back(taken, BLOCK)
    assert unserved.count == 6
    assert _blocks(unserved) == [(piece, begin, BLOCK) for piece in (0, 1, 2) for begin in (0, BLOCK)]


def test_each_block_as_it_was_asked_for() -> None:
    unserved = Unserved(GEOMETRY)
    for block in [(0, 7, 20000, 1), (1, 0, BLOCK, 2)]:
        unserved.add(*block)
    assert unserved.blocks() == [(0, 7, 20000), (1, 0, BLOCK), (1, BLOCK, BLOCK)]
    assert unserved.drop(0) == [(0, 7, 20000)]
    assert unserved.drop(1) == [(1, 0, BLOCK), (1, BLOCK, BLOCK)]
    assert (unserved.count, unserved.blocks(), unserved.drop(1)) == (0, [], [])


def test_a_cancel_far_outside_is_nothing() -> None:
    unserved = Unserved(GEOMETRY)
    unserved.add(0, 0, BLOCK, 1)
    assert not unserved.remove(0, 2**32 - BLOCK, BLOCK)
    assert not unserved.remove(2**32 - 1, 0, BLOCK)
    assert unserved.count == 1


usual = st.builds(lambda piece, block: (piece, block * BLOCK, BLOCK), st.integers(0, 1), st.integers(0, 4))
unusual = st.sampled_from([(0, 5, BLOCK), (1, BLOCK, 2 * BLOCK), (0, BLOCK, 7), (1, 4 * BLOCK, BLOCK - SHORT)])
block = st.one_of(usual, unusual, st.just((2, 4 * BLOCK, BLOCK - SHORT)))
step = st.one_of(
    st.tuples(st.just("add"), block),
    st.tuples(st.just("remove"), block),
    st.tuples(st.just("drop"), st.integers(0, 2)),
    st.tuples(st.just("take"), st.integers(1, 6)),
    st.tuples(st.just("put back"), st.integers(1, 6)),
)


@given(st.lists(step, max_size=40))
def test_nothing_is_lost_or_there_twice(steps: list[tuple[str, object]]) -> None:
    unserved, model = Unserved(GEOMETRY), set[object]()
    for what, argument in steps:
        match what, argument:
            case "add", (int(piece), int(begin), int(length)):
                unserved.add(piece, begin, length, 1)
                model.add(argument)
            case "remove", (int(piece), int(begin), int(length)):
                assert unserved.remove(piece, begin, length) == (argument in model)
                model.discard(argument)
            case "drop", int(piece):
                unserved.drop(piece)
                model = {one for one in model if one[0] != piece}  # type: ignore[index]
            case "take", int(most):
                size = unserved.next_size()
                taken = list(blocks_of(unserved.take(most), size))
                assert len(taken) <= most and set(taken) <= model
                model -= set(taken)
            case "put back", int(most):
                size = unserved.next_size()
                unserved.put_back(unserved.take(most), size)
        assert unserved.count == len(model)
    assert sorted(_blocks(unserved)) == sorted(model)  # type: ignore[type-var]


def test_nothing_is_left_when_cleared() -> None:
    unserved = Unserved(GEOMETRY)
    unserved.add(0, 0, BLOCK, 3)
    unserved.add(0, 3, BLOCK, 1)
    unserved.clear()
    assert (unserved.count, unserved.ranges(), unserved.take(1)) == (0, [], [])
