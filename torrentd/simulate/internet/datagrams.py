"""A simulated UDP socket: what `net.datagram.Datagrams` needs of a transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from zope.interface import implementer

if TYPE_CHECKING:
    from torrentd.simulate.internet.internet import Internet
    from torrentd.simulate.internet.site import Site


@implementer(IListeningPort)
class DatagramPort:
    """Carries one `DatagramProtocol` of a site."""

    def __init__(
        self, internet: Internet, site: Site, port: int, protocol: Any, host: IPv4Address | IPv6Address
    ) -> None:
        self._internet = internet
        self._site = site
        self._port = (":" in host.host, port)
        self._protocol = protocol
        self._host = host

    def startListening(self) -> None:
        self._site.datagram_ports[self._port] = self
        self._protocol.makeConnection(self)

    def write(self, packet: bytes, addr: tuple[str, int] | None = None) -> None:
        """Send one datagram; nobody is told what becomes of it."""
        if addr is not None and self._site.datagram_ports.get(self._port) is self:
            self._internet.send_datagram(self._site, self._port[1], packet, addr)

    def receive(self, packet: bytes, source: tuple[str, int]) -> None:
        """A datagram arrived."""
        try:
            self._protocol.datagramReceived(packet, source)
        except Exception:
            _log.failure("a datagram of {length} bytes could not be handled", length=len(packet))

    def stopListening(self) -> Deferred[None]:
        if self._site.datagram_ports.get(self._port) is self:
            del self._site.datagram_ports[self._port]
            self._protocol.doStop()
        return succeed(None)

    def getHost(self) -> IPv4Address | IPv6Address:
        return self._host


_log = Logger()
