"""Announces out of turn: the user wants them, the port changed, or there are other trackers."""

from __future__ import annotations

from tests.swarm.announcing.schedules import TALLY, A, B, C, World
from torrentd.policy.tiers import NEVER


def test_the_user_asks_one_tracker_of_each_tier() -> None:
    world = World([A], [B], [C])
    world.start()
    world.answer(A, min_interval=120.0)
    world.announcing.announce_now(world.now)
    assert world.due() == [(B, "started"), (C, "started")], "A's min interval is not over"
    world.answer(B)
    world.answer(C)
    assert world.announcing.next_deadline() == world.now + 120.0
    assert world.sleep() == [(A, "")]
    world.answer(A)
    assert sorted(world.stop()) == [(A, "stopped"), (B, "stopped"), (C, "stopped")]


def test_the_user_ends_a_back_off() -> None:
    world = World([A])
    world.start()
    world.fail(A)
    world.announcing.announce_now(world.now)
    assert world.announcing.next_deadline() == world.now
    assert world.due() == [(A, "started")]


def test_an_extra_tracker_that_fails_does_not_disturb_the_turn() -> None:
    world = World([A], [B])
    world.start()
    world.answer(A, interval=1800.0)
    due = world.announcing.next_deadline()
    world.now += 100.0
    world.announcing.announce_now(world.now)
    assert world.due() == [(A, ""), (B, "started")]
    assert world.fail(B) == []
    world.answer(A, interval=1800.0)
    assert world.announcing.next_deadline() == world.now + 1800.0 > due


def test_a_port_that_changed_is_told_to_who_knows_of_us_and_to_nobody_else() -> None:
    """After its min interval; other tiers hear it when their turn comes."""
    world = World([A], [B])
    world.start()
    world.answer(A, min_interval=60.0)
    world.now += 8
    world.announcing.port_changed(world.now)
    assert world.due() == []
    world.now += 52
    assert world.due() == [(A, "")]


def test_a_port_that_changed_ends_no_back_off() -> None:
    world = World([A], [B])
    world.start()
    world.announcing.port_changed(world.now)
    assert world.fail(A) == [(B, "started")]
    assert world.fail(B) == []
    deadline = world.announcing.next_deadline()
    world.announcing.port_changed(world.now)
    assert world.due() == []
    assert world.announcing.next_deadline() == deadline


def test_announce_now_while_stopped_does_nothing() -> None:
    world = World([A])
    world.announcing.announce_now(world.now)
    assert world.due() == []
    assert world.announcing.next_deadline() == NEVER


def test_other_trackers_keep_what_remains_and_take_leave_of_the_removed() -> None:
    world = World([A], [B])
    world.start()
    world.answer(A)
    kept = world.tracker(A)
    assert world.announcing.replace([[A], [C]], world.now, TALLY) == []
    assert world.tracker(A) is kept
    assert world.due() == []
    commands = world.announcing.replace([[C]], world.now, TALLY)
    assert [(command.url, command.event) for command in commands] == [(A, "stopped")]
    assert world.due() == [(C, "started")]
    assert world.answer(A) == [], "an answer of a removed tracker"
    assert world.fail(B) == []


def test_trackers_that_come_while_stopped_wait_for_the_start() -> None:
    world = World()
    assert world.announcing.replace([[A]], world.now, TALLY) == []
    assert world.due() == []
    assert world.start() == [(A, "started")]
