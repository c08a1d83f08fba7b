"""Ports that a router sends on to us, and what is to be done to get them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from torrentd.wire.portmap.messages import Protocol

Method: TypeAlias = Literal["pcp", "nat-pmp", "upnp"]

NEVER = float("-inf")


@dataclass(slots=True)
class Mapping:
    """One port of ours. `external_port` is 0 while the router sends nothing to it."""

    protocol: Protocol
    port: int
    nonce: bytes
    external_port: int = 0
    expires_at: float = NEVER
    answered: bool = False
    """in the round of requests that is under way"""


@dataclass(frozen=True, slots=True)
class Send:
    """To the router, from our address in its network."""

    datagram: bytes


@dataclass(frozen=True, slots=True)
class MapByUpnp:
    """Ask for these (protocol, port, external port we would like); answered by `upnp_mapped` or `upnp_failed`."""

    ports: tuple[tuple[Protocol, int, int], ...]


@dataclass(frozen=True, slots=True)
class UnmapByUpnp:
    """Remove these (protocol, external port); answered by `upnp_unmapped`, whatever came of it."""

    ports: tuple[tuple[Protocol, int], ...]


@dataclass(frozen=True, slots=True)
class SeenAt:
    """The router says that its own address, and so ours, is this."""

    address: str


@dataclass(frozen=True, slots=True)
class Changed:
    """`mappings`, `method` or `problem` are not what they were."""


@dataclass(frozen=True, slots=True)
class Gone:
    """After `stop`: nothing is mapped any more, or the router does not answer."""


Command: TypeAlias = Send | MapByUpnp | UnmapByUpnp | SeenAt | Changed | Gone
