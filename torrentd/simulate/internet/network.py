"""A host's network: the seam `net.network.Network`, over the simulated internet.

Addresses that mean "all of this host" stand for the host's own of that family.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import DatagramProtocol
from zope.interface import implementer

from torrentd.model.address import Address
from torrentd.net.buffers import Buffers
from torrentd.net.multicast import Near
from torrentd.net.network import CONNECT_TIMEOUT
from torrentd.net.portmap.gateways import Gateway
from torrentd.simulate.internet.datagrams import DatagramPort
from torrentd.simulate.internet.internet import Internet, ip_address
from torrentd.simulate.internet.names import Names
from torrentd.simulate.internet.router import Router
from torrentd.simulate.internet.site import Site

ANY = "0.0.0.0"  # nothing listens really
ANY_V6 = "::"


class SimulatedNetwork:
    """What `Network` offers, for one site. The memory of `buffers` may be shared by all: only one host runs at a
    time."""

    def __init__(self, internet: Internet, site: Site, buffers: Buffers | None = None) -> None:
        self.buffers = buffers.of_another_reactor() if buffers is not None else Buffers()
        self._internet = internet
        self._site = site

    def listen(self, factory: IProtocolFactory, address: Address) -> Deferred[IListeningPort]:
        listeners, v6 = self._site.listeners, ":" in address.host
        problem = self._problem(address, (v6, address.port) in listeners)
        if problem is not None:
            return fail(problem)
        port = address.port or self._site.free_port(lambda port: (v6, port) in listeners)
        return succeed(_Port(self._site, factory, Address(address.host, port)))

    def connect(
        self, factory: IProtocolFactory, address: Address, timeout: float = CONNECT_TIMEOUT, bind: str = ""
    ) -> Deferred[IProtocol]:
        return self._internet.connect(self._site, factory, address, timeout)

    def endpoint(self, address: Address, timeout: float = CONNECT_TIMEOUT, bind: str = "") -> IStreamClientEndpoint:
        return _Endpoint(self, address, timeout)

    def datagrams(self, protocol: DatagramProtocol, address: Address) -> IListeningPort:
        ports, v6 = self._site.datagram_ports, ":" in address.host
        problem = self._problem(address, (v6, address.port) in ports)
        if problem is not None:
            raise problem
        number = address.port or self._site.free_port(lambda port: (v6, port) in ports)
        port = DatagramPort(self._internet, self._site, number, protocol, ip_address(address.host, number, "UDP"))
        port.startListening()
        return port

    def groups(self, groups: Sequence[Address], listen: Sequence[Address], near: Near) -> list[Any]:
        """Take part in those of the site's local network, if it has one."""
        wanted = {":" in address.host for address in listen} & self._site.hosts.keys()
        if not self._site.link.lan:
            return []
        return [_Group(self._internet, self._site, group, near) for group in groups if (":" in group.host) in wanted]

    def gateways(self, named: str, bind: str) -> list[Gateway]:
        """Those in front of the site that can map ports."""
        return [router.gateway for router in self._site.routers.values()] if self._site.link.maps else []

    def upnp(self, client: str) -> Router:
        """The router that has this host in its network."""
        return next(router for router in self._site.routers.values() if router.gateway.client == client)

    def resolver(self) -> Names:
        """Names of this internet."""
        return Names(self._internet, self._site.reactor)

    def _own(self, v6: bool) -> tuple[str, str]:
        """Its address, and that in its router's network."""
        return self._site.hosts[v6], self._site.routers[v6].gateway.client

    def _problem(self, address: Address, taken: bool) -> CannotListenError | None:
        v6 = ":" in address.host
        if v6 not in self._site.hosts or address.host not in (ANY, ANY_V6, *self._own(v6)):
            return CannotListenError(address.host, address.port, OSError("Cannot assign requested address"))
        if taken:
            return CannotListenError(address.host, address.port, OSError("Address already in use"))
        return None


@implementer(IListeningPort)
class _Port:
    """A TCP port that is open."""

    def __init__(self, site: Site, factory: Any, address: Address) -> None:
        self._site = site
        self._factory = factory
        self._address = address
        self._key = (":" in address.host, address.port)
        self.startListening()

    def startListening(self) -> None:
        self._site.listeners[self._key] = self._factory
        self._factory.doStart()

    def stopListening(self) -> Deferred[None]:
        if self._site.listeners.get(self._key) is self._factory:
            self._site.listeners.pop(self._key).doStop()
        return succeed(None)

    def getHost(self) -> Any:
        return ip_address(*self._address)


class _Group:
    """The site in a multicast group."""

    def __init__(self, internet: Internet, site: Site, group: Address, near: Near) -> None:
        self.site = site
        self.group = group
        self.receive = near
        self._internet = internet
        internet.lans.enter(self)

    def send(self, data: bytes) -> None:
        self._internet.lans.send(self, data)

    def leave(self) -> Deferred[None]:
        self._internet.lans.leave(self)
        return succeed(None)


@implementer(IStreamClientEndpoint)
class _Endpoint:
    def __init__(self, network: SimulatedNetwork, address: Address, timeout: float) -> None:
        self._network = network
        self._address = address
        self._timeout = timeout

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return self._network.connect(protocolFactory, self._address, self._timeout)
