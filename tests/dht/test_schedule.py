from __future__ import annotations

import random

from torrentd.dht.schedule import HUNGRY, INTERVAL, JITTER, NEVER, PACE, Schedule

A, B, C = b"a" * 20, b"b" * 20, b"c" * 20


def make() -> Schedule:
    return Schedule(random.Random(1))


def turns(schedule: Schedule, now: float) -> list[bytes]:
    return list(iter(lambda: schedule.next_turn(now), None))


def test_the_first_turn_is_at_once():
    schedule = make()
    assert schedule.next_deadline() == NEVER
    schedule.track(A, True, 5.0)
    assert schedule.next_deadline() == 5.0
    assert turns(schedule, 5.0) == [A]
    assert turns(schedule, 6.0) == []


def test_the_next_is_an_interval_later():
    schedule = make()
    schedule.track(A, True, 0.0)
    assert schedule.next_turn(0.0) == A
    schedule.searched(A, False, False, 0.0)
    at = schedule.next_deadline()
    assert INTERVAL * (1 - JITTER) <= at <= INTERVAL * (1 + JITTER)
    assert turns(schedule, at - 1) == []
    assert turns(schedule, at) == [A]


def test_sooner_while_it_is_hungry():
    schedule = make()
    schedule.track(A, True, 0.0)
    schedule.next_turn(0.0)
    schedule.searched(A, True, True, 0.0)
    assert HUNGRY * (1 - JITTER) <= schedule.next_deadline() <= HUNGRY * (1 + JITTER)


def test_a_seed_that_is_visited_keeps_its_interval():
    schedule = make()
    for number in range(1000):
        schedule.track(number.to_bytes(20, "big"), False, 0.0)
    schedule.track(A, False, 0.0)
    schedule.searched(A, False, True, 0.0)
    schedule.next_turn(0.0)
    seen = [(now, turn) for now in range(1, 1500) for turn in turns(schedule, float(now)) if turn == A]
    assert len(seen) == 1
    assert seen[0][0] <= INTERVAL * (1 + JITTER) + 1


def test_those_in_use_go_first():
    schedule = make()
    schedule.track(A, False, 0.0)
    schedule.track(B, True, 1.0)
    assert turns(schedule, 1.0) == [B, A]


def test_the_others_are_spaced_out():
    schedule = make()
    hashes = [number.to_bytes(20, "big") for number in range(5000)]
    for info_hash in hashes:
        schedule.track(info_hash, False, 0.0)
    assert len(turns(schedule, 0.0)) == 1
    assert schedule.next_deadline() == PACE
    seen = [turns(schedule, number * PACE) for number in range(1, 5000)]
    assert all(len(some) == 1 for some in seen)
    assert len({some[0] for some in seen}) == 4999  # everybody before anybody a second time


def test_tracking_twice_changes_nothing():
    schedule = make()
    schedule.track(A, True, 0.0)
    schedule.next_turn(0.0)
    schedule.track(A, False, 10.0)
    schedule.track(A, True, 10.0)
    assert turns(schedule, 10.0) == []
    assert len(schedule) == 1


def test_a_torrent_may_become_urgent():
    schedule = make()
    for info_hash in (A, B, C):
        schedule.track(info_hash, False, 0.0)
    schedule.track(C, True, 0.0)
    assert turns(schedule, 0.0) == [C, A]


def test_whoever_is_untracked_has_no_turn():
    schedule = make()
    schedule.track(A, True, 0.0)
    schedule.untrack(A)
    schedule.untrack(B)
    assert schedule.next_deadline() == NEVER
    assert turns(schedule, 1e6) == []
    schedule.searched(A, True, True, 0.0)
    assert len(schedule) == 0


def test_tracked_anew_it_comes_at_once_and_once():
    schedule = make()
    schedule.track(A, True, 0.0)
    schedule.next_turn(0.0)
    schedule.untrack(A)
    schedule.track(A, True, 5.0)
    assert turns(schedule, 5.0) == [A]
    assert turns(schedule, 6.0) == []
