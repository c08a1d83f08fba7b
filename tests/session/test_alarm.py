from __future__ import annotations

import gc
from math import inf
from weakref import ref

from twisted.internet.task import Clock

from torrentd.session.alarm import Alarm


class Owner:
    def __init__(self) -> None:
        self.clock = Clock()
        self.alarm = Alarm(self.clock)
        self.fired: list[float] = []

    def set(self, deadline: float) -> None:
        self.alarm.set(deadline, self.due)

    def due(self) -> None:
        self.fired.append(self.clock.seconds())


def test_it_fires_at_the_deadline_once() -> None:
    owner = Owner()
    owner.set(5.0)
    owner.clock.pump([5.0, 5.0])
    assert owner.fired == [5.0]


def test_a_nearer_deadline_moves_it_and_a_later_one_does_not() -> None:
    owner = Owner()
    for deadline in (5.0, 3.0, 9.0, inf):
        owner.set(deadline)
    assert len(owner.clock.getDelayedCalls()) == 1
    owner.clock.pump([3.0, 9.0])
    assert owner.fired == [3.0]


def test_what_is_overdue_comes_at_once_and_never_inside_the_call() -> None:
    owner = Owner()
    owner.clock.advance(10.0)
    owner.set(1.0)
    assert owner.fired == []
    owner.clock.advance(0.0)
    assert owner.fired == [10.0]


def test_nothing_to_wait_for_is_no_timer() -> None:
    owner = Owner()
    owner.set(inf)
    assert not owner.clock.getDelayedCalls()


def test_it_can_be_cancelled_and_set_again() -> None:
    owner = Owner()
    owner.set(5.0)
    owner.alarm.cancel()
    owner.alarm.cancel()
    assert not owner.clock.getDelayedCalls()
    owner.set(7.0)
    owner.clock.advance(7.0)
    assert owner.fired == [7.0]


def test_an_owner_is_freed_at_once_when_it_does_not_wait() -> None:
    owner = Owner()
    owner.set(5.0)
    owner.alarm.cancel()
    gone = ref(owner)
    gc.disable()
    try:
        del owner
        assert gone() is None
    finally:
        gc.enable()
