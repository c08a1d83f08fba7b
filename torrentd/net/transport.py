"""A TCP transport of our own, because the copies of the stock one cost more than the rest of the program.

Twisted's `Connection.doRead` makes a fresh `bytes` for each read and its `doWrite` joins what was queued; both cost
page faults and copies that are twice to four times our whole budget for a block. So this is an `IReadWriteDescriptor`
of our own over a connected socket, on the public half of the reactor (`IReactorFDSet`). Subclassing `tcp.Server` and
`tcp.Client` would work too, but leans on private names (`tcp.Port.transport`, `Connector._makeTransport`). What plain
Twisted does better (TLS, proxies) still runs `PeerProtocol` over its own transports (see peer.py).

In: one `recv_into` at a time, into the buffer that belongs to the reactor turn, behind what the protocol kept of the
last read; one `dataInto` call. A peer costs no memory while it is silent.

Out: `write` sends at once what the socket takes and queues the rest. `offer` does one `sendmsg` of many views and
keeps nothing, so that blocks go from the serve buffer to the kernel without a copy; what the socket did not take is
the caller's to write (copied) or to read again later. A producer is asked to pause whenever anything is queued, and
resumed when nothing is: nothing is read from the disk for a socket that does not drain.

For low rate limits both can be paced (see pacing.py): what is `spread` leaves in parts, and what is written behind it
waits; reading pauses after each part.

Ends: the peer's FIN ends the connection (BitTorrent has no use for half of one). `connectionLost` reaches the protocol
exactly once, never inside a call that the protocol makes.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IConsumer,
    ILoggingContext,
    IPushProducer,
    IReadWriteDescriptor,
    ITransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from torrentd.net.buffers import Buffers
from torrentd.net.interfaces import Bytes, Receiver
from torrentd.net.pacing import PART, Pace

MOST_VIEWS: Final = 512
"""Buffers per `sendmsg`: half of the kernel's IOV_MAX."""

TCP_NOTSENT_LOWAT: Final = 25  # linux/tcp.h

RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: the kernel drops what is unsent instead of keeping it for a peer that does not read."""


@implementer(IReadWriteDescriptor, ITransport, IPushProducer, IConsumer, ILoggingContext)
class DirectTransport:
    """Carries one `Receiver` over `connected`, a connected non-blocking TCP socket, which it owns from here on."""

    connected = True
    disconnecting = False

    def __init__(
        self,
        reactor: Any,
        connected: socket.socket,
        protocol: Receiver,
        buffers: Buffers,
        peer: IPv4Address | IPv6Address,
        host: IPv4Address | IPv6Address,
    ) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reactor = reactor
        self._socket = connected
        self._protocol = protocol
        self._buffers = buffers
        self._peer = peer
        self._host = host
        self._queue: deque[memoryview] = deque()
        self._producer: Any = None
        self._paused_reading = False
        self._reading: Pace | None = None
        self._writing: Pace | None = None
        self._rest_from_reading: Any = None
        self._rest_from_writing: Any = None

    def start(self) -> None:
        """Introduce the protocol and begin to read. One that fails already here loses its connection."""
        try:
            self._protocol.makeConnection(self)
        except Exception:
            _log.failure("a protocol could not take the connection to {peer}", peer=self._peer)
            self.abortConnection()
        if self.connected and not self._paused_reading:
            self._reactor.addReader(self)

    # --- in

    def doRead(self) -> Any:
        """One read. Called by the reactor; an exception that is returned ends the connection."""
        protocol, view = self._protocol, self._buffers.receive
        kept = len(protocol.tail)
        if self._reading is not None:
            room = self._reading.room(self._reactor.seconds())
            if not room:
                self._pause_for_a_part()
                return None
            view = view[: kept + room]
        view[:kept] = protocol.tail
        try:
            count = self._socket.recv_into(view[kept:])
        except BlockingIOError:
            return None
        except OSError as problem:
            return _lost(problem)
        if not count:
            return error.ConnectionDone()
        if self._reading is not None:
            self._reading.moved(count)
        protocol.dataInto(view, kept + count)
        return None

    def pace_reading(self, rate: float | None) -> None:
        """Read `rate` bytes per second at most; None: as fast as they come."""
        if not self.connected:
            return
        self._reading = None if rate is None else Pace(rate, self._reactor.seconds())
        if self._rest_from_reading is not None:
            self._rest_from_reading.cancel()
            self._read_on()

    def _pause_for_a_part(self) -> None:
        self._reactor.removeReader(self)
        self._rest_from_reading = self._reactor.callLater(PART, self._read_on)

    def _read_on(self) -> None:
        self._rest_from_reading = None
        if not self._paused_reading:
            self._reactor.addReader(self)

    def wait_for(self, count: int) -> None:
        """Read when there are `count` bytes, or the end. What was kept is copied with each read, so that a long message
        in small pieces would cost much."""
        if self.connected:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)

    def pauseProducing(self) -> None:
        """Stop reading; TCP makes the peer wait."""
        self._paused_reading = True
        self._reactor.removeReader(self)

    def resumeProducing(self) -> None:
        self._paused_reading = False
        if self.connected and self._rest_from_reading is None:
            self._reactor.addReader(self)

    def stopProducing(self) -> None:
        self.loseConnection()

    # --- out

    def write(self, data: bytes) -> None:
        """Send what the socket takes now, queue the rest."""
        if not self.connected or self.disconnecting or not data:
            return
        sent = self.offer((data,))
        if sent < len(data) and self.connected:
            self._queue.append(memoryview(data)[sent:])
            self._wait_for_room()

    def spread(self, data: bytes, rate: float) -> None:
        """Send it at `rate` bytes per second. Until it is out, what is written waits behind it."""
        if not self.connected or self.disconnecting:
            return
        self._writing = Pace(rate, self._reactor.seconds())
        self._queue.append(memoryview(data))
        self._wait_for_room()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def limit_unsent(self, count: int) -> None:
        """Let the socket hold `count` bytes, about, that it has not sent yet; 0: as many as it likes. What is in it
        can be cancelled no more."""
        if self.connected:
            self._socket.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, count)

    def offer(self, views: Sequence[Bytes]) -> int:
        """One `sendmsg`; how many bytes the socket took. Nothing is kept; 0 if something is queued already."""
        if self._queue or not self.connected or self.disconnecting:
            return 0
        try:
            return self._socket.sendmsg(views)
        except BlockingIOError:
            return 0
        except OSError as problem:
            self._end(_lost(problem))
            return 0

    def doWrite(self) -> Any:
        """There is room again: send from the queue, then let the producer go on."""
        while self._queue:
            views = [self._queue[index] for index in range(min(len(self._queue), MOST_VIEWS))]
            if self._writing is not None:
                room = self._writing.room(self._reactor.seconds())
                if not room:
                    self._write_after_a_part()
                    return None
                views = [views[0][:room]]
            try:
                sent = self._socket.sendmsg(views)
            except BlockingIOError:
                return None
            except OSError as problem:
                return _lost(problem)
            self._sent(sent)
            if self._writing is not None:
                self._writing.moved(sent)
            if sent < sum(map(len, views)):
                return None
        self._writing = None
        self._reactor.removeWriter(self)
        if self.disconnecting:
            return error.ConnectionDone()
        if self._producer is not None:
            self._producer.resumeProducing()
        return None

    def _write_after_a_part(self) -> None:
        self._reactor.removeWriter(self)
        self._rest_from_writing = self._reactor.callLater(PART, self._write_on)

    def _write_on(self) -> None:
        self._rest_from_writing = None
        self._reactor.addWriter(self)

    def _sent(self, count: int) -> None:
        queue = self._queue
        while count:
            first = queue.popleft()
            if len(first) > count:
                queue.appendleft(first[count:])
                return
            count -= len(first)

    def _wait_for_room(self) -> None:
        if len(self._queue) == 1:
            self._reactor.addWriter(self)
            if self._producer is not None:
                self._producer.pauseProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Push producers only (`streaming`): paused while something is queued."""
        if not streaming:
            raise ValueError("a pull producer has no use here: blocks are pushed when there is room")
        self._producer = producer
        if self._queue:
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        self._producer = None

    # --- the end

    def loseConnection(self) -> None:
        """Send what is queued, then close."""
        if not self.connected or self.disconnecting:
            return
        self.disconnecting = True
        if not self._queue:
            self._end(error.ConnectionDone())

    def abortConnection(self) -> None:
        """Close now; what is queued is dropped."""
        self._end(error.ConnectionAborted())

    def _end(self, reason: Exception) -> None:
        """Nothing moves from here on; the protocol hears of it on the reactor's next turn."""
        if self.connected:
            self._disconnect()
            self._reactor.callLater(0, self._finish, reason)

    def _disconnect(self) -> None:
        self.connected = False
        self._reactor.removeReader(self)
        self._reactor.removeWriter(self)
        for rest in (self._rest_from_reading, self._rest_from_writing):
            if rest is not None:
                rest.cancel()
        self._rest_from_reading = self._rest_from_writing = None

    def connectionLost(self, reason: Failure) -> None:
        """Called by the reactor when doRead or doWrite reported an end, and for the rest when the process stops."""
        if self.connected:
            self._disconnect()
            self._finish(reason.value)

    def _finish(self, reason: BaseException | None) -> None:
        if self._queue:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._queue.clear()
        self._producer = None
        self._socket.close()
        try:
            self._protocol.connectionLost(Failure(reason))
        except Exception:
            _log.failure("a protocol failed to take leave of {peer}", peer=self._peer)

    # --- what the reactor and protocols ask

    def fileno(self) -> int:
        """-1 once closed: the reactor forgets us then."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        return type(self._protocol).__name__

    def getPeer(self) -> IPv4Address | IPv6Address:
        return self._peer

    def getHost(self) -> IPv4Address | IPv6Address:
        return self._host


def _lost(problem: OSError) -> Exception:
    """An OSError as Twisted's protocols expect it, the system's words kept."""
    return error.ConnectionLost(problem.strerror or str(problem))


_log = Logger()
