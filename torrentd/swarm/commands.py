"""What a torrent wants done. The session runs them in order and adds nothing of its own."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from torrentd.model.address import Address
from torrentd.model.ids import PeerKey
from torrentd.wire.peer.messages import Message, Range

# --- peers


class Send(Struct):
    """Control messages (never block data), in order. Several Sends of one event leave in one write."""

    peer: PeerKey
    messages: list[Message]


class Ask(Struct):
    """Request these ranges, each cut into 16 KiB requests. `Request` in DESIGN.md; that name is the wire's message."""

    peer: PeerKey
    ranges: list[Range]


class ReadAt(Struct):
    """What the peer sends should be read at `pace` bytes per second, for a low limit; None: as it comes."""

    peer: PeerKey
    pace: float | None


class Serve(Struct):
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


class Close(Struct):
    """Close the connection; PeerClosed follows (the torrent has forgotten the peer already)."""

    peer: PeerKey
    reason: str


class Connect(Struct):
    """Dial; answered by PeerConnected (after the handshake) or ConnectFailed."""

    address: Address


class WantPeers(Struct):
    """How many more connections the torrent would make now; the fleet answers with up to so many Dial events."""

    count: int


class SeenAt(Struct):
    """A peer at the IP address `voter` tells that it sees us at `address` (BEP 10's `yourip`)."""

    address: str
    voter: str


# --- disk


class Mark(Struct):
    """These pieces were requested for the first time: commit their "writing" marks before they are written."""

    pieces: list[int]


class Store(Struct):
    """Copy the views into the piece's buffer now. With `complete` the piece has all its bytes: hash and write it,
    then report PiecesVerified or PieceFailed; `digests` asks for salted block digests also on success (blame)."""

    piece: int
    begin: int
    views: list[memoryview]
    complete: bool = False
    digests: bool = False


class Discard(Struct):
    """Forget what was stored of these unfinished pieces and their marks."""

    pieces: list[int]


class Finished(Struct):
    """Every wanted piece is verified: flush now and report Durable."""


# --- discovery


class Banned(Struct):
    """Somebody who did harm is in the register of bans now, spelled as `whom`."""

    whom: str
    reason: str


class NodeKnown(Struct):
    """A peer told where its DHT node is (BEP 5)."""

    address: Address


# --- trackers


class Announce(Struct):
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


class Scrape(Struct):
    url: str


# --- metadata


class MetadataFetched(Struct):
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
