"""Threads that work for the reactor."""

import threading

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import defer, reactor

from torrentd.session.workers import Workers


def started(threads=2):
    workers = Workers(reactor, "test", threads)
    workers.start()
    return workers


@ensureDeferred
async def test_results_come_back_on_the_reactor_thread():
    workers = started()
    result = await workers.run(lambda a, b: (a + b, threading.current_thread().daemon), 1, b=2)
    assert result == (3, True)
    assert threading.current_thread() is threading.main_thread()
    await workers.stop()


@ensureDeferred
async def test_exceptions_come_back():
    workers = started()
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda: 1 / 0)
    await workers.stop()


@ensureDeferred
async def test_every_one_of_many_results_arrives():
    workers = started()
    results = await defer.gatherResults([workers.run(pow, n, 2) for n in range(2000)])
    assert results == [n * n for n in range(2000)]
    await workers.stop()


@ensureDeferred
async def test_stop_waits_for_what_was_given():
    workers = started(1)
    results = []
    for n in range(10):
        workers.run(lambda n=n: n).addCallback(results.append)
    await workers.stop()
    assert results == list(range(10))
    await Workers(reactor, "never started", 1).stop()
