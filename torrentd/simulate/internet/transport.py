"""One end of a simulated TCP connection, as plain Twisted would offer it to a protocol.

What is written waits in the stream; beyond BUFFER bytes the producer is asked to pause, and to go on at two thirds of
that, as the kernel does. A reader that paused lets the sender's window fill up, and then the sender's buffer.

The ends are those of `net.transport`: the peer's FIN ends the connection, `abortConnection` drops what is queued, and
`connectionLost` reaches the protocol exactly once, never inside a call that it makes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from torrentd.simulate.internet.stream import Piece, Stream
from torrentd.simulate.internet.wire import Ledger
from torrentd.simulate.reactor import Reactor

BUFFER = 128 * 1024
"""Bytes that a socket takes before it is full: what Linux gives to a connection of moderate speed."""

IPAddress = IPv4Address | IPv6Address


@implementer(ITransport, IConsumer, IPushProducer)
class Transport:
    """`out` and `incoming` are set by who makes the connection. `ended` is told when it is over for this side."""

    out: Stream
    incoming: Stream
    protocol: Any = None

    def __init__(
        self, reactor: Reactor, ledger: Ledger, peer: IPAddress, host: IPAddress, ended: Callable[[Transport], None]
    ) -> None:
        self.connected = True
        self.disconnecting = False
        self.unread = 0
        """bytes that arrived while the protocol did not read"""
        self._reactor = reactor
        self._ledger = ledger
        self._peer = peer
        self._host = host
        self._ended = ended
        self._room = BUFFER
        self._producer: Any = None
        self._producer_paused = False
        self._paused = False
        self._waiting: deque[Piece] = deque()
        self._fin = False

    def begin(self, protocol: Any) -> None:
        """Introduce the protocol; bytes that came before it are read now."""
        self.protocol = protocol
        self._guard(protocol.makeConnection, self)
        self._read()

    # --- out

    def write(self, data: bytes) -> None:
        if self.connected and not self.disconnecting and data:
            self.out.push(data)
            if self._producer is not None and not self._producer_paused and self.out.queued > self._room:
                self._producer_paused = True
                self._producer.pauseProducing()

    def limit_unsent(self, count: int) -> None:
        """As TCP_NOTSENT_LOWAT does; 0: no limit but that of the socket."""
        self._room = min(BUFFER, count or BUFFER)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def left(self) -> None:
        """Some of what was queued has left. Called by the stream."""
        if self._producer_paused and self.out.queued <= self._room * 2 // 3:
            self._producer_paused = False
            self._guard(self._producer.resumeProducing)
        if self.disconnecting and not self.out.queued:
            self._end(error.ConnectionDone())

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Push producers only."""
        if not streaming:
            raise ValueError("a pull producer has no use here")
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer, self._producer_paused = None, False

    # --- in

    def receive(self, data: Piece, size: int) -> None:
        """Bytes are here. Called by the stream."""
        if not self.connected:
            self._ledger.dropped += size
            return
        self._waiting.append(data)
        self.unread += size
        self._read()

    def _read(self) -> None:
        while self._waiting and self.connected and not self._paused and self.protocol is not None:
            data = self._waiting.popleft()
            self.unread -= len(data)
            self._ledger.received += len(data)
            self._guard(self.protocol.dataReceived, bytes(data))
        if self._fin and not self._waiting:
            self._end(error.ConnectionDone())

    def pauseProducing(self) -> None:
        """Stop reading."""
        self._paused = True

    def resumeProducing(self) -> None:
        if self._paused:
            self._paused = False
            self._reactor.callLater(0, self._read_on)

    def _read_on(self) -> None:
        self._read()
        self.incoming.wake()

    def stopProducing(self) -> None:
        self.loseConnection()

    # --- the end

    def loseConnection(self) -> None:
        """Send what is queued, then close."""
        if self.connected and not self.disconnecting:
            self.disconnecting = True
            if not self.out.queued:
                self._end(error.ConnectionDone())

    def abortConnection(self) -> None:
        """Close now; what is queued is dropped."""
        self._end(error.ConnectionAborted())

    def peer_ended(self, how: str) -> None:
        """A FIN or RST is here. Called by the stream."""
        if how == "reset":
            self._end(error.ConnectionLost("Connection reset by peer"))
        else:
            self._fin = True
            self._read()

    def vanish(self) -> None:
        """The process is gone: the kernel closes the connection, and nobody here is told."""
        if self.connected:
            self._close()
            self.out.reset()
            self._ended(self)

    def _end(self, reason: Exception) -> None:
        if not self.connected:
            return
        self._close()
        if isinstance(reason, error.ConnectionDone) and not self.out.queued:
            self.out.finish()
        else:
            self.out.reset()
        self._reactor.callLater(0, self._lost, reason)

    def _close(self) -> None:
        self.connected = False
        self._producer = None
        self._producer_paused = False
        self._ledger.dropped += self.unread
        self._waiting.clear()
        self.unread = 0

    def _lost(self, reason: Exception) -> None:
        self._ended(self)
        if self.protocol is not None:
            try:
                self.protocol.connectionLost(Failure(reason))
            except Exception:
                _log.failure("a protocol failed to take leave of {peer}", peer=self._peer)

    def _guard(self, call: Callable[..., Any], *args: Any) -> None:
        """As the reactor does: a protocol that fails is logged and loses its connection."""
        try:
            call(*args)
        except Exception:
            _log.failure("a protocol failed with {peer}", peer=self._peer)
            self.abortConnection()

    def getPeer(self) -> IPAddress:
        return self._peer

    def getHost(self) -> IPAddress:
        return self._host


_log = Logger()
