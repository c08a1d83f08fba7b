"""One connected peer, as the torrent sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import ProtocolError
from torrentd.model.ids import PeerId, PeerKey
from torrentd.policy.peers.exchange import Exchange
from torrentd.policy.picking.pipeline import Pipeline
from torrentd.policy.picking.request_queue import RequestQueue
from torrentd.policy.rates.averages import RateMeter
from torrentd.swarm.commands import Serve
from torrentd.swarm.membership import Told
from torrentd.swarm.uploading.unserved import Unserved


@dataclass(slots=True)
class Peer:
    """Flags, what it has, what we want of it and it of us. Times are those of `now`, monotonic."""

    key: PeerKey
    address: Address
    """where the connection comes from or was made to"""
    incoming: bool
    peer_id: PeerId
    reserved: bytes
    connected_at: float
    have: Bitfield
    pipeline: Pipeline
    requests: Unserved
    """what it asked for and is not being served yet"""
    client: str = ""
    """as it names itself, escaped"""
    extensions: dict[bytes, int] = field(default_factory=dict)
    """what it offers of what we know (BEP 10), with its ids"""
    told: Told | None = None
    """what it knows from our last extension handshake"""
    source: str = ""
    """who told us its address; "incoming" if it came by itself"""
    is_local: bool = False
    """in the local network, or on this host"""
    listens: Address | None = None
    """where it accepts connections, as far as known: its candidate's address"""
    elsewhere: str = ""
    """its host in the other IP family, as it says"""
    encrypts: bool = False
    """the connection is encrypted, or it says that it prefers that"""

    exchange: Exchange = field(default_factory=Exchange)
    """what it was told of others (BEP 11)"""
    fast: bool = False
    """both of us speak the fast extension (BEP 6)"""
    fast_from_us: tuple[int, ...] = ()
    """pieces that it may ask for while we choke it"""
    fast_for_us: dict[int, None] = field(default_factory=dict)
    """pieces that we may ask for while it chokes us"""

    am_choking: bool = True
    am_interested: bool = False
    peer_choking: bool = True
    peer_interested: bool = False
    wanted: int = 0
    """pieces that it has and we want and lack: we are interested exactly while this is not 0"""
    upload_only: bool = False
    """it says that it wants nothing (BEP 21)"""
    snubbed: bool = False
    """it has owed us blocks for a minute and sent none"""

    pace: float | None = None
    """bytes per second at which what it sends is read; None: as it comes"""
    queue: RequestQueue = field(default_factory=RequestQueue)
    waiting_since: float = 0.0
    """last block, or first request of an empty queue: how old the present wait is"""
    timeouts: int = 0
    """request time-outs since its last block"""

    refusals: int = 0
    """reads with rejects, though it does not choke us, since its last block"""
    refused_at: float = -1.0
    """when the last of them was"""
    asked_again_at: float = 0.0
    """before that it is not asked for anything"""

    serving: Serve | None = None
    """the Serve under way"""
    refreshed_at: float = -60.0
    """when we last made it ask anew"""
    offered_at: float = -60.0
    """when we last told it that our link is free"""
    offers: int = 0
    """times that it was told"""
    offer_pause: float = 0.0
    """seconds from then until it may be told again"""
    rejects_late_until: float = -1.0
    """what was recalled of it was not rejected in time: until when it is not waited for again"""
    awaits: tuple[PeerKey, int] | None = None
    """of whom which piece was recalled, last, so that this one may be asked for it"""
    free_until: float = -1.0
    """it told us that its link is free: until when that counts"""
    choked_at: float = 0.0
    """when we last choked or unchoked it"""
    sent_before_unchoke: int = 0

    down: RateMeter = field(default_factory=RateMeter)
    up: RateMeter = field(default_factory=RateMeter)
    wasted: int = 0
    useful_at: float = 0.0
    """when the last block came or went; at first when it connected"""
    heard_at: float = 0.0
    spoke_at: float = 0.0
    served_at: float = 0.0
    """when we last began to send it blocks"""
    spent: dict[str, tuple[float, float]] = field(default_factory=dict)
    """per class of messages that may be spam: tokens left, and when they were counted (see `floods`)"""

    def require_fast(self) -> None:
        """ProtocolError for a message of the fast extension without it."""
        if not self.fast:
            raise ProtocolError("a message of the fast extension, which we do not have in common")

    @property
    def downloaded(self) -> int:
        """Payload bytes it sent us, useful or not."""
        return self.down.total

    @property
    def uploaded(self) -> int:
        """Payload bytes we sent it."""
        return self.up.total

    @property
    def is_seed(self) -> bool:
        return self.have.has_all()

    @property
    def progress(self) -> float:
        """Its share of the torrent, 0.0 to 1.0."""
        return self.have.count / self.have.size
