"""A UDP socket of ours on the reactor: at most 64 datagrams per wake-up.

Twisted's own port bounds a wake-up by bytes (256 KiB), which is thousands of small datagrams: a flood on the DHT's
port would hold up the peers. The rest waits in the kernel's buffer, which drops what does not fit.
"""

from __future__ import annotations

import errno
import socket
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort, ILoggingContext, IReadDescriptor
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from torrentd.net.sockets import socket_name, twisted_address

PER_WAKE_UP: Final = 64
"""Datagrams taken in one turn of the reactor."""

LARGEST: Final = 65536
"""No UDP datagram is larger."""


@implementer(IListeningPort, IReadDescriptor, ILoggingContext)
class DirectDatagramPort:
    """Carries one `DatagramProtocol` over `bound`, which it owns."""

    def __init__(self, reactor: Any, bound: socket.socket, protocol: DatagramProtocol) -> None:
        self._reactor = reactor
        self._socket = bound
        self._protocol = protocol
        self._host = twisted_address("UDP", bound.getsockname())

    def startListening(self) -> None:
        self._protocol.makeConnection(self)  # type: ignore[arg-type]  # of IUDPTransport: write and getHost only
        self._reactor.addReader(self)

    def doRead(self) -> None:
        """Deliver what waits, but not more than a turn's share."""
        for _ in range(PER_WAKE_UP):
            try:
                data, source = self._socket.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error about something we sent earlier: it takes one read
            try:
                self._protocol.datagramReceived(data, source)
            except Exception:
                _log.failure("a datagram of {length} bytes could not be handled", length=len(data))
            if self.fileno() == -1:
                return

    def write(self, packet: bytes, addr: tuple[str, int] | None = None) -> None:
        """Send one datagram to an IP literal and port. OSError if the system refuses it; a full buffer drops it."""
        if addr is None or self.fileno() == -1:
            return
        try:
            self._socket.sendto(packet, socket_name(*addr[:2]))
        except BlockingIOError:
            return  # UDP promises nothing; whoever sent it has a retransmission
        except OSError as problem:
            if problem.errno != errno.ECONNREFUSED:
                raise

    def stopListening(self) -> Deferred[None]:
        if self.fileno() != -1:
            self._reactor.removeReader(self)
            self._socket.close()
            self._protocol.doStop()
        return succeed(None)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops, or the descriptor went bad."""
        self.stopListening()

    def fileno(self) -> int:
        return self._socket.fileno()

    def logPrefix(self) -> str:
        return type(self._protocol).__name__

    def getHost(self) -> IPv4Address | IPv6Address:
        return self._host


_log = Logger()
