"""One name for a host, and one for whoever is behind it.

What is counted or refused per host is meant for its owner. He has one IPv4 address, or a whole /64 of IPv6 at least
(RFC 6177), and would otherwise be somebody else with every connection. Addresses that reach less far stand for
themselves: all hosts of a local network share a /64.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from torrentd.model.address import Scope, scope

RECENT = 4096
"""IPv6 hosts whose owners are kept: reading an address takes microseconds, and the same ones come again."""

SITE = 64
"""Bits of the smallest network of IPv6 that somebody gets."""


def plain_host(host: str) -> str:
    """The host's one name: canonical text, IPv4-mapped IPv6 as IPv4; what is no IP literal stays as it is."""
    if ":" not in host:
        return host
    try:
        ip = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    return str(ip.ipv4_mapped or ip)


def owner(host: str) -> str:
    """Whose host it is: an address as `plain_host` writes it, or a network such as `2001:db8::/64`."""
    return _owner6(host) if ":" in host else host


@lru_cache(RECENT)
def _owner6(host: str) -> str:
    plain = plain_host(host)
    if ":" not in plain or scope(plain) != Scope.GLOBAL:
        return plain
    return str(ipaddress.IPv6Network((plain.partition("%")[0], SITE), strict=False))
