"""One direction of a TCP connection: bytes in order, as fast as both links and the window let them.

What TCP does with acknowledgements and timers is here as arithmetic: the window doubles each round trip up to its
limit; loss makes it as small as Mathis et al. (1997) say that loss keeps it, and each lost packet delays what follows
by a retransmission. Congestion needs no model of its own: a sender whose receiver's link is full waits (see `links`).

While the wire is cut nothing leaves; what is under way arrives.
"""

from __future__ import annotations

from collections import deque
from math import sqrt
from typing import TYPE_CHECKING

from torrentd.simulate.clock import Clock
from torrentd.simulate.internet.links import PACKET, Downlink, Uplink

if TYPE_CHECKING:
    from torrentd.simulate.internet.transport import Transport
    from torrentd.simulate.internet.wire import Wire

FIRST_WINDOW = 5 * PACKET
"""Bytes: half of the ten packets of RFC 6928, for here acknowledgements need no time."""

LARGEST_WINDOW = 4 * 1024 * 1024
"""Bytes that Linux lets a receive buffer grow to, about."""

GROWTH = sqrt(2) - 1
"""By which a delivered byte widens the window: it doubles in two path latencies, a round trip."""

TIMEOUT = 0.2
"""Seconds, the least retransmission time-out of Linux."""

Piece = bytes | memoryview


class Stream:
    """From `source` to `target`. `up` is the sender's link, `down` the receiver's."""

    def __init__(
        self, clock: Clock, wire: Wire, source: Transport, target: Transport, up: Uplink, down: Downlink
    ) -> None:
        self.latency = wire.latency
        self.queued = 0
        """bytes that were written and have not left"""
        self.in_flight = 0
        self._clock = clock
        self._wire = wire
        self._source = source
        self._target = target
        self._up = up
        self._down = down
        self._queue: deque[Piece] = deque()
        self._in_line = False
        self._last_arrival = 0.0
        self._limit = LARGEST_WINDOW
        if wire.loss:
            self._limit = max(PACKET, int(PACKET * sqrt(1.5 / wire.loss) / 2))
        self._window = min(FIRST_WINDOW, self._limit)

    # --- the sender

    def push(self, data: bytes) -> None:
        """Send `data` after everything before it."""
        self._wire.ledger.sent += len(data)
        self._queue.append(data)
        self.queued += len(data)
        self._offer()

    def finish(self) -> None:
        """All has left: tell the other side that this was it (FIN)."""
        self._send_end("done")

    def reset(self) -> None:
        """Drop what has not left, and tell the other side (RST)."""
        self._wire.ledger.dropped += self.queued
        self._queue.clear()
        self.queued = 0
        self._send_end("reset")

    def wake(self) -> None:
        """The wire is whole again, or the reader reads."""
        self._offer()

    def admitted(self) -> None:
        """The receiver's link has room again. Called by the downlink alone."""
        self._in_line = False
        self._offer()

    def send(self, turn: int) -> None:
        """It is this stream's turn on the uplink. Called by the uplink alone."""
        self._in_line = False
        room = min(turn, self.queued, self._window - self.in_flight - self._target.unread)
        if room <= 0 or self._wire.cut:
            return
        if not self._down.has_room(self.latency):
            self._in_line = True
            self._down.wait(self)
            return
        data = self._take(room)
        self.in_flight += room
        self._down.under_way += room
        self._clock.at(self._arrival(self._up.take(room)), self._arrived, data, room)
        self._offer()
        self._source.left()

    def _offer(self) -> None:
        if self.queued and not self._in_line and self._window > self.in_flight + self._target.unread:
            self._in_line = True
            self._up.offer(self)

    def _take(self, size: int) -> list[Piece]:
        """The next `size` bytes of the queue."""
        self.queued -= size
        taken: list[Piece] = []
        queue = self._queue
        while size:
            first = queue[0]
            if len(first) <= size:
                taken.append(queue.popleft())
                size -= len(first)
            else:
                view = memoryview(first)
                taken.append(view[:size])
                queue[0] = view[size:]
                size = 0
        return taken

    def _arrival(self, left: float) -> float:
        """When what leaves at `left` is there; never before what left earlier."""
        arrival = left + self.latency
        if self._wire.loses_packet():
            arrival += TIMEOUT + 2 * self.latency
        self._last_arrival = max(arrival, self._last_arrival)
        return self._last_arrival

    # --- the receiver

    def _arrived(self, data: list[Piece], size: int) -> None:
        self._down.arrive(size, self._through, data, size)

    def _through(self, data: list[Piece], size: int) -> None:
        self.in_flight -= size
        if self._window < self._limit:
            self._window = min(self._limit, self._window + int(size * GROWTH) + 1)
        self._target.receive(data[0] if len(data) == 1 else b"".join(data), size)
        self._down.passed(size)
        self._offer()

    def _send_end(self, how: str) -> None:
        """A FIN or RST goes the way of the bytes. On a cut wire it is lost: the other side learns nothing."""
        if not self._wire.cut:
            self._clock.at(self._arrival(max(self._up.free_at, self._clock.now)), self._end_arrived, how)

    def _end_arrived(self, how: str) -> None:
        self._down.arrive(0, self._target.peer_ended, how)
