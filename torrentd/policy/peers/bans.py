"""Who is not talked to any more, by host address.

A peer that sent bad data can come back with another port and another peer id, but not so easily from another address.
On loopback that reasoning fails: everybody shares the address, good peers included. There a ban covers the exact
address and the peer id only.
"""

from __future__ import annotations

import ipaddress

from torrentd.model.address import Address, Scope, scope
from torrentd.policy.peers.blocklist import Blocklist

MOST_BANS = 4096
"""Bans kept per torrent; the oldest is forgotten. More liars than this are not remembered one by one anyway."""


def plain_host(host: str) -> str:
    """The host's one name: canonical text, IPv4-mapped IPv6 as IPv4; what is no IP literal stays as it is."""
    if ":" not in host:
        return host
    try:
        ip = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    return str(ip.ipv4_mapped or ip)


class Bans:
    """The banned, with reasons. Bounded; never expires within a run of the daemon. Who is on the blocklist is banned
    as long as he is on it."""

    __slots__ = ("_blocklist", "_reasons")

    def __init__(self, blocklist: Blocklist | None = None) -> None:
        self._blocklist = blocklist
        self._reasons: dict[object, str] = {}

    def __len__(self) -> int:
        return len(self._reasons)

    def ban(self, address: Address, reason: str, peer_id: bytes = b"") -> None:
        """Ban whoever is at `address`: its whole host, or on loopback this address and this peer id only."""
        for key in self._keys(address, peer_id):
            self._reasons.pop(key, None)
            self._reasons[key] = reason
        while len(self._reasons) > MOST_BANS:
            del self._reasons[next(iter(self._reasons))]

    def reason(self, address: Address, peer_id: bytes = b"") -> str | None:
        """Why it is banned; None if it is not."""
        if self._blocklist is not None and self._blocklist.refuses(address.host):
            return Blocklist.REASON
        if not self._reasons:
            return None
        for key in self._keys(address, peer_id):
            if key in self._reasons:
                return self._reasons[key]
        return None

    @staticmethod
    def _keys(address: Address, peer_id: bytes) -> list[object]:
        host = plain_host(address.host)
        if scope(host) != Scope.LOOPBACK:
            return [host]
        exact: list[object] = [(host, address.port)]
        return [*exact, peer_id] if peer_id else exact
