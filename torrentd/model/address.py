"""Where a peer listens, and how far an address reaches."""

from __future__ import annotations

import ipaddress
from enum import IntEnum
from typing import NamedTuple


class Scope(IntEnum):
    """How far an address reaches, narrow to wide. No source may name a peer of a narrower scope than its own."""

    INVALID = 0
    """unspecified, multicast, broadcast, reserved: never dialled"""
    LOOPBACK = 1
    LINK_LOCAL = 2
    PRIVATE = 3
    GLOBAL = 4


class Address(NamedTuple):
    """An IP address in its canonical text form and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def scope(host: str) -> Scope:
    """The scope of an IP literal; INVALID for what is none. IPv4-mapped IPv6 counts as its IPv4 address."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return Scope.INVALID
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_unspecified or ip.is_multicast:
        return Scope.INVALID
    if ip.is_loopback:
        return Scope.LOOPBACK
    if ip.is_link_local:
        return Scope.LINK_LOCAL
    if isinstance(ip, ipaddress.IPv4Address) and (int(ip) >> 24 == 0 or ip.is_reserved):
        return Scope.INVALID
    if ip.is_private or ip in _SHARED or (isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local):
        return Scope.PRIVATE
    return Scope.GLOBAL


_SHARED = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598: carrier-grade NAT is nobody's public address


def parse_address(text: str) -> Address:
    """Read `1.2.3.4:6881` or `[::1]:6881`; the host is made canonical. ValueError says what is wrong."""
    host, colon, port = text.rpartition(":")
    if not colon:
        raise ValueError(f"{text!r}: an address is HOST:PORT")
    bracketed = host.startswith("[") and host.endswith("]")
    if ":" in host and not bracketed:
        raise ValueError(f"{text!r}: an IPv6 address is written [ADDRESS]:PORT")
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or not int(port) <= 65535:
        raise ValueError(f"{text!r}: the port must be 0 to 65535")
    try:
        ip = ipaddress.ip_address(host[1:-1] if bracketed else host)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None
    return Address(str(ip), int(port))
