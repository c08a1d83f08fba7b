"""All hosts and what lies between them: addresses, names, connects, partitions, datagrams.

A connect is a SYN to the other host and an answer back. Without a listener the answer is a refusal; a router in front
of the host, a partition or a host that is gone answer nothing, and the connect times out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from torrentd.model.address import Address
from torrentd.simulate.clock import Clock
from torrentd.simulate.internet.lans import NEAR, Lans
from torrentd.simulate.internet.links import Link
from torrentd.simulate.internet.portmapper import UDP
from torrentd.simulate.internet.router import Router
from torrentd.simulate.internet.site import Port, Site
from torrentd.simulate.internet.stream import Stream
from torrentd.simulate.internet.transport import Transport
from torrentd.simulate.internet.wire import Ledger, Wire
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.trace import Trace

SYN_TIMEOUT = 1.0
"""Seconds until a lost SYN is sent again; each further time twice as long (RFC 6298)."""

LAST_SYN = 63.0
"""Seconds after which no SYN is sent any more."""

FIRST_NETWORK = 11 << 24
"""Hosts are given addresses from 11.0.0.1 on: global ones, in nobody's way here."""

FIRST_V6_NETWORK = 0x2A00 << 112
"""The same of IPv6: each host has a /64 of its own, from 2a00:0:0:1:: on."""


class Internet:
    """The network of one world."""

    def __init__(self, clock: Clock, rng: Random, trace: Trace) -> None:
        self.ledger = Ledger()
        self.lans = Lans(clock)
        self.names: dict[str, list[str]] = {}
        """host name -> addresses"""
        self.datagrams_lost = 0
        self._clock = clock
        self._rng = rng
        self._trace = trace
        self._sites: dict[str, Site] = {}
        self._count = 0

    def site(self, name: str, link: Link, reactor: Reactor) -> Site:
        """A new host, with the next address of each family that its link has."""
        self._count += 1
        hosts = [_host(self._count, family) for family in link.families]
        site = Site(self._clock, name, hosts, link, reactor)
        self._sites.update(dict.fromkeys(hosts, site))
        return site

    @property
    def sites(self) -> list[Site]:
        return list(dict.fromkeys(self._sites.values()))

    # --- partitions

    def part(self, groups: Iterable[Iterable[Site]]) -> None:
        """Hosts of different groups do not reach each other any more; those in no group make one of their own."""
        for site in self.sites:
            site.side = 0
        for side, group in enumerate(groups, start=1):
            for site in group:
                site.side = side
        self._review()

    def heal(self) -> None:
        """Everybody reaches everybody again, over the old connections too."""
        self.part(())

    def forget(self, site: Site) -> None:
        """A router on the way forgets the host's connections: nothing passes over them any more, nobody is told."""
        for wire in site.transports.values():
            wire.cut = wire.forgotten = True

    def lose(self, site: Site, v6: bool) -> None:
        """The host has no address of that family any more: what went over it is forgotten."""
        host = site.hosts.pop(v6)
        for transport, wire in site.transports.items():
            if transport.getHost().host == host:
                wire.cut = wire.forgotten = True

    def _review(self) -> None:
        for site in self.sites:
            for transport, wire in site.transports.items():
                other = self._sites[transport.getPeer().host]
                wire.cut = wire.forgotten or site.side != other.side
                if not wire.cut:
                    transport.out.wake()

    # --- streams

    def connect(self, site: Site, factory: Any, address: Address, timeout: float) -> Deferred[Any]:
        """Dial; fires with the factory's protocol. Errback as of `net.network.Network.connect`."""
        return _Connecting(self, self._clock, self._trace, site, factory, address, timeout).connected

    def find(self, site: Site, address: Address) -> Site | None:
        """The host at that address, if packets from `site` get there."""
        other = self._sites.get(address.host)
        v6 = ":" in address.host
        if other is None or other.side != site.side or not (v6 in site.hosts and v6 in other.hosts):
            return None
        return other

    def wire(self, one: Site, other: Site) -> Wire:
        """A path between two hosts."""
        loss = 1.0 - (1.0 - one.link.loss) * (1.0 - other.link.loss)
        return Wire(one.link.latency + other.link.latency, loss, self._rng, self.ledger)

    def join(self, wire: Wire, near: Site, far: Site, port: int, to: Address) -> tuple[Transport, Transport]:
        """Both ends of a connection to an address of `far`, without protocols yet."""
        here, there = ip_address(near.hosts[":" in to.host], port), ip_address(*to)
        one = Transport(near.reactor, self.ledger, there, here, lambda ended: _gone(near, ended))
        two = Transport(far.reactor, self.ledger, here, there, lambda ended: _gone(far, ended))
        one.out = two.incoming = Stream(self._clock, wire, one, two, near.up, far.down)
        two.out = one.incoming = Stream(self._clock, wire, two, one, far.up, near.down)
        near.transports[one] = far.transports[two] = wire
        return one, two

    # --- datagrams

    def send_datagram(self, site: Site, port: int, packet: bytes, to: tuple[str, int]) -> None:
        """One datagram on its way; lost by luck, at a full link, or when nobody is there."""
        v6 = ":" in to[0]
        router = site.routers.get(v6)
        if router is not None and to == router.gateway.address:
            self._clock.at(self._clock.now + NEAR, self._router_hears, site, router, packet, (v6, port))
            return
        other = self.find(site, Address(*to))
        if other is None or self.wire(site, other).loses_packet() or site.up.backlog() > site.link.queue:
            self.datagrams_lost += 1
            return
        latency = site.link.latency + other.link.latency
        source = (site.hosts[v6], port if router is None else router.mapper.outside(UDP, port))
        self._clock.at(site.up.take(len(packet)) + latency, self._datagram_arrives, other, packet, source, (v6, to[1]))

    def _router_hears(self, site: Site, router: Router, packet: bytes, port: Port) -> None:
        for answer in router.mapper.answer(packet):
            self._clock.at(self._clock.now + NEAR, self._router_answers, site, router, answer, port)

    def _router_answers(self, site: Site, router: Router, answer: bytes, port: Port) -> None:
        found = site.datagram_ports.get(port)
        if found is not None:
            found.receive(answer, router.gateway.address)

    def _datagram_arrives(self, site: Site, packet: bytes, source: tuple[str, int], port: Port) -> None:
        """A router passes on what comes to a mapped port; what comes to others is an answer, for all it knows."""
        v6, number = port
        inside = site.routers[v6].mapper.inside(UDP, number) if v6 in site.routers else None
        found = site.datagram_ports.get((v6, number if inside is None else inside))
        if found is None:
            self.datagrams_lost += 1
            return
        self._trace.note("datagram", source[0], site.name, len(packet))
        site.down.arrive(len(packet), found.receive, packet, source)


