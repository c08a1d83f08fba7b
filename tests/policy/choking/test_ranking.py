"""The two orders, each rule on its own."""

from __future__ import annotations

from random import Random

from torrentd.model.ids import PeerKey
from torrentd.policy.choking.ranking import QUOTA, SHORTEST_TURN, TURN, Candidate, by_reciprocation, by_turn, turn_over


def peer(
    key: int,
    *,
    interested: bool = True,
    unchoked: bool = False,
    since: float = 0.0,
    rate: float = 0.0,
    sent: int = 0,
    snubbed: bool = False,
) -> Candidate:
    return Candidate(PeerKey(key), interested, unchoked, since, 0.0, rate, sent, snubbed)


def keys(candidates: list[Candidate]) -> list[int]:
    return [candidate.peer for candidate in candidates]


def test_a_leech_ranks_by_what_it_gets() -> None:
    assert keys(by_reciprocation([peer(1, rate=5.0), peer(2, rate=9.0), peer(3, rate=7.0)])) == [2, 3, 1]


def test_a_leech_leaves_out_the_uninterested_the_snubbing_and_who_gives_nothing() -> None:
    out = [peer(1, interested=False, rate=9.0), peer(2, snubbed=True, rate=9.0), peer(4)]
    assert keys(by_reciprocation([*out, peer(3, rate=1.0)])) == [3]


def test_a_leech_keeps_slots_where_they_are_when_nothing_else_differs() -> None:
    equals = [peer(1, since=5.0, rate=1.0), peer(2, unchoked=True, since=9.0, rate=1.0), peer(3, since=1.0, rate=1.0)]
    assert keys(by_reciprocation(equals)) == [2, 3, 1]


def test_a_seed_ranks_turns_under_way_then_the_longest_wait_then_turns_that_are_over() -> None:
    now = 1000.0
    candidates = [
        peer(1, unchoked=True, since=now - TURN - 1),
        peer(2, unchoked=True, since=now - TURN - 9),
        peer(3, since=now - 5),
        peer(4, since=now - 50),
        peer(5, unchoked=True, since=now - 3),
        peer(6, interested=False, unchoked=True, since=now - 3),
    ]
    assert keys(by_turn(candidates, now, Random(1), TURN)) == [5, 4, 3, 1, 2]


def test_a_turn_ends_by_time_or_early_by_quota() -> None:
    assert not turn_over(peer(1, sent=QUOTA - 1), TURN - 1, TURN)
    assert turn_over(peer(1, sent=0), TURN, TURN)
    assert turn_over(peer(1, sent=QUOTA), SHORTEST_TURN, TURN)
    assert not turn_over(peer(1, sent=100 * QUOTA), SHORTEST_TURN - 1, TURN)
