"""Local service discovery (BEP 14): who on the local network is in which swarm.

An announcement is a small HTTP-like datagram to a multicast group. It says on which port its sender listens; from where
it comes is the datagram's source.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from torrentd.model.address import Address

V4_GROUP: Final = Address("239.192.152.143", 6771)
V6_GROUP: Final = Address("ff15::efc0:988f", 6771)

MOST: Final = 24
"""Info hashes of one announcement: 1,400 bytes, which no network takes apart (BEP 14)."""

LARGEST: Final = 4096
"""Bytes of an announcement that we read: no client sends more than a network packet."""

_REQUEST: Final = b"BT-SEARCH * HTTP/1.1"


class Announcement(Struct, frozen=True):
    """`cookie` tells a sender its own announcements when they come back to it; empty: none."""

    port: int
    info_hashes: tuple[bytes, ...]
    """20 bytes each"""
    cookie: str = ""


def encode(announcement: Announcement, group: Address) -> bytes:
    """The datagram for one of the groups. ValueError: no info hash, or more than MOST."""
    if not 1 <= len(announcement.info_hashes) <= MOST:
        raise ValueError(f"an announcement has 1 to {MOST} info hashes, not {len(announcement.info_hashes)}")
    lines = [_REQUEST.decode(), f"Host: {group}", f"Port: {announcement.port}"]
    lines += [f"Infohash: {info_hash.hex()}" for info_hash in announcement.info_hashes]
    lines += [f"cookie: {announcement.cookie}", "", ""] if announcement.cookie else ["", ""]
    return "\r\n".join([*lines, ""]).encode("ascii")


def parse(datagram: bytes) -> Announcement:
    """ValueError says what is wrong. Headers that are not known are ignored, as are info hashes that are none."""
    if len(datagram) > LARGEST:
        raise ValueError("too large")
    request, *lines = datagram.split(b"\r\n")
    if request != _REQUEST:
        raise ValueError("not a BT-SEARCH")
    port, cookie, info_hashes = 0, "", dict[bytes, None]()
    for name, value in _headers(lines):
        if name == b"port":
            port = _port(value)
        elif name == b"cookie":
            cookie = value.decode("latin-1")
        elif name == b"infohash" and (info_hash := _info_hash(value)):
            info_hashes[info_hash] = None
    if not port:
        raise ValueError("no port")
    if not info_hashes:
        raise ValueError("no info hash")
    return Announcement(port, tuple(info_hashes), cookie)


def _headers(lines: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Names in lower case, and values."""
    pairs = (line.partition(b":") for line in lines if line)
    return [(name.strip().lower(), value.strip()) for name, _, value in pairs]


def _port(value: bytes) -> int:
    if not value.isdigit() or len(value) > 5 or not 0 < int(value) < 65536:
        raise ValueError("the port must be 1 to 65535")
    return int(value)


def _info_hash(value: bytes) -> bytes | None:
    if len(value) != 40 or not set(value) <= _HEX:
        return None
    return bytes.fromhex(value.decode("ascii"))


_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
