"""Which pieces a peer may ask for while it is choked (BEP 6): the same from all who compute it, so that asking many
gives no more than asking one."""

from __future__ import annotations

from hashlib import sha1
from ipaddress import IPv4Address, ip_address

from torrentd.policy.peers.hosts import plain_host

MOST = 10
"""Pieces of the set, as the BEP has it."""

BYTES = 10 * 1024 * 1024
"""Bytes of the set, but one piece at least: what a newcomer needs to trade is some pieces, whatever their size."""


def allowed_fast(info_hash: bytes, host: str, piece_count: int, piece_size: int) -> list[int]:
    """The set of the peer at `host`, in the BEP's order. It is the same for all hosts of an IPv4 /24; of IPv6, for
    which the BEP says nothing, of a /64, which is one network as well."""
    most = max(1, min(MOST, BYTES // piece_size))
    if piece_count <= most:
        return list(range(piece_count))
    chosen: dict[int, None] = {}
    digest = _network(host) + info_hash
    while True:
        digest = sha1(digest, usedforsecurity=False).digest()
        for start in range(0, 20, 4):
            chosen[int.from_bytes(digest[start : start + 4], "big") % piece_count] = None
            if len(chosen) == most:
                return list(chosen)


def _network(host: str) -> bytes:
    ip = ip_address(plain_host(host))
    return ip.packed[:3] + b"\0" if isinstance(ip, IPv4Address) else ip.packed[:8] + bytes(8)
