"""Which router stands between us and the internet, from the kernel's tables of routes.

A router is only worth asking if we have no public IPv4 address ourselves; with IPv6 the public address is what it
guards.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from torrentd.model.address import Address, Scope, parse_address, scope
from torrentd.net.sockets import source_towards
from torrentd.wire.portmap.messages import GATEWAY_PORT

_V4_ROUTES: Final = Path("/proc/net/route")
_V6_ROUTES: Final = Path("/proc/net/ipv6_route")

_UP_AND_GATEWAY: Final = 0x1 | 0x2  # linux/route.h

SOMEWHERE: Final = "2001:db8::1"
"""No host: where the default route of IPv6 is asked about."""


class Gateway(NamedTuple):
    """A router, and our address in its network."""

    address: Address
    """with a zone (fe80::1%eth0) if it is of one link"""
    client: str

    @property
    def v6(self) -> bool:
        """Whether it is about IPv6."""
        return ":" in self.client


class Route(NamedTuple):
    """A default route."""

    host: str
    interface: str


Source = Callable[[str], str]
"""From which address of ours a host is reached; OSError: not at all."""


def find(
    named: str = "", bind: str = "", *, v4: Path = _V4_ROUTES, v6: Path = _V6_ROUTES, source: Source = source_towards
) -> list[Gateway]:
    """The router that the user named ("HOST:PORT"), or else those of the default routes, at most one of each family.
    `bind`: the source of outgoing connections, an address or an interface; routers elsewhere do not count."""
    if named:
        address = parse_address(named)
        return [one for one in _at(address, source) if bind in ("", one.client) or not _is_ip(bind)]
    routes = default_v4(_text(v4)), default_v6(_text(v6))
    found = [
        one
        for route in routes
        if route is not None
        for one in _at(Address(_zoned(route), GATEWAY_PORT), source)
        if bind in ("", route.interface, one.client)
    ]
    return [one for one in found if scope(one.client) is (Scope.GLOBAL if one.v6 else Scope.PRIVATE)]


def default_v4(table: str) -> Route | None:
    """The default route of /proc/net/route with the smallest metric."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or fields[1] != "00000000" or fields[7] != "00000000":
            continue
        if int(fields[3], 16) & _UP_AND_GATEWAY == _UP_AND_GATEWAY:
            host = socket.inet_ntoa(struct.pack("=I", int(fields[2], 16)))
            found.append((int(fields[6]), Route(host, fields[0])))
    return min(found)[1] if found else None


def default_v6(table: str) -> Route | None:
    """The same of /proc/net/ipv6_route."""
    found = []
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 10 or fields[0].strip("0") or fields[1] != "00":
            continue
        if int(fields[8], 16) & _UP_AND_GATEWAY == _UP_AND_GATEWAY:
            host = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[4]))
            found.append((int(fields[5], 16), Route(host, fields[9])))
    return min(found)[1] if found else None


def _at(address: Address, source: Source) -> list[Gateway]:
    """A router of IPv6 has an address of the link alone as a rule; ours is the one that the world sees."""
    try:
        return [Gateway(address, source(SOMEWHERE if ":" in address.host and _is_near(address.host) else address.host))]
    except OSError:
        return []


def _zoned(route: Route) -> str:
    near = ":" in route.host and _is_near(route.host)
    return f"{route.host}%{route.interface}" if near else route.host


def _is_near(host: str) -> bool:
    return scope(host) is Scope.LINK_LOCAL


def _text(table: Path) -> str:
    try:
        return table.read_text()
    except OSError:
        return ""


def _is_ip(text: str) -> bool:
    return scope(text) is not Scope.INVALID
