"""Whom we left because neither wanted anything: when is it dialled again?"""

from __future__ import annotations

from itertools import pairwise

import pytest

from torrentd.model.address import Address
from torrentd.policy.peers.candidates import Candidates
from torrentd.policy.peers.order import SPACING
from torrentd.policy.peers.partings import ENOUGH_SEEDS, FIRST, LONGEST, LONGEST_OF_SEEDS


def at(number: int) -> Address:
    return Address(f"8.0.0.{number}", 6881)


def met(candidates: Candidates, count: int = 1, now: float = 0.0) -> list[Address]:
    """So many are named, dialled and connected."""
    candidates.add([at(number) for number in range(1, count + 1)], "tracker", now)
    found = [address for _ in range(count) if (address := candidates.take(now)) is not None]
    for address in found:
        candidates.connected(address, dialled=True)
    return found


@pytest.mark.parametrize(("seed", "longest"), [(False, LONGEST), (True, LONGEST_OF_SEEDS)])
def test_it_is_dialled_again_after_five_minutes_and_then_twice_as_long(seed: bool, longest: float) -> None:
    candidates = Candidates()
    (peer,) = met(candidates)
    times = [0.0]
    for _ in range(12):
        candidates.parted(peer, times[-1], seed)
        times.append(candidates.ready_at())
        assert candidates.take(times[-1]) == peer
        candidates.connected(peer, dialled=True)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits == [min(longest, FIRST * 2**number) for number in range(12)]


def test_use_ends_the_row_and_so_does_the_user() -> None:
    candidates = Candidates()
    (peer,) = met(candidates)
    for _ in range(2):
        candidates.parted(peer, 0.0, seed=False)
        candidates.connected(peer, dialled=False)
    candidates.closed(peer, 1000.0, useful=True)
    assert candidates.ready(1000.0)
    candidates.connected(peer, dialled=False)
    candidates.parted(peer, 2000.0, seed=False)
    assert candidates.ready_at() == 2000.0 + FIRST
    assert not candidates.add([peer], "user", 2001.0)
    assert candidates.ready_at() < 2001.0


def test_failures_before_it_was_met_do_not_count() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    now = 0.0
    for _ in range(6):
        now = max(now, candidates.ready_at())
        assert candidates.take(now) == at(1)
        candidates.failed(at(1), now)
    candidates.connected(at(1), dialled=False)
    candidates.parted(at(1), now, seed=False)
    assert candidates.ready_at() == now + FIRST


def test_when_something_is_missing_all_are_dialled_after_the_usual_minute() -> None:
    candidates = Candidates()
    for peer in met(candidates, 30):
        candidates.parted(peer, 1.0, seed=True)
    candidates.reunite(2.0)
    assert candidates.ready(SPACING - 1) == 0
    assert candidates.ready(SPACING) == 30
    candidates.reunite(SPACING)
    assert candidates.ready(SPACING) == 30


def test_of_many_seeds_only_some_are_looked_for_again() -> None:
    candidates = Candidates()
    peers = met(candidates, 2 * ENOUGH_SEEDS)
    for peer in peers:
        candidates.parted(peer, 0.0, seed=True)
    assert candidates.ready(1e9) == ENOUGH_SEEDS
    assert candidates.take(1e9) == peers[0]
    candidates.connected(peers[0], dialled=True)
    candidates.connected(peers[-1], dialled=False)
    candidates.parted(peers[-1], 1e9, seed=True)
    assert candidates.ready(2e9) == ENOUGH_SEEDS, "one went and another took its place"


def test_those_who_have_a_part_are_all_looked_for() -> None:
    candidates = Candidates()
    for peer in met(candidates, 30):
        candidates.parted(peer, 0.0, seed=False)
    assert candidates.ready(FIRST) == 30


def test_who_is_connected_still_is_not_looked_for() -> None:
    candidates = Candidates()
    (peer,) = met(candidates)
    candidates.connected(peer, dialled=False)
    candidates.parted(peer, 0.0, seed=True)
    candidates.reunite(0.0)
    assert candidates.ready(1e9) == 0
    candidates.parted(peer, 0.0, seed=True)
    assert candidates.ready_at() == FIRST


def test_who_was_forgotten_meanwhile_or_never_known_is_of_no_interest() -> None:
    candidates = Candidates()
    (peer,) = met(candidates)
    candidates.parted(peer, 0.0, seed=True)
    candidates.exclude(peer)
    candidates.connected(at(9), dialled=False)
    candidates.parted(at(9), 0.0, seed=True)
    candidates.reunite(1.0)
    assert candidates.ready(1e9) == 0
