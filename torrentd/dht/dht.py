"""The DHT of the daemon: a node for IPv4 and one for IPv6 (BEP 32), and the turns of the torrents.

`handle(event, now)` says what to do; `next_deadline()` when to hand in a `Tick`. Both nodes share one budget, and each
searches every torrent whose turn it is.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from torrentd.dht.commands import Command, Turn
from torrentd.dht.events import BlocklistChanged, Event, NodesKnown, Opened, Received, Search, Tick, Track, Untrack
from torrentd.dht.ids import reach
from torrentd.dht.line import Line
from torrentd.dht.node import Node
from torrentd.dht.routing.table import K
from torrentd.dht.schedule import AT_ONCE, Schedule, rank
from torrentd.dht.searches import Search as SearchState
from torrentd.model.address import Address, Scope
from torrentd.policy.peers.blocklist import Blocklist
from torrentd.wire.dht.decode import decode_message
from torrentd.wire.dht.messages import KrpcError, Query

QUERY = b"1:y1:q"
"""What every query holds."""

NEVER = float("inf")


class Own(NamedTuple):
    """One of our nodes."""

    id: bytes
    address: Address
    host: str
    """our address as others see it; empty if they did not agree yet"""


class Status(NamedTuple):
    """Numbers for those who look, of both nodes together."""

    own: tuple[Own, ...]

    nodes: int
    """in the routing tables"""
    good: int
    """those of them that spoke lately"""
    buckets: int
    info_hashes: int
    """that others announced to us"""
    peers: int
    tracked: int
    """torrents of ours that have turns"""
    searches: int
    """under way"""
    down: float
    """bytes per second"""
    up: float
    asked: int
    """queries that we sent so far"""
    answered: int
    """queries of others that we answered so far"""
    dropped: int
    """messages of flooding hosts, and queries beyond what we may answer"""


class Dht:
    """Both nodes. Nothing happens before a socket is `Opened`. `secret_rng` must be one that nobody can foresee."""

    def __init__(
        self,
        rng: Random,
        secret_rng: Random,
        now: float,
        read_only: bool = False,
        blocklist: Blocklist | None = None,
    ) -> None:
        self.nodes: list[Node] = []
        self._line = Line(rng, secret_rng, now, read_only, blocklist or Blocklist())
        self._schedule = Schedule(rng)
        self._asked: dict[bytes, None] = {}
        """turns that were not answered yet"""
        self._now = now

    def handle(self, event: Event, now: float) -> list[Command]:
        """What to do about `event`. `now` never goes back."""
        self._now = now
        ON_EVENT[type(event)](self, event)
        self._take_turns(now)
        commands, self._line.commands = self._line.commands, []
        return commands

    def next_deadline(self) -> float:
        """When to hand in a Tick; infinity when only events can change anything."""
        deadline = min((node.next_deadline(self._now) for node in self.nodes), default=NEVER)
        return min(deadline, self._schedule.next_deadline()) if self._may_search() else deadline

    # --- facts

    @property
    def read_only(self) -> bool:
        """It answers nothing (BEP 43)."""
        return self._line.read_only

    @property
    def searches(self) -> int:
        """Searches under way."""
        return len({errand.search for node in self.nodes for errand in node.lookups.values() if errand.search})

    @property
    def knows_few(self) -> bool:
        """A node of ours would be glad of names."""
        return any(len(node.table) < K for node in self.nodes)

    def status(self, now: float) -> Status:
        """Numbers for those who look."""
        return Status(
            own=tuple(Own(node.table.own_id, node.address, node.host) for node in self.nodes),
            nodes=sum(len(node.table) for node in self.nodes),
            good=sum(node.good(now) for node in self.nodes),
            buckets=sum(node.table.buckets for node in self.nodes),
            info_hashes=sum(len(node.store) for node in self.nodes),
            peers=sum(node.store.peers for node in self.nodes),
            tracked=len(self._schedule),
            searches=self.searches,
            down=self._line.down.rate(now),
            up=self._line.up.rate(now),
            asked=self._line.asked,
            answered=self._line.answered,
            dropped=self._line.floods.dropped,
        )

    # --- events

    def opened(self, event: Opened) -> None:
        node = Node(self._line, event.address, event.host, event.id, self._now)
        for other in self.nodes:
            node.other, other.other = other, node
        self.nodes.append(node)
        if event.nodes:
            node.hear_of(event.nodes, False, self._now)
        node.tick(self._now)

    def received(self, event: Received) -> None:
        data, source, now = event.data, event.source, self._now
        node = self._node(source)
        if node is None or reach(source.host) == Scope.INVALID or not source.port:
            return
        self._line.down.add(len(data), now)
        if self._line.blocklist.refuses(source.host) or self._line.floods.ignores(source, now):
            return
        if QUERY in data and not self._line.budget.may_answer(now):
            self._line.floods.dropped += 1  # no answer could leave: it is not worth reading
            return
        try:
            message = decode_message(data)
        except KrpcError as error:
            if self._line.floods.accept(source, now):
                node.malformed(error, len(data), source, now)
            return
        if isinstance(message, Query):
            if self._line.floods.accept(source, now):
                node.query(message, len(data), source, now)
        elif not node.answer(message, source, now):
            self._line.floods.accept(source, now)

    def nodes_known(self, event: NodesKnown) -> None:
        for node in self.nodes:
            node.hear_of(event.addresses, event.routers, self._now)

    def blocklist_changed(self, event: BlocklistChanged) -> None:
        for node in self.nodes:
            node.table.forget(self._line.blocklist.refuses)

    def track(self, event: Track) -> None:
        self._schedule.track(event.info_hash, rank(event.hungry, event.urgent), self._now)

    def untrack(self, event: Untrack) -> None:
        self._schedule.untrack(event.info_hash)
        self._asked.pop(event.info_hash, None)

    def search(self, event: Search) -> None:
        self._asked.pop(event.info_hash, None)
        self._schedule.searched(event.info_hash, rank(event.hungry, event.urgent), event.hungry, self._now)
        search = SearchState(event.info_hash, event.port, event.seed)
        for node in self.nodes:
            if len(node.table):
                node.search(search, self._now)

    def tick(self, event: Tick) -> None:
        for node in self.nodes:
            if node.next_deadline(self._now) <= self._now:
                node.tick(self._now)

    # --- turns

    def _may_search(self) -> bool:
        joined = any(node.joining.is_done for node in self.nodes)
        return joined and self.searches + len(self._asked) < AT_ONCE

    def _take_turns(self, now: float) -> None:
        while self._may_search():
            info_hash = self._schedule.next_turn(now)
            if info_hash is None:
                return
            self._asked[info_hash] = None
            self._line.commands.append(Turn(info_hash))

    def _node(self, address: Address) -> Node | None:
        v6 = ":" in address.host
        return next((node for node in self.nodes if node.v6 == v6), None)


ON_EVENT: dict[type[Event], Callable[[Dht, Any], None]] = {
    Opened: Dht.opened,
    Received: Dht.received,
    NodesKnown: Dht.nodes_known,
    BlocklistChanged: Dht.blocklist_changed,
    Track: Dht.track,
    Untrack: Dht.untrack,
    Search: Dht.search,
    Tick: Dht.tick,
}
