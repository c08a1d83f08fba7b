"""A peer of a torrent without metadata, and what it said that will matter once the pieces are known."""

from __future__ import annotations

from dataclasses import dataclass, field

from torrentd.model.address import Address
from torrentd.model.errors import ProtocolError
from torrentd.model.ids import PeerId, PeerKey
from torrentd.swarm.membership import Told
from torrentd.wire.peer.messages import (
    BitfieldMessage,
    Choke,
    Extended,
    Have,
    Interested,
    Message,
    NotInterested,
    Unchoke,
)

MOST_HAVES = 10_000
"""Told one by one while we fetch; a peer that completes so many pieces meanwhile is nobody to keep."""


@dataclass(slots=True)
class Kept:
    """The messages that are handed to the torrent with the connection. Of each kind the last one counts."""

    bitfield: BitfieldMessage | None = None
    haves: list[Have] = field(default_factory=list)
    states: dict[str, Message] = field(default_factory=dict)
    """whether it chokes us, whether it is interested, its extension handshake"""

    def keep(self, message: Message) -> None:
        """Remember what counts of it. ProtocolError for too much."""
        if isinstance(message, BitfieldMessage):
            self.bitfield = message
        elif isinstance(message, Have):
            if len(self.haves) >= MOST_HAVES:
                raise ProtocolError("too many have messages")
            self.haves.append(message)
        elif isinstance(message, Choke | Unchoke):
            self.states["choking"] = message
        elif isinstance(message, Interested | NotInterested):
            self.states["interest"] = message
        elif isinstance(message, Extended):
            self.states["handshake"] = message

    def messages(self, piece_count: int) -> list[Message]:
        """All that counts, in an order in which a peer may say it. ProtocolError: of a torrent with other pieces."""
        if self.bitfield is not None and not _fits(self.bitfield.bits, piece_count):
            raise ProtocolError("its bitfield is not of this torrent")
        if any(have.piece >= piece_count for have in self.haves):
            raise ProtocolError("it has a piece that this torrent has not")
        first: list[Message] = [] if self.bitfield is None else [self.bitfield]
        return [*first, *self.haves, *self.states.values()]


def _fits(bits: bytes, piece_count: int) -> bool:
    spare = -piece_count % 8
    return len(bits) == (piece_count + 7) // 8 and not bits[-1] & ((1 << spare) - 1)


@dataclass(slots=True)
class Peer:
    """Times are those of `now`, monotonic."""

    key: PeerKey
    address: Address
    """where the connection comes from or was made to"""
    incoming: bool
    peer_id: PeerId
    reserved: bytes
    connected_at: float
    client: str = ""
    """as it names itself, escaped"""
    source: str = ""
    """who told us its address; "incoming" if it came by itself"""
    listens: Address | None = None
    """where it accepts connections, as far as known: its candidate's address"""
    elsewhere: str = ""
    """its host in the other IP family, as it says"""
    extensions: dict[bytes, int] = field(default_factory=dict)
    """what it offers of what we know (BEP 10), with its ids"""
    told: Told | None = None
    """what it knows from our last extension handshake"""
    kept: Kept = field(default_factory=Kept)
    downloaded: int = 0
    """bytes of metadata it sent"""
    useful_at: float = 0.0
    """when it last sent metadata; at first when it connected"""
    heard_at: float = 0.0
    spoke_at: float = 0.0
    spent: dict[str, tuple[float, float]] = field(default_factory=dict)
    """see `swarm.peers.floods`"""
