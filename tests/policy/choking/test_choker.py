"""The choker by its purposes: reciprocation for a leech, fair time for a seed, a chance for newcomers, no waiting for
a free slot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.ids import PeerKey
from torrentd.policy.choking.choker import OPTIMISTIC_PERIOD, ROUND, SLOTS, choose, fill
from torrentd.policy.choking.ranking import TURN, Candidate


def peer(
    key: int,
    *,
    interested: bool = True,
    unchoked: bool = False,
    rate: float = 0.0,
    snubbed: bool = False,
    at: float = 0.0,
) -> Candidate:
    return Candidate(PeerKey(key), interested, unchoked, at, at, rate, 0, snubbed)


def apply(candidates: Sequence[Candidate], unchoked: list[PeerKey], now: float) -> None:
    """Do what the torrent does with the answer of `choose`."""
    for candidate in candidates:
        if candidate.unchoked != (candidate.peer in unchoked):
            candidate.unchoked = not candidate.unchoked
            candidate.since = now
            candidate.sent = 0


def rounds(candidates: list[Candidate], count: int, seeding: bool, slots: int = SLOTS, seed: int = 1) -> Counter[int]:
    """Rounds that each peer spent unchoked."""
    rng, held = Random(seed), Counter[int]()
    for number in range(count):
        now = number * ROUND
        chosen = choose(candidates, slots, seeding, now, rng)
        assert len(chosen) == len(set(chosen)) <= slots
        apply(candidates, chosen, now)
        held.update(chosen)
    return held


def test_the_best_uploaders_hold_the_regular_slots() -> None:
    candidates = [peer(key, rate=float(key)) for key in range(30)]
    held = rounds(candidates, 60, seeding=False)
    assert all(held[key] == 60 for key in range(23, 30))


def test_the_optimistic_slot_goes_round_and_changes_every_period() -> None:
    candidates = [peer(key, rate=float(key)) for key in range(12)]
    rng, seen = Random(3), []
    for number in range(150):
        chosen = choose(candidates, SLOTS, False, number * ROUND, rng)
        apply(candidates, chosen, number * ROUND)
        assert chosen[:7] == [11, 10, 9, 8, 7, 6, 5]
        seen.append(chosen[7])
    per_period = int(OPTIMISTIC_PERIOD / ROUND)
    turns = seen[::per_period]
    assert [turn for turn in turns for _ in range(per_period)] == seen
    assert all(sorted(turns[first : first + 5]) == list(range(5)) for first in range(0, len(turns), 5))


def test_slots_that_no_uploader_earns_go_round_as_well() -> None:
    held = rounds([peer(key) for key in range(9)] + [peer(9, rate=5.0)], 180, seeding=False, slots=3)
    assert held[9] == 180
    period = OPTIMISTIC_PERIOD / ROUND
    assert all(abs(held[key] - 40) < period for key in range(9))  # 360 rounds for nine, in whole periods


def test_who_never_had_a_turn_comes_first() -> None:
    candidates = [*(peer(key, rate=9.0) for key in range(7)), peer(7, at=-500.0), peer(8, at=995.0)]
    candidates[7].connected_at = -900.0
    assert choose(candidates, SLOTS, False, 1000.0, Random(1))[7] == 8


def test_a_snubbing_peer_comes_after_every_uploader() -> None:
    candidates = [peer(1, rate=9.0, snubbed=True), peer(2, rate=1.0), peer(3, rate=2.0)]
    assert choose(candidates, SLOTS, False, 0.0, Random(1)) == [3, 2, 1]


def test_who_earned_a_regular_slot_makes_way_in_the_optimistic_one() -> None:
    candidates = [peer(key, rate=float(10 - key)) for key in range(10)]
    candidates[0].unchoked = True
    chosen = choose(candidates, SLOTS, False, 10.0, Random(1))
    assert chosen[:7] == [0, 1, 2, 3, 4, 5, 6]
    assert chosen[7] in (7, 8, 9)


def test_all_interested_peers_are_unchoked_while_there_are_slots() -> None:
    candidates = [peer(key, rate=float(key)) for key in range(SLOTS)] + [peer(99, interested=False)]
    for seeding in (False, True):
        assert sorted(choose(candidates, SLOTS, seeding, 0.0, Random(1))) == list(range(SLOTS))


def test_one_slot_goes_to_the_best_and_no_slot_to_nobody() -> None:
    candidates = [peer(1, rate=1.0), peer(2, rate=2.0)]
    assert choose(candidates, 1, False, 0.0, Random(1)) == [2]
    assert choose(candidates, 0, False, 0.0, Random(1)) == []
    assert choose(candidates, 0, True, 0.0, Random(1)) == []
    assert fill(candidates, 0, True, 0.0, Random(1)) == []


def test_a_seed_gives_everybody_the_same_time() -> None:
    for count in (9, 13, 24, 40):
        number = 600
        held = rounds([peer(key) for key in range(count)], number, seeding=True)
        mean = number * SLOTS / count
        assert sum(held.values()) == number * SLOTS
        assert all(abs(time - mean) <= 2.5 * TURN / ROUND for time in held.values()), f"{count} peers"


def test_a_seed_gives_a_newcomer_a_turn_while_others_are_greedy() -> None:
    candidates = [peer(key) for key in range(12)]
    rng = Random(1)
    for number in range(30):
        apply(candidates, choose(candidates, SLOTS, True, number * ROUND, rng), number * ROUND)
    newcomer = peer(99, at=295.0)
    candidates.append(newcomer)
    for number in range(30, 30 + int(2 * TURN / ROUND) + 1):
        apply(candidates, choose(candidates, SLOTS, True, number * ROUND, rng), number * ROUND)
        if newcomer.unchoked:
            return
    raise AssertionError("the newcomer waited for more than two turns")


def test_a_free_slot_is_given_at_once() -> None:
    for seeding in (False, True):
        candidates = [peer(key, unchoked=True) for key in range(SLOTS - 1)] + [peer(50)]
        assert fill(candidates, SLOTS, seeding, 1.0, Random(1)) == [50]


def test_fill_does_nothing_when_all_slots_are_used() -> None:
    candidates = [peer(key, unchoked=True) for key in range(SLOTS)] + [peer(50, rate=1e9)]
    assert fill(candidates, SLOTS, False, 1.0, Random(1)) == []


def test_an_uninterested_peer_uses_no_slot() -> None:
    candidates = [peer(key, unchoked=True) for key in range(SLOTS - 1)] + [peer(40, interested=False, unchoked=True)]
    candidates.append(peer(50))
    assert fill(candidates, SLOTS, False, 1.0, Random(1)) == [50]


def test_fill_gives_a_snubbing_peer_a_slot_that_nobody_earned() -> None:
    assert fill([peer(1, unchoked=True), peer(2, snubbed=True)], SLOTS, False, 1.0, Random(1)) == [2]


def test_a_round_right_after_fill_takes_nothing_away_while_there_is_room() -> None:
    candidates, rng = [peer(key) for key in range(SLOTS)], Random(1)
    apply(candidates, fill(candidates, SLOTS, False, 1.0, rng), 1.0)
    assert sorted(choose(candidates, SLOTS, False, 2.0, rng)) == list(range(SLOTS))


many = st.lists(
    st.builds(
        Candidate,
        peer=st.integers(0, 40).map(PeerKey),
        interested=st.booleans(),
        unchoked=st.booleans(),
        since=st.floats(0, 100),
        connected_at=st.floats(0, 100),
        rate=st.sampled_from([0.0, 1.0, 50.0]),
        sent=st.integers(0, 1 << 28),
        snubbed=st.booleans(),
    ),
    unique_by=lambda candidate: candidate.peer,
    max_size=30,
)


@given(many, st.integers(0, 10), st.booleans(), st.integers(0, 5))
def test_bounds_hold_for_everybody(candidates: list[Candidate], slots: int, seeding: bool, seed: int) -> None:
    interested = {c.peer for c in candidates if c.interested}
    chosen = choose(candidates, slots, seeding, 100.0, Random(seed))
    assert len(set(chosen)) == len(chosen) <= slots
    assert set(chosen) <= interested
    assert chosen == choose(candidates, slots, seeding, 100.0, Random(seed))
    assert len(chosen) >= min(slots, len(interested))

    filled = fill(candidates, slots, seeding, 100.0, Random(seed))
    held = {c.peer for c in candidates if c.interested and c.unchoked}
    assert not set(filled) & {c.peer for c in candidates if c.unchoked}
    assert set(filled) <= interested
    assert len(held) + len(filled) <= max(slots, len(held))
