"""A listening TCP port of ours: accepts, and hands each connection to a `DirectTransport`.

Bounded per turn, so that a flood of connections does not starve the peers we have. Out of descriptors, `accept` fails
while the port stays readable: a loop that tried again at once would take a whole core, so accepting rests instead. It
rests already when only a reserve is left, so that peers do not take the descriptors that files and the RPC need.
"""

from __future__ import annotations

import errno
import socket
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IListeningPort, ILoggingContext, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from torrentd.net.buffers import Buffers
from torrentd.net.sockets import check_reserve, twisted_address
from torrentd.net.transport import DirectTransport

ACCEPTS_PER_TURN: Final = 16
"""Connections taken in one turn of the reactor; the kernel's backlog holds the rest until the next."""

REST: Final = 1.0
"""Seconds without accepting after the system ran out of something."""

QUIET: Final = 60.0
"""Seconds between two lines in the log about that: who keeps us short of descriptors must not fill the disk with it."""

OUT_OF = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


@implementer(IListeningPort, IReadDescriptor, ILoggingContext)
class DirectPort:
    """Listens on `listening`, which it owns. `factory.buildProtocol` answers a `Receiver`, or None to refuse."""

    def __init__(self, reactor: Any, listening: socket.socket, factory: Any, buffers: Buffers) -> None:
        self._reactor = reactor
        self._socket = listening
        self._factory = factory
        self._buffers = buffers
        self._host = twisted_address("TCP", listening.getsockname())
        self._resting: Any = None
        self._quiet_until = 0.0

    def startListening(self) -> None:
        self._factory.doStart()
        self._reactor.addReader(self)

    def doRead(self) -> None:
        """Accept what waits, but not more than a turn's share."""
        for _ in range(ACCEPTS_PER_TURN):
            try:
                accepted, name = self._socket.accept()
                check_reserve(accepted)
            except BlockingIOError:
                return
            except OSError as problem:
                if problem.errno in OUT_OF:
                    self._rest(problem)
                # anything else concerns one connection that was gone before we took it
                return
            self._take(accepted, twisted_address("TCP", name))

    def _take(self, accepted: socket.socket, peer: IPv4Address | IPv6Address) -> None:
        accepted.setblocking(False)
        protocol = self._protocol_for(peer)
        if protocol is None:
            accepted.close()
            return
        try:
            host = twisted_address("TCP", accepted.getsockname())
            transport = DirectTransport(self._reactor, accepted, protocol, self._buffers, peer, host)
        except OSError as problem:  # it broke before we looked at it; the protocol holds a place already
            accepted.close()
            protocol.connectionLost(Failure(ConnectionLost(problem.strerror or str(problem))))
            return
        transport.start()

    def _protocol_for(self, peer: IPv4Address | IPv6Address) -> Any:
        """The factory's protocol; None also when the factory fails, which must not cost the port."""
        try:
            return self._factory.buildProtocol(peer)
        except Exception:
            _log.failure("a connection from {peer} could not be taken", peer=peer)
            return None

    def _rest(self, problem: OSError) -> None:
        now = self._reactor.seconds()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET
            _log.warn("not accepting peers for {rest} s: {problem}", rest=REST, problem=problem.strerror)
        self._reactor.removeReader(self)
        self._resting = self._reactor.callLater(REST, self._go_on)

    def _go_on(self) -> None:
        self._resting = None
        self._reactor.addReader(self)

    def stopListening(self) -> Deferred[None]:
        """Close the port; connections that were accepted stay."""
        if self._socket.fileno() != -1:
            self._reactor.removeReader(self)
            if self._resting is not None:
                self._resting.cancel()
                self._resting = None
            self._socket.close()
            self._factory.doStop()
        return succeed(None)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops, or the descriptor went bad."""
        self.stopListening()

    def fileno(self) -> int:
        return self._socket.fileno()

    def logPrefix(self) -> str:
        return f"peers on {self._host.host} port {self._host.port}"

    def getHost(self) -> IPv4Address | IPv6Address:
        return self._host


_log = Logger()
