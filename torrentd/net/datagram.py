"""One UDP socket per listen address, shared by everything that speaks UDP.

Sharing keeps one port open in a firewall, and lets trackers and DHT nodes see the port we announce. The first byte
tells whose a datagram is: bencoding begins with `d`; uTP's with type and version, 0x01 to 0x41 with the low half 1;
what is left is a UDP tracker's answer, found by transaction id and source (BEP 15).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, TypeAlias

from twisted.internet.protocol import DatagramProtocol

from torrentd.model.address import Address
from torrentd.wire.utp import refusal


class Kind(Enum):
    """Whose a datagram is."""

    DHT = auto()
    UTP = auto()
    TRACKER = auto()


Route: TypeAlias = Callable[[bytes, Address], None]
"""Takes a datagram and its source. It bounds its own work: datagrams come from anybody."""


class Datagrams(DatagramProtocol):
    """Routes what one socket receives; `send` goes out of the same. Numbers count datagrams since the start."""

    def __init__(self, v6: bool) -> None:
        self.v6 = v6
        self.received = 0
        self.unclaimed = 0
        """for a kind nobody registered"""
        self.send_errors = 0
        """refused by the system: no route, no permission. Nobody is told, as for a datagram lost on the way"""
        self._routes: dict[Kind, Route] = {}

    @property
    def bound(self) -> bool:
        """Whether there is a socket behind it: not before it got its port, nor after it was closed."""
        return self.transport is not None

    def route(self, kind: Kind, to: Route) -> None:
        """Deliver this kind to `to` from now on."""
        self._routes[kind] = to

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Called by the transport with the source's socket name."""
        self.received += 1
        route = self._routes.get(kind_of(datagram)) if datagram else None
        if route is None:
            self.unclaimed += 1
        else:
            route(datagram, Address(addr[0].partition("%")[0], addr[1]))

    def send(self, data: bytes, to: Address) -> None:
        """Send one datagram; what goes wrong is counted."""
        if self.transport is None:
            self.send_errors += 1
            return
        try:
            self.transport.write(data, (to.host, to.port))
        except OSError:
            self.send_errors += 1


def refuse_utp(socket: Datagrams) -> None:
    """Tell who dials by uTP that only TCP is spoken here (BEP 29), so that they need not wait."""

    def refuse(datagram: bytes, source: Address) -> None:
        answer = refusal(datagram)
        if answer is not None:
            socket.send(answer, source)

    socket.route(Kind.UTP, refuse)


def kind_of(datagram: bytes) -> Kind:
    """By the first byte of a datagram that has one."""
    first = datagram[0]
    if first == ord("d"):
        return Kind.DHT
    if 0x01 <= first <= 0x41 and first & 0x0F == 1:
        return Kind.UTP
    return Kind.TRACKER
