from __future__ import annotations

import pytest
from twisted.internet.error import AlreadyCalled, AlreadyCancelled

from torrentd.simulate.clock import Clock
from torrentd.simulate.reactor import Reactor


class Log:
    """A clock, a reactor over it, and what ran when."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.reactor = Reactor(self.clock)
        self.lines: list[tuple[float, str]] = []

    def note(self, word: str) -> None:
        self.lines.append((self.clock.now, word))


@pytest.fixture
def log() -> Log:
    return Log()


def test_time_jumps_from_call_to_call(log: Log) -> None:
    log.reactor.callLater(2, log.note, "two")
    log.reactor.callLater(1, log.note, "one")
    log.clock.run_until(1.5)
    assert log.lines == [(1.0, "one")]
    assert log.clock.now == 1.5
    log.clock.run_until(9)
    assert log.lines == [(1.0, "one"), (2.0, "two")]


def test_ties_run_in_the_order_in_which_they_were_made(log: Log) -> None:
    for word in "abcdefgh":
        log.reactor.callLater(1, log.note, word)
    log.clock.run_until(1)
    assert "".join(word for _, word in log.lines) == "abcdefgh"


def test_a_call_made_meanwhile_for_now_runs_now_and_last(log: Log) -> None:
    log.reactor.callLater(1, lambda: log.reactor.callLater(0, log.note, "later"))
    log.reactor.callLater(1, log.note, "sooner")
    log.clock.run_until(1)
    assert log.lines == [(1.0, "sooner"), (1.0, "later")]


def test_a_cancelled_call_does_not_run(log: Log) -> None:
    call = log.reactor.callLater(1, log.note, "never")
    call.cancel()
    log.clock.run_until(2)
    assert log.lines == []
    assert not call.active()
    with pytest.raises(AlreadyCancelled):
        call.cancel()


def test_a_call_that_ran_cannot_be_cancelled(log: Log) -> None:
    call = log.reactor.callLater(1, log.note, "ran")
    log.clock.run_until(1)
    with pytest.raises(AlreadyCalled):
        call.reset(1)


@pytest.mark.parametrize(("resets", "at"), [([5], 5.0), ([0.5], 0.5), ([5, 1], 1.0), ([0.5, 4], 4.0), ([4, 2, 3], 3.0)])
def test_a_call_that_was_moved_runs_once_and_in_time(log: Log, resets: list[float], at: float) -> None:
    call = log.reactor.callLater(2, log.note, "moved")
    for seconds in resets:
        call.reset(seconds)
    assert call.getTime() == at
    log.clock.run_until(9)
    assert log.lines == [(at, "moved")]


def test_a_delayed_call_runs_so_much_later(log: Log) -> None:
    call = log.reactor.callLater(2, log.note, "delayed")
    call.delay(1.5)
    log.clock.run_until(9)
    assert log.lines == [(3.5, "delayed")]


def test_pending_calls_are_known_and_a_crash_ends_them(log: Log) -> None:
    first = log.reactor.callLater(1, log.note, "first")
    second = log.reactor.callLater(2, log.note, "second")
    third = log.reactor.callLater(3, log.note, "third")
    second.cancel()
    assert log.reactor.getDelayedCalls() == [first, third]
    log.clock.run_until(1)
    assert log.reactor.getDelayedCalls() == [third]
    log.reactor.crash()
    log.clock.run_until(9)
    assert log.lines == [(1.0, "first")]


def test_a_call_that_fails_stops_no_other(log: Log) -> None:
    log.reactor.callLater(1, lambda: 1 / 0)
    log.reactor.callLater(1, log.note, "next")
    log.clock.run_until(2)
    assert log.lines == [(1.0, "next")]


def test_keyword_arguments_and_other_threads_pass(log: Log) -> None:
    log.reactor.callLater(1, log.note, word="named")
    log.reactor.callFromThread(log.note, "thread")
    log.clock.run_until(1)
    assert log.lines == [(0.0, "thread"), (1.0, "named")]
