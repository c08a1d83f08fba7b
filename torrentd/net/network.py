"""The seam to the network. Everything that listens, connects or sends datagrams does it through a `Network`; the
simulated world has another one.

Peers ride on our own transport (see transport.py) or, with `direct=False`, on plain Twisted: the same protocols, the
same tests. Everyone else who needs a stream (trackers) takes an `endpoint`, which is always plain Twisted's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import CannotListenError, ConnectError
from twisted.internet.interfaces import IListeningPort, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import DatagramProtocol

from torrentd.model.address import Address
from torrentd.net.buffers import Buffers
from torrentd.net.connecting import Connecting
from torrentd.net.datagram_port import DirectDatagramPort
from torrentd.net.listening import DirectPort
from torrentd.net.multicast import Group, Near, join
from torrentd.net.polling import BoundedPoll
from torrentd.net.portmap import gateways
from torrentd.net.portmap.upnp import UpnpRouter
from torrentd.net.sockets import datagram_socket, family_of, listening_socket, source_address
from torrentd.net.trackers.resolver import Resolver

CONNECT_TIMEOUT: Final = 10.0
"""Seconds for a connect; a peer that needs longer is not worth a half-open place."""


class Network:
    """Sockets on `reactor`. Addresses are IP literals: names are resolved, and checked, before they come here."""

    def __init__(self, reactor: Any, *, direct: bool = True) -> None:
        self.buffers = Buffers()
        self._reactor = reactor
        self._direct = direct
        self._poll = BoundedPoll(reactor)

    def listen(self, factory: IProtocolFactory, address: Address) -> Deferred[IListeningPort]:
        """Accept TCP connections (port 0: any free port, see `getHost`). Errback CannotListenError."""
        try:
            listening = listening_socket(address)
        except OSError as problem:
            return fail(CannotListenError(address.host, address.port, problem))
        if self._direct:
            port = DirectPort(self._poll, listening, factory, self.buffers)
            port.startListening()
            return succeed(port)
        adopted = self._reactor.adoptStreamPort(listening.fileno(), listening.family, factory)
        listening.close()  # the reactor has its own descriptor of it
        return succeed(adopted)

    def connect(
        self, factory: IProtocolFactory, address: Address, timeout: float = CONNECT_TIMEOUT, bind: str = ""
    ) -> Deferred[IProtocol]:
        """Dial a peer; fires with the factory's protocol. `bind`: source address or interface, "" for any. Errback
        ConnectError or one of its kinds; may be cancelled."""
        if self._direct:
            return Connecting(self._poll, factory, address, timeout, bind, self.buffers).connected
        try:
            return self.endpoint(address, timeout, bind).connect(factory)
        except OSError as problem:
            return fail(ConnectError(problem.errno, str(problem)))

    def endpoint(self, address: Address, timeout: float = CONNECT_TIMEOUT, bind: str = "") -> IStreamClientEndpoint:
        """A plain Twisted endpoint to an address. OSError if `bind` has no address of that family."""
        source = source_address(bind, address.host)
        kind = TCP6ClientEndpoint if ":" in address.host else TCP4ClientEndpoint
        return kind(self._reactor, address.host, address.port, timeout, (source, 0) if source else None)

    def resolver(self) -> Resolver:
        """Who asks the system for the addresses of names."""
        return Resolver(self._reactor)

    def datagrams(self, protocol: DatagramProtocol, address: Address) -> IListeningPort:
        """Bind a UDP socket to `protocol`. Raises CannotListenError."""
        try:
            bound = datagram_socket(address)
        except OSError as problem:
            raise CannotListenError(address.host, address.port, problem) from None
        if self._direct:
            port = DirectDatagramPort(self._reactor, bound, protocol)
            port.startListening()
            return port
        adopted: IListeningPort = self._reactor.adoptDatagramPort(bound.fileno(), family_of(address.host), protocol)
        bound.close()
        return adopted

    def groups(self, groups: Sequence[Address], listen: Sequence[Address], near: Near) -> list[Group]:
        """Take part in these multicast groups on the interfaces of `listen`, where that is possible."""
        return join(self._reactor, groups, listen, near)

    def gateways(self, named: str, bind: str) -> list[gateways.Gateway]:
        """The routers that may map ports for us; see net.portmap.gateways."""
        return gateways.find(named, bind)

    def upnp(self, client: str) -> UpnpRouter:
        """The router that UPnP finds on the network of this address of ours."""
        return UpnpRouter(self._reactor, client)
