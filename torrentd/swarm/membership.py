"""What it takes to be in a swarm: time, addresses, trackers, connections. A torrent has more of it than a magnet link
whose metadata is not here yet (`swarm.fetching`); whom to dial and what to tell trackers is the same for both.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from torrentd.model.address import Address
from torrentd.model.ids import PeerId, PeerKey
from torrentd.policy.peers import turnover
from torrentd.policy.peers.candidates import Candidates
from torrentd.policy.tiers import Tracker
from torrentd.swarm.announcing.schedule import Announcing, Tally
from torrentd.swarm.commands import Command, Send
from torrentd.swarm.events import Event
from torrentd.swarm.settings import Settings, Totals
from torrentd.wire.peer.messages import Message

NEVER = float("inf")

CLOSED_KEPT = 20
"""Closed connections whose reasons can still be read."""


class ClosedPeer(NamedTuple):
    """Why a connection ended; `at` is monotonic."""

    address: Address
    reason: str
    at: float


class Told(NamedTuple):
    """What our last extension handshake said to a peer, as far as it may change."""

    offers: tuple[bytes, ...]
    metadata_size: int
    upload_only: bool
    elsewhere: str
    """our host in the other IP family"""


class Link(Protocol):
    """A connected peer, as far as everybody has to know it; see `swarm.peers.peer` for what the fields mean."""

    key: PeerKey
    address: Address
    incoming: bool
    peer_id: PeerId
    reserved: bytes
    client: str
    extensions: dict[bytes, int]
    told: Told | None
    spent: dict[str, tuple[float, float]]
    connected_at: float
    listens: Address | None
    elsewhere: str
    spoke_at: float


P = TypeVar("P", bound=Link)


class Membership(ABC, Generic[P]):
    """Verbs change it; everybody else reads. Whoever is in a swarm says which verb takes which event, and what is
    looked after when a deadline has come."""

    verbs: ClassVar[Mapping[type[Event], Callable[[Any, Any], None]]]
    chores: ClassVar[Sequence[Callable[[Any], None]]]

    def __init__(
        self,
        *,
        info_hash: bytes,
        settings: Settings,
        totals: Totals,
        rng: random.Random,
        announcing: Announcing,
        own_ids: Collection[PeerId],
    ) -> None:
        self.info_hash = info_hash
        self.settings = settings
        self.totals = totals
        self.totals_at_start = Totals()
        self.rng = rng
        self.announcing = announcing
        self.own_ids = own_ids
        """peer ids that are our own: a peer with one of them is ourselves"""

        # time and the answer to the present event
        self.now = 0.0
        self.deadline = NEVER
        self.commands: list[Command] = []

        self.running = False
        self.metadata_size = 0
        """bytes of the info dictionary, if we have it to give"""

        # peers
        self.peers: dict[PeerKey, P] = {}
        self.bans = settings.bans
        self.candidates = Candidates(self.bans)
        self.greeted: object = None
        """from what followed all that was told to those who are connected, see `extensions.update`; None: look"""
        self.contacts_version = 0
        """counts the changes of whom we are connected to, and of where they listen"""
        self.connecting = 0
        """Connect commands under way"""
        self.wanted_connections = 0
        """as last told by WantPeers"""
        self.closed_peers: deque[ClosedPeer] = deque(maxlen=CLOSED_KEPT)

    def handle(self, event: Event, now: float) -> list[Command]:
        """What to do about `event`. `now` never goes back."""
        self.now = now
        commands: list[Command] = []
        self.commands = commands
        self.verbs[type(event)](self, event)
        if now >= self.deadline:
            self.deadline = NEVER
            for chore in self.chores:
                chore(self)
        self.commands = []  # views in the commands die with them, not with the next event
        return commands

    # --- facts

    @property
    @abstractmethod
    def finished(self) -> bool:
        """Whether nothing that is wanted is missing."""

    @property
    @abstractmethod
    def offers(self) -> tuple[bytes, ...]:
        """The extensions that we offer (BEP 10), see `extensions.IDS`."""

    @property
    @abstractmethod
    def left(self) -> int:
        """Bytes that are missing of the whole torrent, as trackers are told."""

    @property
    def tally(self) -> Tally:
        """What trackers are told: bytes since "started" (BEP 3), and what is missing of the whole torrent."""
        return Tally(
            uploaded=self.totals.uploaded - self.totals_at_start.uploaded,
            downloaded=self.totals.downloaded - self.totals_at_start.downloaded,
            left=self.left,
        )

    @property
    def trackers(self) -> list[Tracker]:
        """Every tracker in the order they are tried: url, tier, status, times, the tracker's words. Read only."""
        return self.announcing.trackers

    @abstractmethod
    def expendable(self, newcomer: Address, now: float) -> turnover.Link | None:
        """The connection that MakeRoom should name for somebody who has come, to this torrent or another; None if none
        should go for him."""

    # --- what verbs do

    def send(self, peer: P, *messages: Message) -> None:
        """Emit a Send."""
        self.commands.append(Send(peer.key, list(messages)))
        peer.spoke_at = self.now

    def wake(self, at: float) -> None:
        """Be ticked at `at`, or before."""
        if at < self.deadline:
            self.deadline = at

    def next_deadline(self) -> float:
        """When to hand in a Tick; infinity when only events can change anything."""
        return self.deadline
