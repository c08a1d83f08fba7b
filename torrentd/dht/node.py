"""One node of ours, of one family: what it says and hears, its lookups, its place in the network.

It asks nobody but by `Line`, and everything it does begins in `received`, `search`, `hear_of` or `tick`; each ends with
`_go_on`, which lets every lookup ask whom it may.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from torrentd.dht.answering.answers import Answers, fitting
from torrentd.dht.answering.store import PEERS, Store
from torrentd.dht.answering.tokens import Tokens
from torrentd.dht.asking.lookup import Lookup
from torrentd.dht.asking.queries import Pending, Queries
from torrentd.dht.commands import Counted, Found, Learned, Searched
from torrentd.dht.ids import fits, new_id, number, random_id_sharing, reach
from torrentd.dht.joining import Joining
from torrentd.dht.line import Line
from torrentd.dht.routing.table import K, Table
from torrentd.dht.routing.votes import Votes
from torrentd.dht.searches import Search
from torrentd.model.address import Address, Scope
from torrentd.wire.dht.messages import (
    ANNOUNCE_PEER,
    FIND_NODE,
    GET_PEERS,
    PING,
    Error,
    KrpcError,
    Query,
    Response,
)
from torrentd.wire.dht.nodes import NodeInfo

PACE = 2.0
"""Seconds between two refreshes, and two pings of silent nodes: each of 400 gets its turn within 15 minutes."""

IDLE = 60.0
"""Seconds until the next look, if there was nothing to do."""

WIDE = 3
"""Buckets that are filled by a lookup right after joining: those that share the fewest bits with us hold most nodes."""

SAVED = 100
"""Nodes kept for the next start."""

COUNTING = 3
"""Of the nearest nodes, those asked how large the swarm is: each was told of nearly all who announced themselves."""

NEVER = float("inf")


class _Errand(NamedTuple):
    """Why a lookup is under way: for a search, else to find nodes."""

    method: str
    search: Search | None = None


class Node:
    """Our node of one family. `address` is where its socket is bound; `host` our address as others see it and `id` the
    id of the last run, if known."""

    def __init__(self, line: Line, address: Address, host: str, id: bytes, now: float) -> None:
        self.v6 = ":" in address.host
        self.address = address
        self.host = host
        self.other: Node | None = None
        """ours of the other family"""
        believed = host or address.host
        rng = line.secret_rng
        own_id = id if id and fits(id, believed) else new_id(believed, rng)
        self.table = Table(own_id)
        self.store = Store(own_id, line.rng)
        self.queries = Queries(rng)
        self.lookups: dict[Lookup, _Errand] = {}
        self.joining = Joining(self.v6, now)
        self._line = line
        self._answers = Answers(self.v6, Tokens(rng, now), self.store)
        self._votes = Votes(self.v6)
        self._maintain_at = now
        self._waits_for_budget = False

    # --- what comes in

    def query(self, query: Query, size: int, source: Address, now: float) -> None:
        """Somebody asks. Who might be worth knowing is asked whether it is there: the sender may be forged."""
        if self._line.read_only or query.sender == self.table.own_id:
            return
        other = self.other.table if self.other is not None else None
        data = self._answers.answer(query, size, source, self.table, other, now)
        if data is not None:
            self._line.reply(source, data, now)
        self.joining.asked_by(source)
        if not query.read_only and self.table.asked(query.sender, source, now):
            self._ping(source, now)

    def malformed(self, error: KrpcError, size: int, source: Address, now: float) -> None:
        """Somebody asks nonsense."""
        if error.transaction is not None and not self._line.read_only:
            data = fitting(Error(error.transaction, error.code, str(error), source), size)
            if data is not None:
                self._line.reply(source, data, now)

    def answer(self, message: Response | Error, source: Address, now: float) -> bool:
        """An answer came; whether it is one to a query of ours."""
        pending = self.queries.answered(message.transaction, source, now)
        if pending is None:
            return False
        if message.ip is not None:
            self._voted(source, message.ip.host, now)
        if isinstance(message, Error):
            self._of_no_use(pending)  # but it is there
        else:
            self._answered(pending, message, source, now)
        self._go_on(now)
        return True

    def _answered(self, pending: Pending, response: Response, source: Address, now: float) -> None:
        if response.sender == self.table.own_id:
            self._of_no_use(pending)  # ourselves, or somebody who says so
            return
        if not self.joining.is_router(response.sender, source):
            doubtful = self.table.answered(response.sender, source, now)
            if doubtful is not None:
                self._ping(doubtful.address, now)
            if not self.joining.is_done:
                self._join((), now)
        counts = pending.counts
        if counts is not None and (counted := counts.counted(response)) is not None:
            self._line.commands.append(Counted(counts.info_hash, *counted))
        lookup = pending.lookup
        errand = self.lookups.get(lookup) if lookup is not None else None
        if lookup is None or errand is None:
            return
        lookup.answered(source, response, self._usable(response.nodes6 if self.v6 else response.nodes, source))
        foreign = response.nodes if self.v6 else response.nodes6
        if foreign and self.other is not None and not self.other.joining.is_done:
            self.other.hear_of([node.address for node in foreign if _may_name(source, node.address)], False, now)
        if errand.search is not None:
            peers = errand.search.answered(response, source)
            if peers:
                self._line.commands.append(Found(errand.search.info_hash, peers))

    def _usable(self, nodes: Iterable[NodeInfo] | None, source: Address) -> list[NodeInfo]:
        own = self.table.own_id
        usable = [node for node in nodes or () if node.id != own and _may_name(source, node.address)]
        return [node for node in usable if not self._line.blocklist.refuses(node.address.host)]

    def _failed(self, pending: Pending, now: float) -> None:
        self.table.failed(pending.address, now)
        self._of_no_use(pending)

    def _of_no_use(self, pending: Pending) -> None:
        if pending.lookup in self.lookups:
            pending.lookup.failed(pending.address)

    def _voted(self, voter: Address, host: str, now: float) -> None:
        self._votes.vote(voter.host, host)
        winner = self._votes.winner
        if not winner or winner == self.host:
            return
        self.host = winner
        self._line.commands.append(Learned(winner))
        if not fits(self.table.own_id, winner):
            self._move(now)

    def _move(self, now: float) -> None:
        """Our address is another one: so must our id be (BEP 42)."""
        old, self.table = self.table, Table(new_id(self.host, self._line.secret_rng))
        self.store.moved(self.table.own_id)
        for contact in old:
            self.table.adopt(contact, now)
        self._start(FIND_NODE, self.table.own_id, now)

    # --- what we want

    def search(self, search: Search, now: float) -> None:
        """Look a torrent up; announce it at the end. What others announced to us is the first to be found."""
        search.ourselves.update(dict.fromkeys(self._own_peers(search)))
        found = search.fresh(self.store.pick(search.target, PEERS, search.seed, now))
        if found:
            self._line.commands.append(Found(search.info_hash, found))
        search.lookups += 1
        self._start(GET_PEERS, search.target, now, search)
        self._go_on(now)

    def hear_of(self, addresses: Iterable[Address], routers: bool, now: float) -> None:
        """Somebody told us of nodes."""
        fresh = [
            a for a in addresses if (":" in a.host) == self.v6 and reach(a.host) > Scope.INVALID and 0 < a.port < 65536
        ]
        fresh = [address for address in fresh if not self._line.blocklist.refuses(address.host)]
        if routers:
            self.joining.remember_routers(fresh)
        if fresh and len(self.table) < K:
            self._join(fresh, now)
        elif not routers:
            for address in fresh:
                if self.table.find(address) is None:
                    self._ping(address, now)
        self._go_on(now)

    def _join(self, addresses: Iterable[Address], now: float) -> None:
        lookup = self.joining.lookup
        if lookup is None:
            lookup = self.joining.lookup = self._start(FIND_NODE, self.table.own_id, now)
        lookup.know((None, address) for address in addresses)

    def _start(self, method: str, target: bytes, now: float, search: Search | None = None) -> Lookup:
        lookup = Lookup(target, [self.address._replace(host=host) for host in self._own_hosts])
        known = self.table.closest(number(target), 2 * K, now)
        lookup.know(NodeInfo(contact.id, contact.address) for contact in known)
        if len(known) < K:
            lookup.know((None, address) for address in self.joining.routers)
        self.lookups[lookup] = _Errand(method, search)
        return lookup

    # --- time

    def tick(self, now: float) -> None:
        """The deadline has come."""
        for pending, is_lost in self.queries.overdue(now):
            if is_lost:
                self._failed(pending, now)
            elif pending.lookup in self.lookups:
                pending.lookup.slow(pending.address)
        if len(self.table) and now >= self._maintain_at:
            self._maintain(now)
        self._go_on(now)
        need = self.joining.need(len(self.table), now)
        if need is not None:
            self._line.commands.append(need)

    def next_deadline(self, now: float) -> float:
        """When to tick."""
        deadline = min(self.queries.next_deadline(), self.joining.next_deadline())
        if self._waits_for_budget:
            deadline = min(deadline, self._line.budget.ready_at(now))
        return min(deadline, self._maintain_at) if len(self.table) else deadline

    def _maintain(self, now: float) -> None:
        """Refresh a bucket that was not changed for long; ask a silent node whether it is there."""
        target = self.table.stale(now, self._line.rng)
        if target is not None:
            self._start(FIND_NODE, target, now)
        silent = self.table.silent(now)
        if silent is not None:
            self._ping(silent.address, now)
        self._maintain_at = now + (IDLE if target is None and silent is None else PACE)

    def _go_on(self, now: float) -> None:
        """Let every lookup ask whom it may, and end those that are over."""
        self._waits_for_budget = False
        for lookup, errand in list(self.lookups.items()):
            while not self.queries.is_full and (address := self._next_of(lookup, now)) is not None:
                self._ask(lookup, errand, address, now)
            if lookup.is_over:
                self._end(lookup, errand, now)

    def _next_of(self, lookup: Lookup, now: float) -> Address | None:
        if not self._line.budget.may_ask(now):
            self._waits_for_budget = True
            return None
        return lookup.next()

    # --- asking

    def _ask(self, lookup: Lookup, errand: _Errand, address: Address, now: float) -> None:
        search = errand.search
        query = Query(
            self.queries.begin(address, lookup, now),
            self.table.own_id,
            errand.method,
            lookup.target,
            want=("n4", "n6") if lookup is self.joining.lookup and self.other is not None else (),
            no_seeds=search is not None and search.seed,
        )
        self._line.ask(address, query, now)

    def _ping(self, address: Address, now: float) -> None:
        if self.queries.may_ping and self._line.budget.may_ask(now):
            self._line.ask(address, Query(self.queries.begin(address, None, now), self.table.own_id, PING), now)

    def _end(self, lookup: Lookup, errand: _Errand, now: float) -> None:
        del self.lookups[lookup]
        if lookup is self.joining.lookup:
            self._joined(now)
        search = errand.search
        if search is None:
            return
        nearest = lookup.nearest()
        for candidate in nearest[:COUNTING]:
            self._count(search, candidate.address, now)
        if search.port is not None:
            for candidate in nearest:
                assert candidate.token is not None  # nearest() gives those with one
                self._announce(search, candidate.address, candidate.token, now)
            own_distance = self.table.own_number ^ number(search.target)
            if len(nearest) < K or own_distance < nearest[-1].distance:
                for peer in self._own_peers(search):  # whoever asks us is to find us
                    self.store.add(search.target, peer, search.seed, now)
        search.lookups -= 1
        if not search.lookups:
            self._line.commands.append(Searched(search.info_hash, search.peers, search.announced))

    def _count(self, search: Search, at: Address, now: float) -> None:
        """A query of its own: many nodes answer one that counts (BEP 33) without a single peer."""
        transaction = self.queries.begin(at, None, now, search)
        self._line.ask(at, Query(transaction, self.table.own_id, GET_PEERS, search.target, scrape=True), now)

    def _announce(self, search: Search, to: Address, token: bytes, now: float) -> None:
        """Eight at most, so the budget is charged, but not asked."""
        assert search.port is not None
        search.announced += 1
        transaction = self.queries.begin(to, None, now)
        query = Query(transaction, self.table.own_id, ANNOUNCE_PEER, search.target)
        self._line.ask(to, query._replace(token=token, port=search.port, seed=search.seed), now)

    def _own_peers(self, search: Search) -> list[Address]:
        """What we announce, as others see it."""
        return [Address(host, search.port or self.address.port) for host in self._own_hosts]

    @property
    def _own_hosts(self) -> list[str]:
        """Our address as others see it; if they did not tell, where we are bound, if that is somewhere."""
        host = self.host or self.address.host
        return [host] if reach(host) > Scope.INVALID else []

    def _joined(self, now: float) -> None:
        if len(self.table) < K:
            for id, address in self.joining.release_routers():
                self.table.answered(id, address, now)
        self.joining.ended(len(self.table))
        for bits in range(WIDE) if len(self.table) >= K else ():
            self._start(FIND_NODE, random_id_sharing(self.table.own_number, bits, self._line.rng), now)

    def saved(self, now: float) -> list[Address]:
        """Nodes worth knowing at the next start, from all over the network."""
        good = [contact.address for contact in self.table if contact.is_good(now)]
        step = max(1, len(good) // SAVED)
        return good[::step][:SAVED]

    def good(self, now: float) -> int:
        """How many nodes in the table are good."""
        return sum(1 for contact in self.table if contact.is_good(now))


def _may_name(source: Address, named: Address) -> bool:
    """No source may name an address of a narrower scope than its own."""
    return max(reach(source.host), Scope.LOOPBACK) <= reach(named.host)
