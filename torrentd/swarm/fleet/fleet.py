"""The decisions across torrents: which incoming connections are admitted, who may dial when, and the daemon's rates.

Same shape as a torrent: events in, commands out, one deadline. The fleet counts and grants; it knows no peer, no piece
and no socket.

Dialling: torrents say how many connections they want; grants go round, one torrent at a time, as fast as the connect
rate and the half-open cap allow. Attempts run side by side, so 30 dead peers do not delay the first good one, and a
torrent with a thousand candidates does not delay one with a single candidate.

Admission: a stranger costs a pending handshake at most. The caps per address stop one host from using up the places of
all others; in a long queue of silent connections each is gone after the handshake's deadline, which `net` keeps.

Turnover: when there is no place left and a torrent wants one, all of them are asked from time to time to give up a
connection that leads nowhere; otherwise those that came first could keep out all others for ever. From outside one a
second may shake hands all the same: whoever owns the torrents finds out whether one of all connections goes for him.

The rate buckets of the whole daemon live here; a torrent chains its own bucket before them. After LimitsChanged every
torrent should be given a Tick: those that waited for bytes may go on, or must wait anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from torrentd.model.address import Address
from torrentd.model.ids import InfoHash
from torrentd.policy.peers.hosts import owner
from torrentd.policy.rates.limiter import Bucket
from torrentd.swarm.fleet.events import (
    Admit,
    ConnectionClosed,
    DialEnded,
    Dialled,
    DialUnused,
    FleetCommand,
    FleetEvent,
    FleetLimits,
    GrantDial,
    HandshakeEnded,
    IncomingArrived,
    LimitsChanged,
    MakeRoom,
    Refuse,
    Tick,
    TorrentGone,
    WantPeers,
)
from torrentd.swarm.peers.floods import Budget

CONNECTS_PER_SECOND = 30.0
"""What cheap routers bear: each attempt costs them a state entry."""

CONNECT_BURST = 10.0
"""Attempts at once after a quiet time: a torrent that starts dials its first peers without waiting."""

MAX_PENDING = 256
"""Incoming connections in their handshake, over all addresses."""

MAX_PENDING_PER_ADDRESS = 8
"""Incoming connections in their handshake from one address."""

ROOM_EVERY = 30.0
"""Seconds between two times that torrents are asked to make room: the swarms are explored, not churned."""

TRY_EVERY = 1.0
"""Seconds between two who may shake hands though there is no place: somebody may go for them, which costs a look at all
connections."""

FULL = "too many connections"

NEVER = float("inf")


class Fleet:
    """All torrents of the daemon, seen as users of connections and rates."""

    def __init__(self, limits: FleetLimits | None = None) -> None:
        self.limits = limits if limits is not None else FleetLimits()
        self.down = Bucket(self.limits.download)
        self.up = Bucket(self.limits.upload)
        self.metadata = Budget()
        """for what is given to others of the torrents' metadata"""
        self.connections = 0
        """past their handshake, both directions"""
        self.half_open = 0
        """outgoing attempts, granted or under way"""
        self.pending = 0
        """incoming ones in their handshake"""
        self._connections_of: Counter[str] = Counter()
        self._pending_of: Counter[str] = Counter()
        self._wants: dict[InfoHash, int] = {}  # in the order of their next turns
        self._weights: dict[InfoHash, float] = {}
        self._credit: dict[InfoHash, float] = {}  # grants that are left of the torrent's turn
        self._granted: Counter[InfoHash] = Counter()  # grants that the torrent has not answered yet
        self._tokens = CONNECT_BURST
        self._refilled = 0.0
        self._made_room_at = -NEVER
        self._tried_at = -NEVER

    def handle(self, event: FleetEvent, now: float) -> list[FleetCommand]:
        """Take in an event; what is to be done about it, in order."""
        commands: list[FleetCommand] = _VERBS[type(event)](self, event, now)
        if not isinstance(event, Dialled):  # what the torrent wants after that comes next, or else the next Tick asks
            self._grant(commands, now)
        return commands

    def next_deadline(self) -> float:
        """When a Tick is due; infinity when nothing waits for time to pass."""
        if self._next_torrent() is None:
            return NEVER
        if self._room() <= 0:
            return self._made_room_at + ROOM_EVERY if self._is_full else NEVER
        return self._refilled + max(0.0, 1.0 - self._tokens) / CONNECTS_PER_SECOND

    # --- dialling

    def _want_peers(self, event: WantPeers, now: float) -> list[FleetCommand]:
        if event.count > 0:
            self._wants[event.torrent] = event.count
            self._weights[event.torrent] = event.weight
        else:
            self._wants_nothing(event.torrent)
        return []

    def _wants_nothing(self, torrent: InfoHash) -> None:
        self._wants.pop(torrent, None)
        self._weights.pop(torrent, None)
        self._credit.pop(torrent, None)

    def _dialled(self, event: Dialled, now: float) -> list[FleetCommand]:
        self._answered(event.torrent)
        return []

    def _dial_unused(self, event: DialUnused, now: float) -> list[FleetCommand]:
        """The grant goes back, and the torrent waits until it wants peers again."""
        self._answered(event.torrent)
        self.half_open = max(0, self.half_open - 1)
        self._tokens = min(CONNECT_BURST, self._tokens + 1.0)
        self._wants_nothing(event.torrent)
        return []

    def _dial_ended(self, event: DialEnded, now: float) -> list[FleetCommand]:
        """Room was left for it, but limits may have changed, and incoming ones may have taken it."""
        self.half_open = max(0, self.half_open - 1)
        return self._open(event.address) if event.connected else []

    def _torrent_gone(self, event: TorrentGone, now: float) -> list[FleetCommand]:
        """Grants that it did not answer any more are free again."""
        self._wants_nothing(event.torrent)
        self.half_open = max(0, self.half_open - self._granted.pop(event.torrent, 0))
        return []

    def _answered(self, torrent: InfoHash) -> None:
        _decrement(self._granted, torrent)

    def _room(self) -> int:
        """How many more attempts the caps allow now, the connect rate aside."""
        half_open = self.limits.max_half_open - self.half_open
        return min(half_open, self.limits.max_connections - self.connections - self.half_open)

    def _next_torrent(self) -> InfoHash | None:
        """Who is next; grants that a torrent has not answered yet count against what it wants."""
        return next((torrent for torrent, count in self._wants.items() if self._granted[torrent] < count), None)

    def _grant(self, commands: list[FleetCommand], now: float) -> None:
        """Grant attempts, torrents taking turns as long as their weights (deficit round robin)."""
        self._tokens = min(CONNECT_BURST, self._tokens + max(0.0, now - self._refilled) * CONNECTS_PER_SECOND)
        self._refilled = max(now, self._refilled)
        if self._is_full and self._next_torrent() is not None:
            self._make_room(commands, now)
        while self._room() > 0 and self._tokens >= 1.0 - _ROUNDING:
            torrent = self._next_torrent()
            if torrent is None:
                return
            if not self._is_its_turn(torrent):
                continue
            self._tokens -= 1.0
            self.half_open += 1
            self._granted[torrent] += 1
            commands.append(GrantDial(torrent))

    def _is_its_turn(self, torrent: InfoHash) -> bool:
        """Count a grant for who is next, unless its weight makes it pass. With the turn it goes behind the others."""
        credit = self._credit.get(torrent, 0.0)
        left = (credit if credit >= 1.0 else credit + self._weights[torrent]) - 1.0
        self._credit[torrent] = left if left >= 0.0 else left + 1.0
        if left < 1.0:
            self._wants[torrent] = self._wants.pop(torrent)
        return left >= 0.0

    @property
    def _is_full(self) -> bool:
        return self.connections >= self.limits.max_connections

    def _make_room(self, commands: list[FleetCommand], now: float) -> None:
        if now >= self._made_room_at + ROOM_EVERY:
            self._made_room_at = now
            commands.append(MakeRoom())

    # --- admission

    def _incoming_arrived(self, event: IncomingArrived, now: float) -> list[FleetCommand]:
        host = owner(event.address.host)
        reason = self._objection(host, now)
        if reason:
            return [Refuse(reason)]
        if self._is_full:
            self._tried_at = now
        self.pending += 1
        self._pending_of[host] += 1
        return [Admit()]

    def _objection(self, host: str, now: float) -> str:
        if self._is_full and now < self._tried_at + TRY_EVERY:
            return FULL
        if self.pending >= MAX_PENDING:
            return "too many pending handshakes"
        if self._pending_of[host] >= MAX_PENDING_PER_ADDRESS:
            return "too many pending handshakes from this address"
        if self._connections_of[host] + self._pending_of[host] >= self.limits.max_per_address:
            return "too many connections from this address"
        return ""

    def _handshake_ended(self, event: HandshakeEnded, now: float) -> list[FleetCommand]:
        """Others may have got there first while it shook hands."""
        self.pending = max(0, self.pending - 1)
        _decrement(self._pending_of, owner(event.address.host))
        return self._open(event.address) if event.connected else []

    def _open(self, address: Address) -> list[FleetCommand]:
        """One more; it is refused if there are as many as there may be, and counts until it is closed."""
        refused: list[FleetCommand] = [Refuse(FULL)] if self._is_full else []
        self.connections += 1
        self._connections_of[owner(address.host)] += 1
        return refused

    def _connection_closed(self, event: ConnectionClosed, now: float) -> list[FleetCommand]:
        self.connections = max(0, self.connections - 1)
        _decrement(self._connections_of, owner(event.address.host))
        return []

    # --- limits, time

    def _limits_changed(self, event: LimitsChanged, now: float) -> list[FleetCommand]:
        self.limits = event.limits
        self.down.set_rate(event.limits.download, now)
        self.up.set_rate(event.limits.upload, now)
        return []

    def _tick(self, event: Tick, now: float) -> list[FleetCommand]:
        return []


def _decrement(counts: Counter[Any], key: object) -> None:
    """One less, never below 0; a key that counts 0 is not kept."""
    if counts[key] > 1:
        counts[key] -= 1
    else:
        del counts[key]


_ROUNDING = 1e-6  # of an attempt: a Tick at exactly the deadline must not be refused

_VERBS: dict[type, Callable[[Fleet, Any, float], list[FleetCommand]]] = {
    WantPeers: Fleet._want_peers,
    Dialled: Fleet._dialled,
    DialUnused: Fleet._dial_unused,
    DialEnded: Fleet._dial_ended,
    IncomingArrived: Fleet._incoming_arrived,
    HandshakeEnded: Fleet._handshake_ended,
    ConnectionClosed: Fleet._connection_closed,
    TorrentGone: Fleet._torrent_gone,
    LimitsChanged: Fleet._limits_changed,
    Tick: Fleet._tick,
}
