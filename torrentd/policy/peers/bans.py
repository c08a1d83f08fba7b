"""Who is not talked to any more: one register for the whole daemon.

A peer that sent bad data can come back with another port and another peer id, but not so easily from another address;
so a ban is for the owner of the address (see `hosts`). On loopback that reasoning fails: everybody shares the address,
good peers included. There a ban covers the exact address and the peer id only. The user bans addresses and networks as
he likes.

Since when, for how long and why is kept by who owns the register; here it is only asked.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from torrentd.model.address import Address, parse_address
from torrentd.policy.peers.blocklist import Blocklist
from torrentd.policy.peers.hosts import RECENT, owner, plain_host

MOST_BANS = 4096
"""Bans kept that were not made by hand; the oldest is forgotten. More liars than this are not remembered one by one
anyway."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Bans:
    """The banned, with reasons. What is banned is spelled as `read` returns it. Who is on the blocklist is banned as
    long as he is on it."""

    __slots__ = ("_automatic", "_blocklist", "_networks", "_peer_ids", "_reasons")

    def __init__(self, blocklist: Blocklist | None = None) -> None:
        self._blocklist = blocklist
        self._reasons: dict[str, str] = {}
        self._networks: dict[tuple[bool, int], dict[int, str]] = {}
        """by family (IPv6) and the bits behind the prefix: numbers of networks, and how they are spelled"""
        self._automatic: dict[str, bytes] = {}
        """not made by hand, the oldest first; with the peer id that is banned as well"""
        self._peer_ids: dict[bytes, str] = {}

    def __len__(self) -> int:
        return len(self._reasons)

    def __contains__(self, whom: str) -> bool:
        return whom in self._reasons

    def ban(self, address: Address, reason: str, peer_id: bytes = b"") -> str:
        """Ban whoever is at `address`: its owner, or on loopback this address and this peer id only. Returns who that
        is. What the user banned by hand stays as it was."""
        host = plain_host(address.host)
        whom = str(Address(host, address.port)) if _is_loopback(host) else owner(host)
        if whom in self._reasons and whom not in self._automatic:
            return whom
        self.put(whom, reason, automatic=True)
        if peer_id and _is_loopback(host):
            self._automatic[whom] = peer_id
            self._peer_ids[peer_id] = whom
        while len(self._automatic) > MOST_BANS:
            self.lift(next(iter(self._automatic)))
        return whom

    def put(self, whom: str, reason: str, automatic: bool = False) -> None:
        """Ban an address or a network."""
        self.lift(whom)
        self._reasons[whom] = reason
        if automatic:
            self._automatic[whom] = b""
        elif "/" in whom and whom != owner(whom.partition("/")[0]):
            table, number = _place(whom)
            self._networks.setdefault(table, {})[number] = whom

    def lift(self, whom: str) -> None:
        """Ban it no more; nothing happens if it is not banned."""
        if self._reasons.pop(whom, None) is None:
            return
        self._peer_ids.pop(self._automatic.pop(whom, b""), None)
        if "/" in whom:
            table, number = _place(whom)
            if self._networks.get(table, {}).pop(number, None) and not self._networks[table]:
                del self._networks[table]

    def reason(self, address: Address, peer_id: bytes = b"") -> str | None:
        """Why it is banned; None if it is not."""
        if self._blocklist is not None and self._blocklist.refuses(address.host):
            return Blocklist.REASON
        if not self._reasons:
            return None
        found = self._reasons.get(owner(address.host))
        if found is None and self._networks:
            found = self._in_networks(address.host)
        if found is None and _is_loopback(host := plain_host(address.host)):
            exact = str(Address(host, address.port))
            found = self._reasons.get(exact) or self._reasons.get(self._peer_ids.get(peer_id, ""))
        return found

    def _in_networks(self, host: str) -> str | None:
        v6, number = _number(host)
        for (of_v6, bits), numbers in self._networks.items():
            if of_v6 == v6 and number >> bits in numbers:
                return self._reasons[numbers[number >> bits]]
        return None


def read(text: str) -> str:
    """An address, a network, or an address with a port, as bans spell it: IPv4-mapped as IPv4, a single global IPv6
    address as its owner's /64, a port only on loopback, where it tells hosts apart. ValueError says what is wrong."""
    text = text.strip()
    if "%" in text:
        raise ValueError(f"{text!r}: a zone is not banned")
    if "/" not in text and (text.startswith("[") or text.count(":") == 1):
        address = parse_address(text)
        host = plain_host(address.host)
        return str(Address(host, address.port)) if _is_loopback(host) and address.port else owner(host)
    try:
        network: _Network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is neither an IP address nor a network such as 192.0.2.0/24") from None
    if isinstance(network, ipaddress.IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= 96:
            network = ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    host = str(network.network_address)
    if "/" not in text:
        return owner(host)
    single = network.prefixlen == network.max_prefixlen
    return owner(host) if single and owner(host) == host else str(network)


def _place(whom: str) -> tuple[tuple[bool, int], int]:
    """Where a network is found."""
    network = ipaddress.ip_network(whom)
    bits = network.max_prefixlen - network.prefixlen
    return (network.version == 6, bits), int(network.network_address) >> bits


def _is_loopback(host: str) -> bool:
    return host.startswith("127.") or host == "::1"


@lru_cache(RECENT)
def _number(host: str) -> tuple[bool, int]:
    """Whether it is IPv6, and its number; -1, which is in no network, for what is no IP literal."""
    try:
        ip = ipaddress.ip_address(plain_host(host).partition("%")[0])
    except ValueError:
        return False, -1
    return ip.version == 6, int(ip)
