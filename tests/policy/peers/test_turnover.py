from __future__ import annotations

from torrentd.model.ids import PeerKey
from torrentd.policy.peers.turnover import (
    FRUITLESS,
    NEVER,
    UNWANTED,
    Link,
    displaced,
    expendable,
    expiry,
    weakest,
    worth,
)


def _link(key: int, wanted: bool, useful_at: float) -> Link:
    return Link(PeerKey(key), wanted, useful_at)


def test_nobody_goes_before_its_time() -> None:
    links = [_link(1, False, 10.0), _link(2, True, 0.0)]
    assert expiry(links) == 10 + UNWANTED
    assert weakest(links, 10 + UNWANTED - 0.1) is None
    assert weakest(links, 10 + UNWANTED) == 1
    assert expiry([]) == NEVER
    assert weakest([], 1e9) is None


def test_the_unwanted_go_before_the_fruitless_and_the_longest_useless_first() -> None:
    links = [_link(1, True, 0.0), _link(2, False, 9.0), _link(3, False, 8.0), _link(4, True, FRUITLESS)]
    gone = []
    while (key := weakest(links, FRUITLESS + 20)) is not None:
        gone.append(key)
        links = [link for link in links if link.peer != key]
    assert gone == [3, 2, 1]


def test_of_equals_goes_what_is_worth_least_to_both_ends() -> None:
    links = [Link(PeerKey(1), True, 0.0, 9), Link(PeerKey(2), True, 50.0, 3), Link(PeerKey(3), True, 10.0, 7)]
    assert weakest(links, 1000.0) == 2


def test_a_newcomer_takes_the_place_of_what_is_worth_less_and_idle() -> None:
    links = [Link(PeerKey(1), True, 0.0, 3), Link(PeerKey(2), True, 50.0, 2), Link(PeerKey(3), False, 10.0, 5)]
    assert displaced(links, 9, UNWANTED - 1) is None
    assert displaced(links, 9, UNWANTED) == 1
    assert displaced(links, 9, 50 + UNWANTED) == 3  # nobody wants anything of it
    assert displaced(links, 5, 50 + UNWANTED) == 2
    assert displaced(links, 2, 50 + UNWANTED) is None
    assert displaced([], 9, 1e9) is None


def test_who_goes_for_a_newcomer() -> None:
    """Whoever leads nowhere, or else whoever is idle and worth less; nobody for one who is worth less than all."""
    busy = Link(PeerKey(1), wanted=True, useful_at=95.0, priority=1)
    idle = Link(PeerKey(2), wanted=True, useful_at=0.0, priority=5)
    assert expendable([busy, idle], 9, 100.0) is idle
    assert expendable([busy, idle], 4, 100.0) is None
    assert expendable([busy], 9, 100.0) is None
    assert expendable([], 9, 100.0) is None
    nowhere = Link(PeerKey(3), wanted=False, useful_at=40.0, priority=8)
    assert expendable([busy, idle, nowhere], 0, 100.0) is nowhere
    assert min([busy, idle, nowhere], key=worth) is nowhere
