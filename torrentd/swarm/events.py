"""What can happen to a torrent. Everything that changes a `swarm.Torrent` arrives as one of these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerId, PeerKey
from torrentd.model.layout import Priority
from torrentd.policy.rates.limiter import Bucket
from torrentd.wire.peer.messages import Message
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer

# --- peers


@dataclass(slots=True)
class PeerConnected:
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


@dataclass(slots=True)
class PeerClosed:
    """The connection is gone, for whichever side's reason."""

    peer: PeerKey
    reason: str


@dataclass(slots=True)
class ConnectFailed:
    """A Connect command came to nothing before the handshake ended."""

    address: Address
    reason: str
    given_up: bool = False
    """by us, for a pause: it says nothing about the peer"""


@dataclass(slots=True)
class Received:
    """All messages of one read, in order. There may be none: a keep-alive says just that the peer is alive."""

    peer: PeerKey
    messages: list[Message]


@dataclass(slots=True)
class Drained:
    """The last Serve went out (to the socket) completely; `sent` payload bytes were written since the last Drained."""

    peer: PeerKey
    sent: int


@dataclass(slots=True)
class Dial:
    """The fleet grants one connection attempt; answered with Connect, or with nothing if there is no candidate."""


@dataclass(slots=True)
class MakeRoom:
    """The daemon has no place left and somebody wants one: give up `peer`, or a connection that leads nowhere, if there
    is one."""

    peer: PeerKey | None = None


@dataclass(slots=True)
class PeersFound:
    """Addresses from a source: "tracker", "user" (dialled at once, exempt from filters), "dht", "pex", "lsd".

    `narrowest`: no address of a narrower scope than this is believed (see model.address.Scope).
    """

    addresses: list[Address]
    source: str
    narrowest: int = 0


@dataclass(slots=True)
class PeersUnwanted:
    """The user does not want these: their connections are closed, and their addresses are forgotten. That is no ban:
    they may come by themselves, and others may name them."""

    addresses: list[Address]


@dataclass(slots=True)
class OurAddresses:
    """Where others reach us, as far as is known: at most one address of each family. What connections are worth
    depends on it (BEP 40)."""

    addresses: list[Address]


# --- disk


@dataclass(slots=True)
class PiecesVerified:
    """The pieces' bytes are written and their hashes are right: what a worker brought at once. `digests`: salted, per
    block, of those for which Store asked."""

    pieces: list[int]
    digests: dict[int, list[bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class PieceFailed:
    """The hash is wrong; nothing of it is kept. `digests`: a salted digest per block."""

    piece: int
    digests: list[bytes]


@dataclass(slots=True)
class StorageFailed:
    """The piece could not be written, or (piece None) the storage is unusable. Downloading stops, seeding goes on."""

    piece: int | None
    message: str
    code: str


@dataclass(slots=True)
class StorageRecovered:
    """The cause is gone: downloading may go on."""


@dataclass(slots=True)
class ReadFailed:
    """A Serve could not be read: the piece is not on the disk any more. It is no longer claimed."""

    peer: PeerKey
    piece: int
    message: str


@dataclass(slots=True)
class DiskBusy:
    """The disk queue is full (peers are not read) or has room again: no peer is blamed for silence meanwhile."""

    busy: bool


@dataclass(slots=True)
class Durable:
    """Everything verified so far is flushed and recorded: completion may be told to trackers and users."""


# --- trackers


@dataclass(slots=True)
class Announced:
    """`narrowest` as in PeersFound, for the answer's peers: the scope of the tracker's own address."""

    url: str
    answer: Answer
    narrowest: int = 0


@dataclass(slots=True)
class AnnounceFailed:
    url: str
    reason: str
    retry_in: float | None = None


@dataclass(slots=True)
class Scraped:
    url: str
    answer: ScrapeAnswer


# --- metadata


@dataclass(slots=True)
class Fulfilled:
    """The metadata was read: a torrent takes over. Of a private one, only peers that a tracker or the user named, or
    that came by themselves, stay connected (BEP 27)."""

    private: bool


# --- the user


@dataclass(slots=True)
class Start:
    """Begin or resume: announce "started", accept and look for peers."""


@dataclass(slots=True)
class Stop:
    """Pause or shut down: close the peers, drop unfinished pieces, announce "stopped" (unless `silent`)."""

    silent: bool = False


@dataclass(slots=True)
class Checked:
    """The disk was inspected (only while stopped): these pieces are there."""

    have: Bitfield


@dataclass(slots=True)
class SetPriorities:
    """One priority per file."""

    priorities: list[Priority]


@dataclass(slots=True)
class SetSequential:
    sequential: bool


@dataclass(slots=True)
class SetTrackers:
    tiers: list[list[str]]


@dataclass(slots=True)
class AnnounceNow:
    """The user asks for it, or we are reached somewhere else: every tier at once; the min interval is respected."""


@dataclass(slots=True)
class PortChanged:
    """Peers reach us at another port than before: trackers that know of us are to hear it."""


@dataclass(slots=True)
class SetLimits:
    """Bytes per second; None is unlimited."""

    down: int | None = None
    up: int | None = None


@dataclass(slots=True)
class SetShared:
    """The limits, besides its own, that the torrent shares with others, narrowest first."""

    down: tuple[Bucket, ...]
    up: tuple[Bucket, ...]


@dataclass(slots=True)
class Tick:
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
