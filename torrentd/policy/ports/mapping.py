"""Ports that a router sends on to us, and what is to be done to get them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from torrentd.wire.portmap.messages import Protocol

Method: TypeAlias = Literal["pcp", "nat-pmp", "upnp"]

NEVER = float("-inf")


class Mapping(Struct):
    """One port of ours. `external_port` is 0 while the router sends nothing to it."""

    protocol: Protocol
    port: int
    nonce: bytes
    external_port: int = 0
    expires_at: float = NEVER
    answered: bool = False
    """in the round of requests that is under way"""


class Send(Struct, frozen=True):
    """To the router, from our address in its network."""

    datagram: bytes


class MapByUpnp(Struct, frozen=True):
    """Ask for these (protocol, port, external port we would like); answered by `upnp_mapped` or `upnp_failed`."""

    ports: tuple[tuple[Protocol, int, int], ...]


class UnmapByUpnp(Struct, frozen=True):
    """Remove these (protocol, external port); answered by `upnp_unmapped`, whatever came of it."""

    ports: tuple[tuple[Protocol, int], ...]


class SeenAt(Struct, frozen=True):
    """The router says that its own address, and so ours, is this."""

    address: str


class Changed(Struct, frozen=True):
    """`mappings`, `method` or `problem` are not what they were."""


class Gone(Struct, frozen=True):
    """After `stop`: nothing is mapped any more, or the router does not answer."""


Command: TypeAlias = Send | MapByUpnp | UnmapByUpnp | SeenAt | Changed | Gone
