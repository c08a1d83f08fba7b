"""Whose turn it is, and when: tiers, back-off, and torrents that are out of peers."""

from __future__ import annotations

from tests.swarm.announcing.schedules import A, B, C, World
from torrentd.policy.tiers import FIRST_BACK_OFF, JITTER, NEVER
from torrentd.swarm.announcing.schedule import EARLY


def test_a_failing_started_is_tried_as_started_at_the_next_tracker_at_once() -> None:
    world = World([A], [B], [C])
    assert world.start() == [(A, "started")]
    assert world.fail(A) == [(B, "started")]
    assert world.fail(B) == [(C, "started")]
    assert world.answer(C, interval=1800.0) == []
    assert (world.tracker(A).status, world.tracker(A).message) == ("failed", "no route")
    assert world.sleep() == [(A, "started")], "the first tier is tried again when the next announce is due"
    assert world.answer(A) == []
    assert world.stop() == [(A, "stopped"), (C, "stopped")]


def test_when_all_fail_the_first_whose_back_off_ends_is_asked() -> None:
    world = World([A], [B])
    world.start()
    world.fail(A)
    world.now += 5.0
    assert world.fail(B) == []
    ends = {url: world.tracker(url).retry_at for url in (A, B)}
    assert world.announcing.next_deadline() == min(ends.values())
    assert world.sleep() == [(min(ends, key=lambda url: ends[url]), "started")]


def test_back_off_grows() -> None:
    world = World([A])
    world.start()
    for failures in range(1, 6):
        assert world.fail(A) == []
        wait = world.announcing.next_deadline() - world.now
        nominal = FIRST_BACK_OFF * 2 ** (failures - 1)
        assert nominal * (1 - JITTER) <= wait <= nominal * (1 + JITTER)
        assert world.sleep() == [(A, "started")]


def test_the_tracker_that_works_moves_to_the_front_of_its_tier() -> None:
    world = World([A, B])
    ((first, _),) = world.start()
    second = B if first == A else A
    assert world.fail(first) == [(second, "started")]
    world.answer(second)
    assert [tracker.url for tracker in world.announcing.trackers] == [second, first]
    assert world.sleep() == [(second, "")]


def test_never_again_means_never_again() -> None:
    world = World([A])
    world.start()
    assert world.fail(A, retry_in=NEVER) == []
    assert world.announcing.next_deadline() == NEVER
    world.announcing.announce_now(world.now)
    assert world.due() == []
    assert world.announcing.next_deadline() == NEVER
    world.stop()
    assert world.start() == []


def test_retry_in_is_honoured() -> None:
    world = World([A])
    world.start()
    world.fail(A, retry_in=600.0)
    assert world.announcing.next_deadline() == world.now + 600.0


def test_a_start_forgives_back_off() -> None:
    world = World([A])
    world.start()
    world.fail(A)
    assert world.stop() == []
    assert world.start() == [(A, "started")]


def test_a_starving_torrent_asks_early_but_not_before_the_min_interval() -> None:
    world = World([A])
    world.start()
    world.answer(A, interval=7200.0, min_interval=600.0)
    answered = world.now
    assert world.announcing.next_deadline() == answered + 7200.0
    world.now += EARLY + 1.0
    world.starving = True
    assert world.due() == []
    assert world.announcing.next_deadline() == answered + 600.0
    assert world.sleep() == [(A, "")]
    world.answer(A, interval=7200.0)
    assert world.announcing.next_deadline() == world.now + EARLY
    world.starving = False
    world.due()
    assert world.announcing.next_deadline() == world.now + 7200.0
