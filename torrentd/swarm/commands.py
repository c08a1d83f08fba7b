"""What a torrent wants done. The session runs them in order and adds nothing of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from torrentd.model.address import Address
from torrentd.model.ids import PeerKey
from torrentd.wire.peer.messages import Message, Range

# --- peers


@dataclass(slots=True)
class Send:
    """Control messages (never block data), in order. Several Sends of one event leave in one write."""

    peer: PeerKey
    messages: list[Message]


@dataclass(slots=True)
class Ask:
    """Request these ranges, each cut into 16 KiB requests. `Request` in DESIGN.md; that name is the wire's message."""

    peer: PeerKey
    ranges: list[Range]


@dataclass(slots=True)
class ReadAt:
    """What the peer sends should be read at `pace` bytes per second, for a low limit; None: as it comes."""

    peer: PeerKey
    pace: float | None


@dataclass(slots=True)
class Serve:
    """Read these blocks and send them as `piece` messages; answered by Drained or ReadFailed.

    At most one Serve per peer is under way, of at most 128 blocks. Each range is cut into blocks of `block` bytes, its
    last one may be shorter.
    """

    peer: PeerKey
    ranges: list[Range]
    block: int
    pace: float | None = None
    """bytes per second at which they should leave, for a low limit"""

    @property
    def count(self) -> int:
        """Blocks."""
        return sum(-(-length // self.block) for _, _, length in self.ranges)


@dataclass(slots=True)
class Close:
    """Close the connection; PeerClosed follows (the torrent has forgotten the peer already)."""

    peer: PeerKey
    reason: str


@dataclass(slots=True)
class Connect:
    """Dial; answered by PeerConnected (after the handshake) or ConnectFailed."""

    address: Address


@dataclass(slots=True)
class WantPeers:
    """How many more connections the torrent would make now; the fleet answers with up to so many Dial events."""

    count: int


@dataclass(slots=True)
class SeenAt:
    """A peer at the IP address `voter` tells that it sees us at `address` (BEP 10's `yourip`)."""

    address: str
    voter: str


# --- disk


@dataclass(slots=True)
class Mark:
    """These pieces were requested for the first time: commit their "writing" marks before they are written."""

    pieces: list[int]


@dataclass(slots=True)
class Store:
    """Copy the views into the piece's buffer now. With `complete` the piece has all its bytes: hash and write it,
    then report PiecesVerified or PieceFailed; `digests` asks for salted block digests also on success (blame)."""

    piece: int
    begin: int
    views: list[memoryview]
    complete: bool = False
    digests: bool = False


@dataclass(slots=True)
class Discard:
    """Forget what was stored of these unfinished pieces and their marks."""

    pieces: list[int]


@dataclass(slots=True)
class Finished:
    """Every wanted piece is verified: flush now and report Durable."""


# --- discovery


@dataclass(slots=True)
class Banned:
    """Somebody who did harm is in the register of bans now, spelled as `whom`."""

    whom: str
    reason: str


@dataclass(slots=True)
class NodeKnown:
    """A peer told where its DHT node is (BEP 5)."""

    address: Address


# --- trackers


@dataclass(slots=True)
class Announce:
    """Ask the tracker; answered by Announced or AnnounceFailed. Numbers are bytes; see wire.tracker.

    `event` is "started", "stopped", "completed" or "" (BEP 3).
    """

    url: str
    event: str
    uploaded: int
    downloaded: int
    left: int
    numwant: int
    key: int
    tracker_id: bytes


@dataclass(slots=True)
class Scrape:
    url: str


# --- metadata


@dataclass(slots=True)
class MetadataFetched:
    """The info dictionary's bytes are here, and their hash is right; whether they are a torrent is to be seen."""

    data: bytes


Command: TypeAlias = (
    Send
    | Ask
    | ReadAt
    | Serve
    | Close
    | Connect
    | WantPeers
    | SeenAt
    | Mark
    | Store
    | Discard
    | Finished
    | Announce
    | Scrape
    | Banned
    | NodeKnown
    | MetadataFetched
)
