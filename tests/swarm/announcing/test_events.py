"""What is told with which event: "started", "completed", "stopped", each once, and to whom."""

from __future__ import annotations

from random import Random

from tests.swarm.announcing.schedules import TALLY, A, B, World
from torrentd.policy.tiers import NEVER
from torrentd.swarm.announcing.schedule import NUMWANT, Announcing, Tally
from torrentd.swarm.commands import Announce
from torrentd.swarm.events import Announced
from torrentd.wire.tracker.answer import Answer


def test_nothing_happens_before_the_start_and_without_trackers() -> None:
    world = World([A])
    assert world.due() == []
    assert world.announcing.next_deadline() == NEVER
    assert World().start() == []
    assert World().announcing.next_deadline() == NEVER


def test_one_tracker_from_start_to_stop() -> None:
    world = World([A])
    assert world.start() == [(A, "started")]
    assert world.due() == [], "one announce at a time"
    assert world.announcing.next_deadline() == NEVER
    world.now += 0.2
    assert world.answer(A, interval=900.0) == []
    assert world.announcing.next_deadline() == world.now + 900.0 == world.tracker(A).next_announce
    assert world.sleep() == [(A, "")]
    assert world.answer(A) == []
    assert world.stop() == [(A, "stopped")]
    assert world.announcing.next_deadline() == NEVER
    assert world.answer(A) == []
    assert world.stop() == []


def test_what_an_announce_says() -> None:
    announcing = Announcing([[A]], Random(1), key=77)
    announcing.start(0.0)
    assert announcing.due(0.0, TALLY, wanting_peers=True) == [Announce(A, "started", 10, 20, 30, NUMWANT, 77, b"")]
    announcing.answered(Announced(A, Answer(interval=100.0, tracker_id=b"id", seeders=1)), 0.0)
    later = Tally(11, 50, 0)
    assert announcing.due(100.0, later, wanting_peers=False) == [Announce(A, "", 11, 50, 0, 0, 77, b"id")]
    assert announcing.stop(101.0, later) == [Announce(A, "stopped", 11, 50, 0, 0, 77, b"id")]


def test_completed_is_told_at_once_and_once() -> None:
    world = World([A], [B])
    world.start()
    world.answer(A, min_interval=1000.0)
    world.now += 1.0
    world.announcing.completed(world.now)
    assert world.announcing.next_deadline() == world.now
    assert world.due() == [(A, "completed")]
    assert world.due() == []
    assert world.answer(A) == []
    assert world.sleep() == [(A, "")]


def test_completed_waits_for_started_to_be_accepted() -> None:
    world = World([A])
    world.start()
    world.announcing.completed(world.now)
    assert world.due() == []
    assert world.answer(A) == [(A, "completed")]
    assert world.answer(A) == []


def test_a_completed_that_fails_is_owed_to_the_next_tracker() -> None:
    world = World([A], [B])
    world.start()
    world.answer(A)
    world.announcing.completed(world.now)
    assert world.due() == [(A, "completed")]
    assert world.fail(A) == [(B, "started")]
    assert world.answer(B) == [(B, "completed")]
    assert world.answer(B) == []
    assert world.sleep() == [(A, "")], "it is owed to nobody any more"


def test_a_stop_while_started_is_under_way_is_told_too() -> None:
    world = World([A])
    world.start()
    assert world.stop() == [(A, "stopped")]
    world.answer(A)
    world.answer(A)
    assert world.tracker(A).status == "stopped"
    assert world.start() == [(A, "started")]


def test_stopped_is_not_told_where_started_never_arrived() -> None:
    world = World([A], [B])
    world.start()
    world.fail(A)
    world.answer(B)
    assert world.stop() == [(B, "stopped")]


def test_a_restart_waits_for_stopped_to_be_answered() -> None:
    for outcome in ("answer", "fail"):
        world = World([A])
        world.start()
        world.answer(A)
        world.stop()
        assert world.start() == []
        assert getattr(world, outcome)(A) == [(A, "started")]


def test_a_stopped_that_fails_is_not_tried_again() -> None:
    world = World([A])
    world.start()
    world.answer(A)
    world.stop()
    assert world.fail(A) == []
    assert world.announcing.next_deadline() == NEVER
    assert world.tracker(A).message == "no route"


def test_a_silent_stop_says_nothing() -> None:
    world = World([A])
    world.start()
    world.answer(A)
    assert world.announcing.stop(world.now, TALLY, silent=True) == []
    assert world.start() == [(A, "started")]
