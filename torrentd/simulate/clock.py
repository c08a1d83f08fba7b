"""The world's time: a heap of calls. It stands still while a call runs and jumps to the next one afterwards.

Calls of the same time run in the order in which they were scheduled; a serial number says so. (A heap of
`(time, call)` would order ties by luck, and `task.Clock.advance` moves time before it runs anything.)
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from zope.interface import implementer


class Clock:
    """Seconds since the world began."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls_made = 0
        self._serial = 0
        self._heap: list[tuple[float, int, Callable[..., Any], tuple[Any, ...]]] = []

    def seconds(self) -> float:
        return self.now

    def at(self, time: float, function: Callable[..., Any], *args: Any) -> None:
        """Call `function(*args)` at `time` (now, if that is over); cannot be taken back."""
        self._serial += 1
        heappush(self._heap, (time if time > self.now else self.now, self._serial, function, args))

    @property
    def next_time(self) -> float | None:
        """When something happens next; None if nothing will."""
        return self._heap[0][0] if self._heap else None

    def run_until(self, time: float) -> None:
        """Run all that is due up to `time`, which it is afterwards."""
        heap = self._heap
        while heap and heap[0][0] <= time:
            self.now, _, function, args = heappop(heap)
            self.calls_made += 1
            function(*args)
        self.now = max(self.now, time)


@implementer(IDelayedCall)
class Call:
    """A call that can be moved and cancelled. Moving it to a later time costs nothing now: its entry of the heap finds
    out when it surfaces. `ended` is told once, when it runs or is cancelled."""

    __slots__ = ("_args", "_cancelled", "_clock", "_ended", "_function", "_kwargs", "_time")

    def __init__(
        self,
        clock: Clock,
        delay: float,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        ended: Callable[[Call], None],
    ) -> None:
        self._clock = clock
        self._function: Callable[..., Any] | None = function
        self._args = args
        self._kwargs = kwargs
        self._ended = ended
        self._cancelled = False
        self._time = clock.now + delay
        self._schedule()

    def active(self) -> bool:
        return self._function is not None

    def getTime(self) -> float:
        return self._time

    def cancel(self) -> None:
        """AlreadyCalled or AlreadyCancelled if it is too late."""
        self._check()
        self._cancelled = True
        self._end()

    def reset(self, secondsFromNow: float) -> None:
        """Run so many seconds from now instead."""
        self._move(self._clock.now + secondsFromNow)

    def delay(self, secondsLater: float) -> None:
        """Run so much later than planned."""
        self._move(self._time + secondsLater)

    def _move(self, time: float) -> None:
        self._check()
        sooner, self._time = time < self._time, time
        if sooner:
            self._schedule()

    def _schedule(self) -> None:
        self._clock.at(self._time, self._surface)

    def _surface(self) -> None:
        """An entry is due: the valid one, one that was overtaken, or one of a call that moved or ended."""
        if self._function is None:
            return
        if self._time > self._clock.now:
            self._schedule()
            return
        function, args, kwargs = self._function, self._args, self._kwargs
        self._end()
        try:
            function(*args, **kwargs)
        except Exception:
            _log.failure("a delayed call failed: {function}", function=function)

    def _end(self) -> None:
        self._function = None
        self._args, self._kwargs = (), {}
        self._ended(self)

    def _check(self) -> None:
        if self._cancelled:
            raise AlreadyCancelled()
        if self._function is None:
            raise AlreadyCalled()

    def __repr__(self) -> str:
        name = getattr(self._function, "__qualname__", "nothing")
        return f"<Call of {name} at {self._time:.3f}>"


_log = Logger()
