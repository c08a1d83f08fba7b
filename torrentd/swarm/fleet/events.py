"""What can happen to the fleet, and what it wants done: the events and commands between the torrents' sessions.

The life of an outgoing connection: `WantPeers` -> `GrantDial` -> the torrent is given a `Dial`; it answers with a
Connect (tell the fleet `Dialled`, *before* any WantPeers of the same answer) or without (`DialUnused`). After `Dialled`
comes `DialEnded`; if that says connected, `ConnectionClosed` follows some day, also when the fleet answered with
`Refuse`.

The life of an incoming one: `IncomingArrived` -> `Admit` or `Refuse`. After `Admit` comes `HandshakeEnded`; if that
says connected, `ConnectionClosed` follows, also when the fleet answered with `Refuse`.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from torrentd.model.address import Address
from torrentd.model.ids import InfoHash

# --- events


class WantPeers(Struct):
    """The torrent would make `count` attempts now, besides those under way; grants that it has not answered yet are
    part of it. Holds until it says something else: a count that did not change need not be repeated."""

    torrent: InfoHash
    count: int
    weight: float = 1.0
    """grants for one of a torrent of usual weight, if both want more"""


class Dialled(Struct):
    """The torrent used a grant: a connection attempt is under way."""

    torrent: InfoHash


class DialUnused(Struct):
    """The torrent had nobody to dial after all."""

    torrent: InfoHash


class DialEnded(Struct):
    """An attempt is over; `connected`: the handshake is done. `Refuse` may be the answer."""

    address: Address
    connected: bool


class IncomingArrived(Struct):
    """A connection was accepted by the listening socket."""

    address: Address


class HandshakeEnded(Struct):
    """An admitted incoming connection is past its handshake (`connected`), or gone before it."""

    address: Address
    connected: bool


class ConnectionClosed(Struct):
    """A connection past its handshake is gone."""

    address: Address


class TorrentGone(Struct):
    """The torrent was stopped or removed. Its attempts and connections still end with their own events."""

    torrent: InfoHash


class LimitsChanged(Struct):
    """New limits; connections beyond them are not closed, but none is added."""

    limits: FleetLimits


class Tick(Struct):
    """The deadline of `next_deadline()` has come."""


FleetEvent: TypeAlias = (
    WantPeers
    | Dialled
    | DialUnused
    | DialEnded
    | IncomingArrived
    | HandshakeEnded
    | ConnectionClosed
    | TorrentGone
    | LimitsChanged
    | Tick
)

# --- commands


class GrantDial(Struct):
    """The torrent may make one connection attempt now."""

    torrent: InfoHash


class Admit(Struct):
    """The incoming connection may stay and shake hands."""


class Refuse(Struct):
    """The connection is to be closed."""

    reason: str


class MakeRoom(Struct):
    """All places are taken and somebody wants one: one connection that leads nowhere is to be given up, whichever
    torrent has one."""


FleetCommand: TypeAlias = GrantDial | Admit | Refuse | MakeRoom

# --- settings


class FleetLimits(Struct, frozen=True):
    """What the daemon as a whole may use. Rates in bytes per second; None is unlimited."""

    max_connections: int = 200
    max_per_address: int = 8
    """incoming ones are refused beyond it; what we dial is our own choice"""
    max_half_open: int = 100
    download: int | None = None
    upload: int | None = None
