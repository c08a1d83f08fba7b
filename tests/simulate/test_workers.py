from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from torrentd.simulate.clock import Clock
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.workers import Workers


def test_jobs_take_their_time_and_each_other_s_turn() -> None:
    clock = Clock()
    workers = Workers(Reactor(clock), threads=2, duration=1.0)
    ended: list[tuple[float, int]] = []
    for number in range(5):
        workers.run(pow, number, 2).addCallback(lambda square: ended.append((clock.now, square)))
    clock.run_until(10)
    assert ended == [(1.0, 0), (1.0, 1), (2.0, 4), (2.0, 9), (3.0, 16)]


def test_a_failing_job_fails_its_deferred_alone() -> None:
    clock = Clock()
    workers = Workers(Reactor(clock))
    failures: list[Failure] = []
    done: Deferred[float] = workers.run(lambda: 1 / 0)
    done.addErrback(failures.append)
    results: list[int] = []
    workers.run(int, "7").addCallback(results.append)
    clock.run_until(1)
    assert failures[0].check(ZeroDivisionError)
    assert results == [7]


def test_a_crash_takes_jobs_along() -> None:
    clock = Clock()
    reactor = Reactor(clock)
    workers = Workers(reactor, duration=1.0)
    results: list[int] = []
    workers.run(int, "7").addCallback(results.append)
    reactor.crash()
    clock.run_until(9)
    assert results == []
