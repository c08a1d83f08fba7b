"""A host as the internet sees it: an address of each family behind a link, its ports, its connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from torrentd.simulate.clock import Clock
from torrentd.simulate.internet.links import Downlink, Link, Uplink
from torrentd.simulate.internet.portmapper import TCP
from torrentd.simulate.internet.router import Router
from torrentd.simulate.internet.transport import Transport
from torrentd.simulate.internet.wire import Wire
from torrentd.simulate.reactor import Reactor

if TYPE_CHECKING:
    from torrentd.simulate.internet.datagrams import DatagramPort

Port: TypeAlias = tuple[bool, int]
"""Whether it is of IPv6, and its number."""

FIRST_EPHEMERAL = 32768
LAST_EPHEMERAL = 60999
"""Ports of outgoing connections, as Linux chooses them."""


class Site:
    """One host's place on the internet."""

    def __init__(self, clock: Clock, name: str, hosts: Sequence[str], link: Link, reactor: Reactor) -> None:
        self.name = name
        self.hosts = {":" in host: host for host in hosts}
        """its addresses, by family (IPv6)"""
        self.address = hosts[0]
        self.link = link
        self.reactor = reactor
        self.side = 0
        """hosts of different sides of a partition do not reach each other"""
        self.up = Uplink(clock, link)
        self.down = Downlink(clock, link)
        self.listeners: dict[Port, Any] = {}
        """TCP port -> factory"""
        self.datagram_ports: dict[Port, DatagramPort] = {}
        self.routers = {v6: Router(reactor, host, link.maps, link.lease) for v6, host in self.hosts.items()}
        """what stands before it, by family"""
        self.transports: dict[Transport, Wire] = {}
        """every connection that is open here"""
        self._next_port = FIRST_EPHEMERAL

    def relink(self, link: Link) -> None:
        """The link changes; latency and loss are those of connections made from now on."""
        self.link = self.up.link = self.down.link = link

    def door(self, port: Port) -> Port | None:
        """Where a connection to this port of the outside comes in."""
        if not self.link.nat:
            return port
        inside = self.routers[port[0]].mapper.inside(TCP, port[1])
        return None if inside is None else (port[0], inside)

    def free_port(self, taken: Callable[[int], bool]) -> int:
        """A port that nobody uses."""
        while True:
            port, self._next_port = self._next_port, self._next_port + 1
            if self._next_port > LAST_EPHEMERAL:
                self._next_port = FIRST_EPHEMERAL
            if not taken(port):
                return port

    def crash(self) -> None:
        """The process is gone: its ports are closed, its connections reset."""
        self.listeners.clear()
        self.datagram_ports.clear()
        for transport in list(self.transports):
            transport.vanish()
        self.transports.clear()

    def open_things(self) -> list[str]:
        """What is open here, in words."""
        return [
            *(f"{self.name} listens on TCP port {port}" for _, port in self.listeners),
            *(f"{self.name} has UDP port {port}" for _, port in self.datagram_ports),
            *(f"{self.name} is connected to {transport.getPeer().host}" for transport in self.transports),
        ]
