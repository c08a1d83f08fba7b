"""What can happen to a torrent. Everything that changes a `swarm.Torrent` arrives as one of these."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct, field

from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerId, PeerKey
from torrentd.model.layout import Priority
from torrentd.policy.rates.limiter import Bucket
from torrentd.wire.peer.messages import Message
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer

# --- peers


class PeerConnected(Struct):
    """The handshake is done. The torrent may answer with Close (duplicate, ourselves, banned, too many)."""

    peer: PeerKey
    address: Address
    """where the connection comes from or was made to"""
    incoming: bool
    peer_id: PeerId
    reserved: bytes
    """the 8 reserved bytes of the handshake"""
    encrypted: bool = False
    """keys were exchanged before it"""


class PeerClosed(Struct):
    """The connection is gone, for whichever side's reason."""

    peer: PeerKey
    reason: str


class ConnectFailed(Struct):
    """A Connect command came to nothing before the handshake ended."""

    address: Address
    reason: str
    given_up: bool = False
    """by us, for a pause: it says nothing about the peer"""


class Received(Struct):
    """All messages of one read, in order."""

    peer: PeerKey
    messages: list[Message]


class Drained(Struct):
    """The last Serve went out (to the socket) completely; `sent` payload bytes were written since the last Drained."""

    peer: PeerKey
    sent: int


class Dial(Struct):
    """The fleet grants one connection attempt; answered with Connect, or with nothing if there is no candidate."""


class MakeRoom(Struct):
    """The daemon has no place left and somebody wants one: give up `peer`, or a connection that leads nowhere, if there
    is one."""

    peer: PeerKey | None = None


class PeersFound(Struct):
    """Addresses from a source: "tracker", "user" (dialled at once, exempt from filters), "dht", "pex", "lsd".

    `narrowest`: no address of a narrower scope than this is believed (see model.address.Scope).
    """

    addresses: list[Address]
    source: str
    narrowest: int = 0


class PeersUnwanted(Struct):
    """The user does not want these: their connections are closed, and their addresses are forgotten. That is no ban:
    they may come by themselves, and others may name them."""

    addresses: list[Address]


class OurAddresses(Struct):
    """Where others reach us, as far as is known: at most one address of each family. What connections are worth
    depends on it (BEP 40)."""

    addresses: list[Address]


# --- disk


class PiecesVerified(Struct):
    """The pieces' bytes are written and their hashes are right: what a worker brought at once. `digests`: salted, per
    block, of those for which Store asked."""

    pieces: list[int]
    digests: dict[int, list[bytes]] = field(default_factory=dict)


class PieceFailed(Struct):
    """The hash is wrong; nothing of it is kept. `digests`: a salted digest per block."""

    piece: int
    digests: list[bytes]


class StorageFailed(Struct):
    """The piece could not be written, or (piece None) the storage is unusable. Downloading stops, seeding goes on."""

    piece: int | None
    message: str
    code: str


class StorageRecovered(Struct):
    """The cause is gone: downloading may go on."""


class ReadFailed(Struct):
    """A Serve could not be read: the piece is not on the disk any more. It is no longer claimed."""

    peer: PeerKey
    piece: int
    message: str


class DiskBusy(Struct):
    """The disk queue is full (peers are not read) or has room again: no peer is blamed for silence meanwhile."""

    busy: bool


class Durable(Struct):
    """Everything verified so far is flushed and recorded: completion may be told to trackers and users."""


# --- trackers


class Announced(Struct):
    """`narrowest` as in PeersFound, for the answer's peers: the scope of the tracker's own address."""

    url: str
    answer: Answer
    narrowest: int = 0


class AnnounceFailed(Struct):
    url: str
    reason: str
    retry_in: float | None = None


class Scraped(Struct):
    url: str
    answer: ScrapeAnswer


# --- metadata


class Fulfilled(Struct):
    """The metadata was read: a torrent takes over. Of a private one, only peers that a tracker or the user named, or
    that came by themselves, stay connected (BEP 27)."""

    private: bool


# --- the user


class Start(Struct):
    """Begin or resume: announce "started", accept and look for peers."""


class Stop(Struct):
    """Pause or shut down: close the peers, drop unfinished pieces, announce "stopped" (unless `silent`)."""

    silent: bool = False


class Checked(Struct):
    """The disk was inspected (only while stopped): these pieces are there."""

    have: Bitfield


class SetPriorities(Struct):
    """One priority per file."""

    priorities: list[Priority]


class SetSequential(Struct):
    sequential: bool


class SetTrackers(Struct):
    tiers: list[list[str]]


class AnnounceNow(Struct):
    """The user asks for it, or we are reached somewhere else: every tier at once; the min interval is respected."""


class PortChanged(Struct):
    """Peers reach us at another port than before: trackers that know of us are to hear it."""


class SetLimits(Struct):
    """Bytes per second; None is unlimited."""

    down: int | None = None
    up: int | None = None


class SetShared(Struct):
    """The limits, besides its own, that the torrent shares with others, narrowest first."""

    down: tuple[Bucket, ...]
    up: tuple[Bucket, ...]


class Tick(Struct):
    """The deadline of `next_deadline()` has come; `handle` does what is due at `now`."""


Event: TypeAlias = (
    PeerConnected
    | PeerClosed
    | ConnectFailed
    | Received
    | Drained
    | Dial
    | MakeRoom
    | PeersFound
    | PeersUnwanted
    | OurAddresses
    | PiecesVerified
    | PieceFailed
    | StorageFailed
    | StorageRecovered
    | ReadFailed
    | DiskBusy
    | Durable
    | Announced
    | AnnounceFailed
    | Scraped
    | Fulfilled
    | Start
    | Stop
    | Checked
    | SetPriorities
    | SetSequential
    | SetTrackers
    | AnnounceNow
    | PortChanged
    | SetLimits
    | SetShared
    | Tick
)
