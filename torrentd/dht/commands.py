"""What the DHT wants done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from torrentd.model.address import Address


@dataclass(frozen=True, slots=True)
class Send:
    """A datagram, from the socket of the address's family."""

    to: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """Peers of a torrent, each told once per search. None reaches less far than who named it."""

    info_hash: bytes
    peers: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Searched:
    """A search is over. `seeds` and `leeches` are estimates (BEP 33), None if no node told."""

    info_hash: bytes
    peers: int
    announced: int
    """nodes that were told where we are"""
    seeds: int | None
    leeches: int | None


@dataclass(frozen=True, slots=True)
class Turn:
    """It is the torrent's turn: answer with `Search`, or with `Untrack` if it is not to be looked up any more."""

    info_hash: bytes


@dataclass(frozen=True, slots=True)
class NeedNodes:
    """A node of ours knows nobody, or hardly anybody: resolve the names where one begins."""

    v6: bool


@dataclass(frozen=True, slots=True)
class Learned:
    """Other nodes agree that this is our address."""

    host: str


Command: TypeAlias = Send | Found | Searched | Turn | NeedNodes | Learned
