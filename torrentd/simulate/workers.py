"""Worker threads as delayed calls: a job runs when its time has come, and its result arrives in the same moment.

`threads` jobs are under way at a time, in the order in which they were given, and each takes `duration` seconds. A job
that is running when its host crashes never ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from torrentd.simulate.reactor import Reactor

P = ParamSpec("P")
T = TypeVar("T")

HOP = 0.0001
"""Seconds: a job's way to a thread and back."""


class Workers:
    """Implements `session.host.Runner`."""

    def __init__(self, reactor: Reactor, threads: int = 1, duration: float = HOP) -> None:
        self._duration = duration
        self._reactor = reactor
        self._free = threads
        self._jobs: deque[tuple[Deferred[Any], Callable[[], Any]]] = deque()

    def start(self) -> None:
        """There is nothing to start."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Call `function` when a thread is free and its time is over; its result or its exception comes back."""
        done: Deferred[T] = Deferred()
        self._jobs.append((done, lambda: function(*args, **kwargs)))
        self._next()
        return done

    def stop(self) -> Deferred[None]:
        """What was given is done first; nothing hangs here."""
        return succeed(None)

    def _next(self) -> None:
        while self._free and self._jobs:
            self._free -= 1
            self._reactor.callLater(self._duration, self._finish, *self._jobs.popleft())

    def _finish(self, done: Deferred[Any], job: Callable[[], Any]) -> None:
        self._free += 1
        self._next()
        try:
            result: Any = job()
        except Exception:
            done.errback(Failure())
        else:
            done.callback(result)
