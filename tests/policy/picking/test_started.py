from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from torrentd.policy.picking.started import Started

BLOCKS = 6


def test_free_blocks_are_missing_and_not_requested() -> None:
    started = Started(0, 0b1111)
    started.ask(0b0011)
    started.receive(0b0001)
    assert (started.missing, started.requested, started.free()) == (0b1110, 0b0010, 0b1100)


def test_what_was_asked_twice_must_be_given_back_twice() -> None:
    started = Started(0, 0b11)
    started.ask(0b11)
    started.ask(0b01)
    started.give_back(0b11)
    assert started.free() == 0b10
    started.give_back(0b01)
    assert started.free() == 0b11


@given(st.lists(st.tuples(st.booleans(), st.integers(0, (1 << BLOCKS) - 1))))
def test_layers_count_the_peers_that_were_asked(steps: list[tuple[bool, int]]) -> None:
    started = Started(0, (1 << BLOCKS) - 1)
    asked: Counter[int] = Counter()
    for ask, blocks in steps:
        chosen = [block for block in range(BLOCKS) if blocks >> block & 1 and (ask or asked[block])]
        block_set = sum(1 << block for block in chosen)
        if ask:
            started.ask(block_set)
            asked.update(chosen)
        else:
            started.give_back(block_set)
            asked.subtract(chosen)
        for peers in range(1, 6):
            assert started.asked_of(peers) == sum(1 << block for block in range(BLOCKS) if asked[block] == peers)


def test_received_blocks_are_asked_of_nobody() -> None:
    started = Started(0, 0b11)
    for _ in range(3):
        started.ask(0b11)
    started.receive(0b01)
    assert [started.asked_of(peers) for peers in (1, 2, 3)] == [0, 0, 0b10]
