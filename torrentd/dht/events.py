"""What happens to the DHT."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from torrentd.model.address import Address


class Opened(Struct, frozen=True):
    """A socket of this family is there, at this address; its node begins. Of the last run: `nodes` that we knew,
    `host`, our address as others saw it, and our `id`; empty if that is not known."""

    address: Address
    nodes: tuple[Address, ...] = ()
    host: str = ""
    id: bytes = b""


class Received(Struct, frozen=True):
    """A datagram came in."""

    data: bytes
    source: Address


class NodesKnown(Struct, frozen=True):
    """Somebody told us of nodes: a name, a torrent, a peer. `routers`: they are there to begin with, and are not to be
    in the routing table."""

    addresses: tuple[Address, ...]
    routers: bool = False


class BlocklistChanged(Struct, frozen=True):
    """Some of those that we know may be on it now."""


class Track(Struct, frozen=True):
    """A torrent is to be looked up now and then: its `Turn` comes. `hungry` and `urgent` as in `Search`."""

    info_hash: bytes
    hungry: bool = False
    urgent: bool = False


class Untrack(Struct, frozen=True):
    """It is not, any more."""

    info_hash: bytes


class Search(Struct, frozen=True):
    """The answer to a `Turn`: look the torrent up, and announce that we are at `port` (None: do not announce; 0: at
    the port that our queries come from). `hungry`: it wants more peers than it has; its next turn comes sooner.
    `urgent`: it is in use; it goes before others."""

    info_hash: bytes
    port: int | None
    seed: bool = False
    hungry: bool = False
    urgent: bool = False


class Tick(Struct, frozen=True):
    """The deadline has come."""


Event: TypeAlias = Opened | Received | NodesKnown | BlocklistChanged | Track | Untrack | Search | Tick