class _Connecting:
    """One connect."""

    def __init__(
        self,
        internet: Internet,
        clock: Clock,
        trace: Trace,
        site: Site,
        factory: Any,
        address: Address,
        timeout: float,
    ) -> None:
        self.connected: Deferred[Any] = Deferred(self._cancelled)
        self._internet = internet
        self._clock = clock
        self._trace = trace
        self._site = site
        self._factory = factory
        self._address = address
        self._deadline = site.reactor.callLater(timeout, self._fail, error.TimeoutError())
        far = internet.find(site, address)
        if far is not None:
            self._wire = internet.wire(site, far)
            v6 = ":" in address.host
            self._port = site.free_port(lambda port: (v6, port) in site.listeners)
            clock.at(clock.now + self._delay(), self._syn, far)

    def _delay(self) -> float:
        """Until the SYN is there, repeated as often as it is lost."""
        delay, wait = self._wire.latency, SYN_TIMEOUT
        while delay < LAST_SYN and self._wire.loses_packet():
            delay += wait
            wait *= 2
        return delay

    def _syn(self, far: Site) -> None:
        if not self._deadline.active() or far.side != self._site.side:
            return
        door = far.door((":" in self._address.host, self._address.port))
        if door is None:
            return
        factory = far.listeners.get(door)
        answer = self._clock.now + self._wire.latency
        if factory is None:
            self._clock.at(answer, self._refuse)
            return
        near_end, far_end = self._internet.join(self._wire, self._site, far, self._port, self._address)
        self._clock.at(answer, self._establish, near_end)
        _accept(factory, far_end)

    def _establish(self, transport: Transport) -> None:
        if not self._deadline.active():
            transport.vanish()
            return
        self._deadline.cancel()
        protocol = self._factory.buildProtocol(transport.getPeer())
        if protocol is None:
            transport.vanish()
            self.connected.errback(Failure(error.ConnectError(string="not wanted any more")))
            return
        self._trace.note("connected", self._site.name, self._address.host)
        transport.begin(protocol)
        self.connected.callback(protocol)

    def _refuse(self) -> None:
        """The answer is here; nobody may be there any more who waits for it."""
        if self._deadline.active():
            self._fail(error.ConnectionRefusedError(string="Connection refused"))

    def _cancelled(self, _: Deferred[Any]) -> None:
        if self._deadline.active():
            self._deadline.cancel()

    def _fail(self, reason: Exception) -> None:
        if not self.connected.called:
            if self._deadline.active():
                self._deadline.cancel()
            self.connected.errback(Failure(reason))


def _accept(factory: Any, transport: Transport) -> None:
    protocol = factory.buildProtocol(transport.getPeer())
    if protocol is None:
        transport.vanish()
    else:
        transport.begin(protocol)


def _gone(site: Site, transport: Transport) -> None:
    site.transports.pop(transport, None)


def _host(number: int, family: int) -> str:
    if family == 6:
        return str(ipaddress.IPv6Address(FIRST_V6_NETWORK | number << 64 | 1))
    return str(ipaddress.IPv4Address(FIRST_NETWORK + number))


def ip_address(host: str, port: int, kind: str = "TCP") -> IPv4Address | IPv6Address:
    """What Twisted's factories expect."""
    made: Callable[..., IPv4Address | IPv6Address] = IPv6Address if ":" in host else IPv4Address
    return made(kind, host, port)
