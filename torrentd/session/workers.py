"""Threads that work for the reactor: they get values and return values, and never touch our objects.

Twisted's thread pool is not used because it joins its threads at exit, so that one hung disk holds the stop for ever;
these are daemon threads. Results come back in batches, with one wake-up of the reactor for all that are
ready, which matters when thousands of pieces a second are hashed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """`threads` daemon threads that run calls in the order in which they were given."""

    def __init__(self, reactor: IReactorFromThreads, name: str, threads: int) -> None:
        self._reactor = reactor
        self._name = name
        self._count = threads
        self._jobs: SimpleQueue[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self._done: deque[tuple[Deferred[Any], Any]] = deque()
        self._woken = False
        self._running = 0
        self._stopped: Deferred[None] | None = None

    def start(self) -> None:
        """Start the threads: after the fork of a daemonizing process, never before."""
        self._running = self._count
        for number in range(self._count):
            Thread(target=self._work, name=f"torrentd {self._name} {number}", daemon=True).start()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Call `function` in a thread; its result or its exception comes back on the reactor's thread."""
        done: Deferred[T] = Deferred()
        self._jobs.put((done, function, args) if not kwargs else (done, lambda: function(*args, **kwargs), ()))
        return done

    def stop(self) -> Deferred[None]:
        """End the threads once they have done what they were given; fires when all have ended."""
        self._stopped = Deferred()
        for _ in range(self._running):
            self._jobs.put(None)
        if not self._running:
            self._stopped.callback(None)
        return self._stopped

    def _work(self) -> None:
        while job := self._jobs.get():
            done, function, args = job
            try:
                result: Any = function(*args)
            except BaseException:
                result = Failure()
            self._done.append((done, result))
            del job, done, function, args, result  # a waiting thread must not keep a buffer alive
            self._wake()
        self._reactor.callFromThread(self._ended)

    def _wake(self) -> None:
        if not self._woken:  # cleared before the queue is drained, so nothing is left lying
            self._woken = True
            self._reactor.callFromThread(self._deliver)

    def _deliver(self) -> None:
        self._woken = False
        while self._done:
            done, result = self._done.popleft()
            if isinstance(result, Failure):
                done.errback(result)
            else:
                done.callback(result)

    def _ended(self) -> None:
        self._running -= 1
        if not self._running and self._stopped is not None:
            self._stopped.callback(None)
