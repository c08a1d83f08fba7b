"""Everything a torrent knows. Every verb does three things with it: send, command, ask to be woken (`membership`).

The verbs (`download`, `upload`, `interest`, ...) are functions over this object; `torrent.Torrent` is this object plus
the table that calls them. It has no I/O and asks nobody: `now` is set by `handle`, luck is `rng`.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from typing import NamedTuple

from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import Geometry
from torrentd.model.ids import PeerId, PeerKey
from torrentd.model.layout import Layout, Priority
from torrentd.policy.picking import piece_sets
from torrentd.policy.picking.requests import Requests
from torrentd.policy.picking.started import Started
from torrentd.policy.rates.averages import RateMeter
from torrentd.policy.rates.limiter import Bucket, Chain
from torrentd.policy.sharing.breadth import Breadth
from torrentd.policy.sharing.order import Order
from torrentd.swarm.announcing.schedule import Announcing
from torrentd.swarm.membership import NEVER, Membership
from torrentd.swarm.peers.floods import Budget
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.settings import Settings, Totals
from torrentd.wire.peer.extensions import LT_DONTHAVE, UPLOAD_ONLY, UT_PEX
from torrentd.wire.peer.metadata import NAME as UT_METADATA


class Identity(NamedTuple):
    """Who is behind a PeerKey, for blame after the connection is gone."""

    address: Address
    peer_id: PeerId


class FailedCopy(NamedTuple):
    """A copy of a piece with a wrong hash: a salted digest per block, and who sent which blocks."""

    digests: list[bytes]
    senders: list[tuple[Identity, int]]
    struck: bool
    """its senders have a strike for it; not so once one of them is banned"""


class TorrentState(Membership[Peer]):
    """The state of one torrent. Verbs change it; everybody else reads."""

    def __init__(
        self,
        *,
        info_hash: bytes,
        geometry: Geometry,
        layout: Layout,
        have: Bitfield,
        priorities: Sequence[Priority],
        private: bool,
        settings: Settings,
        totals: Totals,
        rng: random.Random,
        announcing: Announcing,
        down: Bucket,
        up: Bucket,
        own_ids: Collection[PeerId],
        sequential: bool,
        metadata: bytes,
        metadata_budget: Budget,
    ) -> None:
        super().__init__(
            info_hash=info_hash, settings=settings, totals=totals, rng=rng, announcing=announcing, own_ids=own_ids
        )
        self.geometry = geometry
        self.layout = layout
        self.private = private
        self.metadata = metadata
        self.metadata_size = len(metadata)
        self.metadata_budget = metadata_budget
        """what all torrents may give of their metadata together"""

        # pieces
        self.have = have
        self.priorities = list(priorities)
        self.piece_priorities = b""
        self.wanted = Bitfield(geometry.piece_count)
        """pieces of the selection"""
        self.missing = Bitfield(geometry.piece_count)
        """those of them that are not verified"""
        self.wanted_size = 0
        self.wanted_left = 0
        self.select(priorities)
        self.sequential = sequential
        self.requests: Requests | None = None
        """exists exactly while we download: running, something wanted is missing, and the storage works"""
        self.storing: dict[int, Started] = {}
        """pieces that were handed to the disk, until it says what became of them; they outlive `requests`"""
        self.suspects: dict[int, list[FailedCopy]] = {}
        """pieces of which several peers sent a bad copy, until a good one shows who it was"""
        self.trials: dict[int, float] = {}
        """suspected pieces that one peer is to bring alone, and until when"""
        self.strikes: dict[object, int] = {}
        """bad pieces that somebody had a share in"""

        # conditions
        self.storage_failed = False
        self.disk_busy = False
        self.completion_owed = False
        """the torrent was not complete at Start, and trackers were not told that it is"""

        # peers
        self.departed: dict[PeerKey, Identity] = {}
        self.given_fast: dict[str, int] = {}
        """blocks that owners of hosts were given while choked"""
        self.given_back: dict[int, None] = {}
        """pieces of which rejects came with this read: others may be asked"""
        self.turned_over_at = -NEVER
        """when a connection that led nowhere last made room for another"""
        self.sharing: Order | None = None
        """whom to serve next, and with what, while that matters"""
        self.breadth = Breadth()
        self.under_way: dict[PeerKey, float] = {}
        """who is being served, in the order in which it began, and when that was"""
        self.spare_at = 0.0
        """before that nobody else may ask, though our link idles"""
        self.offers_at = 0.0
        """before that nobody is told that our link is free"""
        self.next_round = NEVER
        self.knows_givers = False
        """whether there was a choking round since there are peers, and something had come by then"""

        # rates
        self.down_limit = Bucket()
        self.up_limit = Bucket()
        self.down = Chain(self.down_limit, down, weight=settings.weight)
        self.up = Chain(self.up_limit, up, weight=settings.weight)
        self.rationed = False
        """the download limit refused something: to be asked for when it grants again"""
        self.paced = False
        """somebody may be read at a pace"""
        self.down_meter = RateMeter()
        self.up_meter = RateMeter()

    # --- facts that verbs and others share

    @property
    def complete(self) -> bool:
        """Every piece of the torrent is verified."""
        return self.have.has_all()

    @property
    def finished(self) -> bool:
        """Every wanted piece is verified (nothing may be wanted at all)."""
        return not self.missing.count

    @property
    def initial_seed(self) -> bool:
        """We are perhaps the only one who has everything: see `spreading`."""
        return self.finished and self.sharing is not None

    @property
    def offers(self) -> tuple[bytes, ...]:
        always = (UPLOAD_ONLY, LT_DONTHAVE, UT_METADATA)
        return (*always, UT_PEX) if self.settings.pex and not self.private else always

    @property
    def left(self) -> int:
        return self.geometry.size - piece_sets.bytes_of(self.geometry, self.have)

    def select(self, priorities: Sequence[Priority]) -> None:
        """Derive from files what is wanted, and from `have` what of it is missing."""
        self.priorities = list(priorities)
        self.piece_priorities = piece_sets.piece_priorities(self.layout, self.geometry, priorities)
        self.wanted = piece_sets.wanted(self.piece_priorities)
        self.wanted_size = piece_sets.bytes_of(self.geometry, self.wanted)
        self.compare()

    def compare(self) -> None:
        """Derive what is missing from what is wanted and what is there."""
        self.missing = piece_sets.without(self.wanted, self.have)
        self.wanted_left = piece_sets.bytes_of(self.geometry, self.missing)
