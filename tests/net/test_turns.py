"""What is planned for the next turn of the reactor."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs

from torrentd.net.turns import NextTurn


def test_one_call_of_the_reactor_for_all_in_their_order() -> None:
    clock, turn, seen = Clock(), NextTurn(), list[int]()
    for number in range(3):
        turn.plan(clock, lambda number=number: seen.append(number))
    assert len(clock.getDelayedCalls()) == 1
    assert seen == []
    clock.advance(0)
    assert seen == [0, 1, 2]
    assert clock.getDelayedCalls() == []


def test_who_was_cancelled_is_not_called() -> None:
    clock, turn, seen = Clock(), NextTurn(), list[str]()
    first = turn.plan(clock, lambda: seen.append("first"))
    turn.plan(clock, lambda: seen.append("second"))
    first.cancel()
    clock.advance(0)
    first.cancel()
    assert seen == ["second"]


def test_one_may_cancel_those_behind_it() -> None:
    clock, turn, seen = Clock(), NextTurn(), list[str]()
    turn.plan(clock, lambda: last.cancel())
    last = turn.plan(clock, lambda: seen.append("last"))
    clock.advance(0)
    assert seen == []


def test_what_is_planned_meanwhile_is_for_the_turn_after() -> None:
    clock, turn, seen = Clock(), NextTurn(), list[str]()

    def again() -> None:
        seen.append("once")
        turn.plan(clock, lambda: seen.append("twice"))

    turn.plan(clock, again)
    turn.plan(clock, lambda: seen.append("other"))
    clock.advance(0)
    assert seen == ["once", "other", "twice"]


def test_a_call_that_fails_costs_the_others_nothing() -> None:
    clock, turn, seen = Clock(), NextTurn(), list[str]()
    turn.plan(clock, lambda: 1 // 0)  # type: ignore[func-returns-value, arg-type, return-value]
    turn.plan(clock, lambda: seen.append("other"))
    with capturedLogs() as logs:
        clock.advance(0)
    assert seen == ["other"]
    assert [event["log_level"] for event in logs] == [LogLevel.critical]


def test_a_turn_that_never_came_holds_up_nobody() -> None:
    clock, turn, seen = Clock(), NextTurn(), list[str]()
    turn.plan(clock, lambda: seen.append("lost"))
    for call in clock.getDelayedCalls():
        call.cancel()
    turn.plan(clock, lambda: seen.append("new"))
    clock.advance(0)
    assert seen == ["new"]
