"""Our peer ports at the routers between us and the internet: the driving rule for `policy.ports.portmap`, the sockets
and the timers.

A mapping is wanted for what listens on the address that the router sees, or on all addresses. So a daemon that listens
on loopback, or on a VPN's address, tells the router at home nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.address import Address, Scope, scope
from torrentd.net.portmap.gateways import Gateway
from torrentd.net.portmap.line import GatewayLine
from torrentd.net.portmap.upnp import UpnpError
from torrentd.policy.ports.mapping import Changed, Command, Gone, MapByUpnp, Method, SeenAt, Send, UnmapByUpnp
from torrentd.policy.ports.portmap import LEASE, PortMap
from torrentd.session.telling.rows import PortMappingRow
from torrentd.wire.portmap.messages import Protocol

if TYPE_CHECKING:
    from torrentd.config import settings
    from torrentd.session.host import Host

log = Logger()

LOOK = 600.0
"""Seconds between two looks at who the routers are: hosts move, and networks come after a start."""

ANY = ("0.0.0.0", "::")

Seen = Callable[[str, str], None]
"""`seen(our address, who says so)`"""


class Router:
    """One router, from the first request to `Gone`."""

    def __init__(self, host: Host, gateway: Gateway, ports: PortMap, seen: Seen, changed: Callable[[], None]) -> None:
        """CannotListenError: our address there is gone again."""
        self.gateway = gateway
        self.ports = ports
        self.gone: Deferred[None] = Deferred()
        self._host = host
        self._seen = seen
        self._changed = changed
        self._said = ""
        self._left = False
        self._timer: IDelayedCall | None = None
        self._upnp = host.network.upnp(gateway.client)
        self._line = GatewayLine(gateway.address, lambda datagram: self._run(ports.received(datagram, self._now())))
        self._socket = host.network.datagrams(self._line, Address(gateway.client, 0))
        self._run(ports.start(self._now()))

    def stop(self) -> Deferred[None]:
        """Fires when the router was told, or does not listen."""
        self._run(self.ports.stop(self._now()))
        return self.gone

    def leave(self) -> None:
        """No timer and no socket stays. What UPnP is just mapping is taken back when it has come so far."""
        self._left = True
        self.ports.stop(self._now())
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        maybeDeferred(self._socket.stopListening)

    def rows(self) -> list[PortMappingRow]:
        """For the API."""
        now, ports = self._now(), self.ports
        return [
            PortMappingRow(
                protocol=one.protocol,
                port=one.port,
                external_port=one.external_port or None,
                external_address=ports.address or None,
                method=ports.method,
                gateway=self.gateway.address.host,
                expires_in=max(0, int(one.expires_at - now)) if one.external_port else None,
                error=None if one.external_port else ports.problem or None,
            )
            for one in ports.mappings
        ]

    def _run(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Send):
                self._line.send(command.datagram)
            elif isinstance(command, MapByUpnp):
                done = self._upnp.map(command.ports, LEASE)
                done.addCallbacks(self._mapped, self._not_mapped).addErrback(_ours)
            elif isinstance(command, UnmapByUpnp):
                done_too = self._upnp.unmap(command.ports)
                done_too.addBoth(lambda _: self._run(self.ports.upnp_unmapped())).addErrback(_ours)
            elif isinstance(command, SeenAt):
                self._vote(command.address)
            elif isinstance(command, Changed):
                self._say()
                self._changed()
            elif isinstance(command, Gone):
                self.gone.callback(None)
        self._arm()

    def _mapped(self, result: tuple[list[tuple[Protocol, int, int]], str]) -> None:
        self._run(self.ports.upnp_mapped(*result, self._now()))

    def _not_mapped(self, failure: Failure) -> None:
        if failure.check(UpnpError) is None:
            _ours(failure)
        self._run(self.ports.upnp_failed(failure.getErrorMessage(), self._now()))

    def _vote(self, address: str) -> None:
        """A router behind a router knows only its own."""
        if scope(address) is Scope.GLOBAL:
            self._seen(address, self.gateway.client)

    def _say(self) -> None:
        """In the log, if it is news."""
        ports = self.ports
        held = ", ".join(f"{one.protocol} {one.external_port}" for one in ports.mappings if one.external_port)
        said = f"maps {held} to us ({ports.method})" if held else f"maps no ports: {ports.problem}"
        if said != self._said and (held or ports.problem):
            self._said = said
            log.info("the router {gateway} {said}", gateway=self.gateway.address.host, said=said)

    def _arm(self) -> None:
        timer, deadline = self._timer, self.ports.deadline
        if timer is not None and timer.active():
            timer.cancel()
        if deadline != inf and not self._left:
            wait = max(0.0, deadline - self._now())
            self._timer = self._host.reactor.callLater(wait, lambda: self._run(self.ports.tick(self._now())))

    def _now(self) -> float:
        return float(self._host.reactor.seconds())


class Ports:
    """Maps while `start` .. `stop`. `seen` takes votes on our address; `changed` hears that `port` may have changed."""

    def __init__(self, host: Host, seen: Seen, changed: Callable[[], None]) -> None:
        self._host = host
        self._seen = seen
        self._changed = changed
        self._routers: list[Router] = []
        self._listen: list[Address] = []
        self._settings: settings.Ports | None = None
        self._bind = ""
        self._timer: IDelayedCall | None = None

    def start(self, settings: settings.Ports, bind: str, listen: Sequence[Address]) -> None:
        """Map what listens at these addresses, if that is wanted. `bind`: the source of outgoing connections."""
        if not settings.map or not settings.methods:
            return
        self._settings, self._bind, self._listen = settings, bind, list(listen)
        self._look()

    def stop(self) -> Deferred[Any]:
        """Take everything back. Fires when the routers were told; bounded, except for UPnP."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        return gatherResults([router.stop() for router in self._routers])

    def leave(self) -> None:
        """No timer and no socket stays."""
        routers, self._routers = self._routers, []
        for router in routers:
            router.leave()

    @property
    def port(self) -> int:
        """Where peers reach our first port over IPv4 by TCP, if a router says so; else 0."""
        found = (router.ports.mappings for router in self._routers if not router.gateway.v6)
        return next((one.external_port for mappings in found for one in mappings if one.protocol == "tcp"), 0)

    def rows(self) -> list[PortMappingRow]:
        """For the API."""
        return [row for router in self._routers for row in router.rows()]

    def _look(self) -> None:
        """Forget routers that are no longer there, begin with new ones."""
        assert self._settings is not None
        gateways = self._host.network.gateways(self._settings.gateway, self._bind)
        for router in [one for one in self._routers if one.gateway not in gateways]:
            router.leave()
            self._routers.remove(router)
            self._changed()
        known = [router.gateway for router in self._routers]
        for gateway in gateways:
            if gateway not in known:
                self._begin(gateway, self._settings.methods)
        self._timer = self._host.reactor.callLater(LOOK, self._look)

    def _begin(self, gateway: Gateway, methods: Sequence[Method]) -> None:
        wanted = _wanted(self._listen, gateway)
        usable = [method for method in methods if method == "pcp" or not gateway.v6]
        if not wanted or not usable:
            return
        ports = PortMap(gateway.client, wanted, usable, self._host.secret_rng)
        try:
            self._routers.append(Router(self._host, gateway, ports, self._seen, self._changed))
        except CannotListenError:
            return  # our address there went away: the next look finds what is there then


def _wanted(listen: Sequence[Address], gateway: Gateway) -> list[tuple[Protocol, int]]:
    """The ports that the router can reach, each for TCP and UDP."""
    hosts = (gateway.client, ANY[gateway.v6])
    numbers = dict.fromkeys(address.port for address in listen if address.host in hosts)
    protocols: tuple[Protocol, ...] = ("tcp", "udp")
    return [(protocol, number) for number in numbers for protocol in protocols]


def _ours(failure: Failure) -> None:
    log.failure("a port could not be mapped: a bug of ours", failure)
