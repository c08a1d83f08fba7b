from __future__ import annotations

import math

from twisted.internet.task import Clock

from torrentd.rpc.serve.deadline import Deadline


def scripted(*steps: tuple[float, float]) -> list[float]:
    """Set the deadline to `after` at each `time`; the times at which it expired."""
    clock = Clock()
    expired: list[float] = []
    deadline = Deadline(clock, lambda: expired.append(clock.seconds()))
    for time, after in steps:
        clock.pump([0.5] * int((time - clock.seconds()) * 2))
        deadline.set(after)
    clock.pump([0.5] * 200)
    assert clock.getDelayedCalls() == []
    return expired


def test_once() -> None:
    assert scripted((0, 10)) == [10]


def test_later() -> None:
    assert scripted((0, 10), (5, 10)) == [15]


def test_sooner() -> None:
    assert scripted((0, 50), (5, 10)) == [15]


def test_never() -> None:
    assert scripted((0, 10), (5, math.inf)) == []


def test_never_and_again() -> None:
    assert scripted((0, 10), (5, math.inf), (30, 10)) == [40]


def test_again_after_it_expired() -> None:
    assert scripted((0, 10), (20, 10)) == [10, 30]


def test_moving_it_later_touches_no_timer() -> None:
    clock = Clock()
    deadline = Deadline(clock, lambda: None)
    deadline.set(10)
    (timer,) = clock.getDelayedCalls()
    deadline.set(20)
    assert clock.getDelayedCalls() == [timer] and timer.getTime() == 10


def test_stopped() -> None:
    clock = Clock()
    deadline = Deadline(clock, lambda: None)
    deadline.set(10)
    deadline.stop()
    deadline.stop()
    assert clock.getDelayedCalls() == []
