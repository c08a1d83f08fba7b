from __future__ import annotations

from collections import Counter
from itertools import chain
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.bitfield import Bitfield
from torrentd.model.layout import Priority
from torrentd.policy.picking.availability import Availability

PIECES = 12


def _full_pool(rng: Random) -> Availability:
    availability = Availability(PIECES, rng)
    availability.fill(list(range(PIECES)), Priority.NORMAL)
    return availability


def _pool(availability: Availability) -> list[int]:
    return list(chain.from_iterable(availability.rarest()))


def test_rarer_pieces_come_first_and_absent_ones_not_at_all() -> None:
    availability = _full_pool(Random(1))
    availability.joined(Bitfield(PIECES, [3, 4, 5]))
    availability.joined(Bitfield(PIECES, [4, 5]))
    availability.joined(Bitfield(PIECES, [5]))
    assert _pool(availability) == [3, 4, 5]


def test_what_only_seeds_have_is_left_out_for_a_leech() -> None:
    availability = _full_pool(Random(1))
    availability.joined(Bitfield.full(PIECES))
    availability.joined(Bitfield(PIECES, [3, 5]))
    assert sorted(chain.from_iterable(availability.rarest(of_leech=True))) == [3, 5]


def test_priority_goes_before_rarity() -> None:
    availability = _full_pool(Random(1))
    availability.joined(Bitfield.full(PIECES))
    availability.joined(Bitfield(PIECES, [7]))
    availability.add(7, Priority.HIGH)
    availability.add(2, Priority.LOW)
    order = _pool(availability)
    assert (order[0], order[-1]) == (7, 2)
    assert sorted(order) == list(range(PIECES))


def test_seeds_make_every_piece_available_at_once() -> None:
    availability = _full_pool(Random(1))
    assert _pool(availability) == []
    availability.joined(Bitfield.full(PIECES))
    assert sorted(_pool(availability)) == list(range(PIECES))
    assert availability.counts() == [1] * PIECES
    availability.left(Bitfield.full(PIECES))
    assert availability.counts() == [0] * PIECES


def test_a_leech_that_completes_counts_as_a_seed() -> None:
    availability = _full_pool(Random(1))
    have = Bitfield(PIECES, range(PIECES - 1))
    availability.joined(have)
    have.add(PIECES - 1)
    availability.gained(PIECES - 1)
    availability.became_seed()
    assert (availability.seeds, availability.counts()) == (1, [1] * PIECES)
    availability.ceased_to_seed()
    assert (availability.seeds, availability.counts()) == (0, [1] * PIECES)
    availability.became_seed()
    availability.left(have)
    assert (availability.seeds, availability.counts()) == (0, [0] * PIECES)
    availability.check()


def test_equally_rare_pieces_come_in_any_order() -> None:
    firsts: Counter[int] = Counter()
    for seed in range(600):
        availability = Availability(PIECES, Random(seed))
        for piece in range(PIECES):
            availability.add(piece, Priority.NORMAL)
        availability.seeds = 1
        firsts[_pool(availability)[0]] += 1
    assert set(firsts) == set(range(PIECES))
    assert min(firsts.values()) > 20  # 50 expected of each


@given(st.integers(), st.lists(st.tuples(st.integers(0, 4), st.integers(0, PIECES - 1), st.sampled_from(Priority))))
def test_every_piece_is_where_it_says_it_is(seed: int, steps: list[tuple[int, int, Priority]]) -> None:
    availability = Availability(PIECES, Random(seed))
    peers = Counter[int]()
    pool: dict[int, Priority] = {}
    for step, piece, priority in steps:
        if step == 0 and priority:
            availability.add(piece, priority)
            pool[piece] = priority
        elif step == 1:
            assert availability.remove(piece) == (pool.pop(piece, None) is not None)
        elif step == 2:
            availability.gained(piece)
            peers[piece] += 1
        elif step == 3 and peers[piece]:
            availability.lost(piece)
            peers[piece] -= 1
        availability.check()
    assert availability.counts() == [peers[piece] for piece in range(PIECES)]
    expected = sorted((-pool[piece], peers[piece]) for piece in pool if peers[piece])
    assert [(-availability.priority(p), availability.count(p)) for p in _pool(availability)] == expected
