"""A tracker's host: a name, an address, and a registry behind HTTP and UDP."""

from __future__ import annotations

from random import Random

from twisted.internet.interfaces import IListeningPort

from torrentd.model.address import Address
from torrentd.simulate.clock import Clock
from torrentd.simulate.internet.internet import Internet
from torrentd.simulate.internet.links import Link
from torrentd.simulate.internet.network import SimulatedNetwork
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.trackers.http import HttpTracker
from torrentd.simulate.trackers.registry import Registry
from torrentd.simulate.trackers.udp import UdpTracker

HTTP_PORT = 80
UDP_PORT = 6969


class Tracker:
    """Reached at `http` over each family of its link, and at `udp` over the first: two URLs."""

    def __init__(self, clock: Clock, internet: Internet, name: str, rng: Random, link: Link) -> None:
        self.registry = Registry(rng)
        self.http = f"http://{name}/announce"
        self.udp = f"udp://{name}:{UDP_PORT}/announce"
        reactor = Reactor(clock)
        self.site = internet.site(name, link, reactor)
        internet.names[name] = list(self.site.hosts.values())
        self._network = SimulatedNetwork(internet, self.site)
        self.over_http = HttpTracker(clock, self.registry)
        self.over_udp = UdpTracker(clock, self.registry, rng)
        self.revive()

    def die(self) -> None:
        """Refuse connections, answer no datagram."""
        for port in self._ports:
            port.stopListening()
        self.site.crash()

    def revive(self) -> None:
        """Begin to listen (again)."""
        self._ports: list[IListeningPort] = [
            self._network.datagrams(self.over_udp, Address(self.site.address, UDP_PORT))
        ]
        for host in self.site.hosts.values():
            self._network.listen(self.over_http, Address(host, HTTP_PORT)).addCallback(self._ports.append)
