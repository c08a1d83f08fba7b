"""What the DHT wants done."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from torrentd.model.address import Address


class Send(Struct, frozen=True):
    """A datagram, from the socket of the address's family."""

    to: Address
    data: bytes


class Found(Struct, frozen=True):
    """Peers of a torrent, each told once per search. None reaches less far than who named it."""

    info_hash: bytes
    peers: tuple[Address, ...]


class Searched(Struct, frozen=True):
    """A search is over."""

    info_hash: bytes
    peers: int
    announced: int
    """nodes that were told where we are"""


class Counted(Struct, frozen=True):
    """How large a swarm is, as far as nodes have told since it was searched: estimates (BEP 33)."""

    info_hash: bytes
    seeds: int
    leeches: int


class Turn(Struct, frozen=True):
    """It is the torrent's turn: answer with `Search`, or with `Untrack` if it is not to be looked up any more."""

    info_hash: bytes


class NeedNodes(Struct, frozen=True):
    """A node of ours knows nobody, or hardly anybody: resolve the names where one begins."""

    v6: bool


class Learned(Struct, frozen=True):
    """Other nodes agree that this is our address."""

    host: str


Command: TypeAlias = Send | Found | Searched | Counted | Turn | NeedNodes | Learned
