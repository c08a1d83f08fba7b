from __future__ import annotations

import random

from torrentd.dht.schedule import FIRST_HUNGRY, HUNGRY, INTERVAL, JITTER, NEVER, PACE, Rank, Schedule, rank

A, B, C = b"a" * 20, b"b" * 20, b"c" * 20


def make() -> Schedule:
    return Schedule(random.Random(1))


def turns(schedule: Schedule, now: float) -> list[bytes]:
    return list(iter(lambda: schedule.next_turn(now), None))


def test_the_first_turn_is_at_once():
    schedule = make()
    assert schedule.next_deadline() == NEVER
    schedule.track(A, Rank.IN_USE, 5.0)
    assert schedule.next_deadline() == 5.0
    assert turns(schedule, 5.0) == [A]
    assert turns(schedule, 6.0) == []


def test_the_next_is_an_interval_later():
    schedule = make()
    schedule.track(A, Rank.IN_USE, 0.0)
    assert schedule.next_turn(0.0) == A
    schedule.searched(A, Rank.IN_USE, False, 0.0)
    at = schedule.next_deadline()
    assert INTERVAL * (1 - JITTER) <= at <= INTERVAL * (1 + JITTER)
    assert turns(schedule, at - 1) == []
    assert turns(schedule, at) == [A]


def test_sooner_while_it_is_hungry_but_ever_later():
    schedule, now, waits = make(), 0.0, []
    schedule.track(A, Rank.IN_USE, now)
    for _ in range(7):
        assert schedule.next_turn(now) == A
        schedule.searched(A, Rank.IN_USE, True, now)
        waits.append(schedule.next_deadline() - now)
        now = schedule.next_deadline()
    for number, wait in enumerate(waits):
        wanted = min(HUNGRY, FIRST_HUNGRY * 2**number)
        assert wanted * (1 - JITTER) <= wait <= wanted * (1 + JITTER)
    schedule.next_turn(now)
    schedule.searched(A, Rank.IN_USE, False, now)
    now = schedule.next_deadline()
    assert schedule.next_turn(now) == A
    schedule.searched(A, Rank.IN_USE, True, now)
    assert schedule.next_deadline() - now <= FIRST_HUNGRY * (1 + JITTER)


def test_those_who_want_and_those_who_offer_take_turns():
    schedule = make()
    for number in range(20):
        schedule.track(bytes([number]) * 20, Rank.OFFERING, 0.0)
        schedule.track(bytes([100 + number]) * 20, Rank.WANTING, 5.0)
    seen = [turns(schedule, 5.0 + number * PACE) for number in range(40)]
    assert [len(some) for some in seen] == [1] * 40
    kinds = [some[0][0] >= 100 for some in seen]
    assert kinds == [True, False] * 20


def test_rank():
    assert rank(hungry=True, urgent=True) is rank(hungry=False, urgent=True) is Rank.IN_USE
    assert rank(hungry=True, urgent=False) is Rank.WANTING
    assert rank(hungry=False, urgent=False) is Rank.OFFERING


def test_a_seed_that_is_visited_keeps_its_interval():
    schedule = make()
    for number in range(1000):
        schedule.track(number.to_bytes(20, "big"), Rank.OFFERING, 0.0)
    schedule.track(A, Rank.OFFERING, 0.0)
    schedule.searched(A, Rank.IN_USE, False, 0.0)
    schedule.next_turn(0.0)
    seen = [(now, turn) for now in range(1, 1500) for turn in turns(schedule, float(now)) if turn == A]
    assert len(seen) == 1
    assert seen[0][0] <= INTERVAL * (1 + JITTER) + 1


def test_those_in_use_go_first():
    schedule = make()
    schedule.track(A, Rank.OFFERING, 0.0)
    schedule.track(B, Rank.IN_USE, 1.0)
    assert turns(schedule, 1.0) == [B, A]


def test_the_others_are_spaced_out():
    schedule = make()
    hashes = [number.to_bytes(20, "big") for number in range(5000)]
    for info_hash in hashes:
        schedule.track(info_hash, Rank.OFFERING, 0.0)
    assert len(turns(schedule, 0.0)) == 1
    assert schedule.next_deadline() == PACE
    seen = [turns(schedule, number * PACE) for number in range(1, 5000)]
    assert all(len(some) == 1 for some in seen)
    assert len({some[0] for some in seen}) == 4999  # everybody before anybody a second time


def test_tracking_twice_changes_nothing():
    schedule = make()
    schedule.track(A, Rank.IN_USE, 0.0)
    schedule.next_turn(0.0)
    schedule.track(A, Rank.OFFERING, 10.0)
    schedule.track(A, Rank.IN_USE, 10.0)
    assert turns(schedule, 10.0) == []
    assert len(schedule) == 1


def test_a_torrent_may_become_urgent():
    schedule = make()
    for info_hash in (A, B, C):
        schedule.track(info_hash, Rank.OFFERING, 0.0)
    schedule.track(C, Rank.IN_USE, 0.0)
    assert turns(schedule, 0.0) == [C, A]


def test_whoever_is_untracked_has_no_turn():
    schedule = make()
    schedule.track(A, Rank.IN_USE, 0.0)
    schedule.untrack(A)
    schedule.untrack(B)
    assert schedule.next_deadline() == NEVER
    assert turns(schedule, 1e6) == []
    schedule.searched(A, Rank.IN_USE, True, 0.0)
    assert len(schedule) == 0


def test_tracked_anew_it_comes_at_once_and_once():
    schedule = make()
    schedule.track(A, Rank.IN_USE, 0.0)
    schedule.next_turn(0.0)
    schedule.untrack(A)
    schedule.track(A, Rank.IN_USE, 5.0)
    assert turns(schedule, 5.0) == [A]
    assert turns(schedule, 6.0) == []
