"""The router in front of a host that maps ports for it, if the host asks as the router understands.

The host keeps its global address here, which is the router's as well; only ports differ, as they do where several
hosts share one address. Over IPv6 a mapping is a hole in the router's wall, with the same port on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from torrentd.model.address import Address
from torrentd.net.portmap.gateways import Gateway
from torrentd.net.portmap.upnp import UpnpError
from torrentd.simulate.internet.portmapper import TCP, UDP, PortMapper
from torrentd.wire.portmap.messages import GATEWAY_PORT, Protocol

ROUTER, CLIENT = "192.168.1.1", "192.168.1.2"
ROUTER_V6: Final = "fe80::1"

SHIFT: Final = 1000
"""It never gives the port that the host has itself, so that nobody is reached who tells that one."""

SEARCH: Final = 2.0
CALL: Final = 0.2
"""Seconds that UPnP takes to find the router, and for each port."""

NUMBERS: Final[dict[Protocol, int]] = {"tcp": TCP, "udp": UDP}


class Router:
    """For one family. `speaks`: "pcp", "nat-pmp" or "upnp"."""

    def __init__(self, reactor: Any, host: str, speaks: str, lease: int) -> None:
        v6 = ":" in host
        self.gateway = Gateway(Address(ROUTER_V6 if v6 else ROUTER, GATEWAY_PORT), host if v6 else CLIENT)
        self.mapper = PortMapper((speaks,), host, lease, 0 if v6 else SHIFT, reactor.seconds)
        self._reactor = reactor

    # --- UPnP, as `net.portmap.upnp.UpnpRouter` offers it

    def map(
        self, ports: Sequence[tuple[Protocol, int, int]], lease: int
    ) -> Deferred[tuple[list[tuple[Protocol, int, int]], str]]:
        def now() -> tuple[list[tuple[Protocol, int, int]], str]:
            if "upnp" not in self.mapper.speaks:
                raise UpnpError("no router answers")
            mapped = [
                (protocol, port, self.mapper.map(NUMBERS[protocol], port, wish, lease)[0])
                for protocol, port, wish in ports
            ]
            return mapped, self.mapper.address

        return self._later(SEARCH + CALL * len(ports), now)

    def unmap(self, ports: Sequence[tuple[Protocol, int]]) -> Deferred[None]:
        def now() -> None:
            for protocol, external in ports:
                port = self.mapper.inside(NUMBERS[protocol], external)
                if port is not None:
                    self.mapper.map(NUMBERS[protocol], port, external, 0)

        return self._later(CALL * len(ports), now)

    def _later(self, seconds: float, call: Callable[[], Any]) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()

        def answer() -> None:
            try:
                done.callback(call())
            except UpnpError:
                done.errback(Failure())

        self._reactor.callLater(seconds, answer)
        return done
