"""A host's link to the internet: what it sends goes out through an `Uplink`, what it receives comes in by a `Downlink`.

Streams share an uplink in turns of a quantum, as TCP flows of equal round-trip time do. A quantum is what the link
carries in a few milliseconds, so the number of events follows from time, not from the number of blocks. The downlink
is a queue; when more is under way to it than it holds, streams wait at their senders until it drains, so that a slow
receiver neither loses bytes nor holds up what its senders have for others.

Control messages are small and many. One that finds both links idle costs a single event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torrentd.simulate.clock import Clock

if TYPE_CHECKING:
    from torrentd.simulate.internet.stream import Stream

PACKET = 1460
"""Bytes that TCP puts into one packet."""

TURN = 0.01
"""Seconds of the link's rate that a stream sends before it is the next one's turn."""

LONGEST_TURN = 64 * 1024
"""Bytes; also the turn of a link without a rate."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a host is given. Rates in bytes per second, None for no limit."""

    up: float | None = None
    down: float | None = None
    latency: float = 0.01
    """seconds from this host to the middle of the internet: a path has those of both its ends"""
    loss: float = 0.0
    """share of the packets that are lost, in either direction"""
    queue: int = 64 * 1024
    """bytes that wait at the link; what comes on top of it waits at its sender (TCP) or is lost (UDP)"""
    nat: bool = False
    """behind a router that lets no connection in"""
    maps: str = ""
    """how that router can be told to: "pcp", "nat-pmp", "upnp"; empty: not at all"""
    lease: int = 7200
    """seconds for which it does at most"""
    families: tuple[int, ...] = (4,)
    """its versions of IP: (4,), (6,) or (4, 6)"""
    lan: str = ""
    """the local network that it shares with others of the same name; empty: none"""

    @property
    def turn(self) -> int:
        """Bytes of one turn of the uplink."""
        return LONGEST_TURN if self.up is None else int(min(LONGEST_TURN, max(PACKET, self.up * TURN)))


class Uplink:
    """Streams that have something to send and may, one turn each."""

    def __init__(self, clock: Clock, link: Link) -> None:
        self.link = link
        self.free_at = 0.0
        """when the last byte that was begun has left"""
        self.carried = 0
        """bytes, since the world began"""
        self._clock = clock
        self._ready: deque[Stream] = deque()
        self._due = False

    def offer(self, stream: Stream) -> None:
        """The stream may send (again). Called once per time that it leaves the line."""
        self._ready.append(stream)
        if not self._due:
            self._due = True
            if self.free_at > self._clock.now:
                self._clock.at(self.free_at, self._serve)
            else:
                self._serve()

    def take(self, size: int) -> float:
        """Send `size` bytes now; when the last of them has left."""
        rate = self.link.up
        self.carried += size
        begin = max(self.free_at, self._clock.now)
        self.free_at = begin if rate is None else begin + size / rate
        return self.free_at

    def backlog(self) -> float:
        """Bytes that are on their way out."""
        return 0.0 if self.link.up is None else max(0.0, self.free_at - self._clock.now) * self.link.up

    def _serve(self) -> None:
        """One turn; without a rate all turns."""
        while self._ready:
            self._ready.popleft().send(self.link.turn)
            if self.free_at > self._clock.now and self._ready:
                self._clock.at(self.free_at, self._serve)
                return
        self._due = False


class Downlink:
    """What arrives is handed on at the link's rate, in the order of arrival."""

    def __init__(self, clock: Clock, link: Link) -> None:
        self.link = link
        self.under_way = 0
        """bytes that senders began and that are not handed on yet"""
        self.carried = 0
        """bytes of streams that were handed on, since the world began"""
        self._clock = clock
        self._free_at = 0.0
        self._waiting: deque[Stream] = deque()

    def has_room(self, latency: float) -> bool:
        """Whether another turn may be sent over a path of that latency. What is on the path fills no queue."""
        rate = self.link.down
        return rate is None or self.under_way < self.link.queue + rate * latency

    def wait(self, stream: Stream) -> None:
        """There was no room; the stream is offered to its uplink when there is."""
        self._waiting.append(stream)

    def arrive(self, size: int, then: Callable[..., None], *args: Any) -> None:
        """`size` bytes are here; `then(*args)` when they are through."""
        now, rate = self._clock.now, self.link.down
        if rate is None:
            then(*args)
            return
        idle = self._free_at <= now
        self._free_at = max(self._free_at, now) + size / rate
        if idle and size <= PACKET:
            then(*args)
        else:
            self._clock.at(self._free_at, then, *args)

    def passed(self, size: int) -> None:
        """`size` bytes were handed on, or lost: streams that wait may come."""
        self.under_way -= size
        self.carried += size
        while self._waiting and self.has_room(self._waiting[0].latency):
            self._waiting.popleft().admitted()
