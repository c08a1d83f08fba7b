"""The events of a daemon: the log, what feeds it, and who waits for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from torrentd.session.events.log import Event, EventLog, Found, Listener, Topic
from torrentd.session.events.polls import Polls
from torrentd.session.events.pulse import LINGER, Pulse
from torrentd.session.events.states import States
from torrentd.session.events.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from torrentd.session.around import Around

EPOCH_BITS = 64
"""No two runs of a daemon have the same epoch."""


class Events:
    """`tell` is for whoever does something that is an event; the rest for who wants to know."""

    def __init__(self, around: Around) -> None:
        host = around.host
        self._wall_clock = host.wall_clock
        self.log = EventLog(f"{host.secret_rng.getrandbits(EPOCH_BITS):016x}")
        self.log.changes_told(False)
        self.states = States(around)
        self._pulse = Pulse(around)
        self._tail = Tail(self, host.reactor)
        self._polls = Polls(host.reactor, self.log)

    def tell(self, topic: Topic, **data: Any) -> None:
        """It happened just now. What is told must be fit for JSON."""
        self.log.emit(topic, data, self._wall_clock())

    def poll(self, since: str | None, topics: Collection[Topic], timeout: float) -> Deferred[Found]:
        """See `Polls.poll`."""
        self._wanted(topics, timeout + LINGER)
        return self._polls.poll(since, topics, timeout)

    def listen(self, topics: Collection[Topic], tell: Callable[[Event], None]) -> Listener:
        """See `EventLog.listen`."""
        listener = self.log.listen(topics, tell)
        self._wanted(topics)
        return listener

    def ignore(self, listener: Listener) -> None:
        self.log.ignore(listener)

    def _wanted(self, topics: Collection[Topic], linger: float = 0.0) -> None:
        self._pulse.wanted(topics, linger)
        if "log" in topics:
            self._tail.attach()

    def stop(self) -> None:
        """Who waits is answered; nothing is told by itself any more."""
        self._polls.stop()
        self._pulse.stop()
        self.states.stop()
        self._tail.detach()
