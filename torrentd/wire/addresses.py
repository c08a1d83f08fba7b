"""Compact peer addresses: 4 + 2 bytes (BEP 23) and 16 + 2 bytes (BEP 7), big endian."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from torrentd.model.address import Address

_V4 = struct.Struct(">4BH")
_V6 = struct.Struct(">16sH")
_PORT = struct.Struct(">H")


def parse_compact(data: bytes, v6: bool = False) -> list[Address]:
    """The addresses in order. Left out: entries with port 0, where nobody listens, and a last one that is cut short."""
    form = _V6 if v6 else _V4
    whole = memoryview(data)[: len(data) - len(data) % form.size]
    if v6:
        return [Address(v6_text(raw), port) for raw, port in _V6.iter_unpack(whole) if port]
    return [Address(f"{a}.{b}.{c}.{d}", port) for a, b, c, d, port in _V4.iter_unpack(whole) if port]


def pack_compact(addresses: Iterable[Address]) -> bytes:
    """The compact form, 6 or 18 bytes each as the family asks. ValueError for what is not an IP literal."""
    return b"".join(ip_address(host).packed + _PORT.pack(port) for host, port in addresses)


def ip_text(raw: bytes) -> str:
    """4 or 16 bytes as canonical text."""
    return v6_text(raw) if len(raw) == 16 else str(IPv4Address(raw))


def v6_text(raw: bytes) -> str:
    """16 bytes as canonical text; an IPv4-mapped address as the IPv4 address that it stands for."""
    ip = IPv6Address(raw)
    return str(ip.ipv4_mapped or ip)
