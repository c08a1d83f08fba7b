"""The sockets of the peers, a bounded share of a reactor's turn at a time.

Twisted's reactor serves every socket that is ready before it looks again. With hundreds of busy peers one such turn
takes long, meanwhile more arrives, so the next takes longer: a call of the RPC waited for seconds. So peers have an
epoll of their own, which is one descriptor to the reactor: in each turn it serves those that have waited longest, until
its time is up. The kernel puts who is still ready behind the others (level-triggered), so nobody is left out.

To transports and ports it is the reactor: the part of it that they use.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any, Final, Protocol

from twisted.internet import error
from twisted.internet.interfaces import IDelayedCall, ILoggingContext, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

SHARE: Final = 0.002
"""Seconds of a turn after which no more peers are looked at. What they caused comes on top (blocks to serve, above
all), and what the workers bring."""

AT_ONCE: Final = 8
"""Sockets that are asked for at once: so few that even reads of 1 MiB, half a millisecond each, do not pass the share
by much."""

READ: Final = select.EPOLLIN
WRITE: Final = select.EPOLLOUT
ENDED: Final = select.EPOLLHUP | select.EPOLLERR


class Descriptor(Protocol):
    """Twisted's IReadDescriptor and IWriteDescriptor: who reads has `doRead`, who writes `doWrite`. A call that answers
    or raises an exception ends it."""

    def fileno(self) -> int: ...

    def connectionLost(self, reason: Failure) -> None: ...


@implementer(IReadDescriptor, ILoggingContext)
class BoundedPoll:
    """Watches descriptors for `reactor`, which must not watch them itself; it is a reader of the reactor's while it
    watches anybody."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._epoll: select.epoll | None = None  # made when it is needed: not before a daemonizing process forks
        self._numbers: dict[Descriptor, int] = {}
        """by descriptor, for who is removed may be closed"""
        self._watched: dict[int, tuple[Any, int]] = {}
        """by number: who, and for what"""

    # --- what transports and ports use

    def callLater(self, delay: float, call: Callable[..., object], *args: Any, **kwargs: Any) -> IDelayedCall:
        later: IDelayedCall = self._reactor.callLater(delay, call, *args, **kwargs)
        return later

    def seconds(self) -> float:
        now: float = self._reactor.seconds()
        return now

    def addReader(self, reader: Descriptor) -> None:
        self._watch(reader, self._events(reader) | READ)

    def addWriter(self, writer: Descriptor) -> None:
        self._watch(writer, self._events(writer) | WRITE)

    def removeReader(self, reader: Descriptor) -> None:
        self._watch(reader, self._events(reader) & ~READ)

    def removeWriter(self, writer: Descriptor) -> None:
        self._watch(writer, self._events(writer) & ~WRITE)

    def _events(self, descriptor: Descriptor) -> int:
        number = self._numbers.get(descriptor)
        return self._watched[number][1] if number is not None else 0

    def _watch(self, descriptor: Descriptor, events: int) -> None:
        number = self._numbers.get(descriptor)
        if number is None:
            if events:
                self._begin(descriptor, events)
        elif not events:
            self._end(descriptor, number)
        elif events != self._watched[number][1]:
            self._poll.modify(number, events)
            self._watched[number] = descriptor, events

    def _begin(self, descriptor: Descriptor, events: int) -> None:
        number = descriptor.fileno()
        self._poll.register(number, events)
        self._numbers[descriptor] = number
        self._watched[number] = descriptor, events
        if len(self._numbers) == 1:
            self._reactor.addReader(self)

    def _end(self, descriptor: Descriptor, number: int) -> None:
        del self._numbers[descriptor], self._watched[number]
        if descriptor.fileno() == number:  # the kernel has forgotten who is closed
            self._poll.unregister(number)
        if not self._numbers:
            self._reactor.removeReader(self)

    @property
    def _poll(self) -> select.epoll:
        if self._epoll is None:
            self._epoll = select.epoll()
        return self._epoll

    # --- what the reactor uses

    def doRead(self) -> None:
        """Serve who is ready, until nobody is or the share is used up."""
        until = self._reactor.seconds() + SHARE
        while True:
            ready = self._poll.poll(0, AT_ONCE)
            for number, events in ready:
                descriptor, wanted = self._watched.get(number, (None, 0))
                if descriptor is not None:  # one before it may have removed it
                    self._serve(descriptor, wanted & events, events & ENDED)
            if len(ready) < AT_ONCE or self._reactor.seconds() >= until:
                return

    def _serve(self, descriptor: Any, events: int, ended: int) -> None:
        try:
            problem = descriptor.doRead() if events & READ else None
            if problem is None and events & WRITE:
                problem = descriptor.doWrite()
            if not events and ended:
                problem = error.ConnectionLost()
        except Exception as bug:
            _log.failure("{who}: a bug of ours", who=descriptor.logPrefix())
            problem = bug
        if problem is not None:
            self._lose(descriptor, Failure(problem))

    def _lose(self, descriptor: Descriptor, reason: Failure) -> None:
        self._watch(descriptor, 0)
        try:
            descriptor.connectionLost(reason)
        except Exception:
            _log.failure("a descriptor failed to end")

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops: everybody's connection is lost."""
        for descriptor in list(self._numbers):
            self._lose(descriptor, reason)

    def fileno(self) -> int:
        return self._poll.fileno()

    def logPrefix(self) -> str:
        return "peers"


_log = Logger()
