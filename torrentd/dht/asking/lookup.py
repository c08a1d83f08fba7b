"""One iterative lookup (BEP 5): ask the nearest known nodes for nearer ones until the eight nearest have answered.

Three queries are under way at first; each that brings nothing nearer or is slow adds one, up to eight, each that does
takes one away. A slow node no longer counts, so a dead one costs a moment and not a time-out.

What others say about nodes is hearsay. A lookup therefore

- asks nodes with an id that does not fit their address (BEP 42) last;
- believes the id that a node says of itself, not the one it was named with;
- asks last whom only liars named: somebody of whose names three were wrong, and not as many right. Wrong is a node
  that is silent, or has another id than the one it was named with;
- asks a global host at three ports at most, however often it is named, and sends at most 60 queries in all.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Sequence

from torrentd.dht.asking.candidate import UNKNOWN, Candidate, State
from torrentd.dht.ids import number, reach
from torrentd.model.address import Address, Scope
from torrentd.wire.dht.messages import Response
from torrentd.wire.dht.nodes import NodeInfo

K = 8
"""Nodes that must have answered, and that a peer is announced to."""

FEWEST_PARALLEL = 3
MOST_PARALLEL = 8

MOST_QUERIES = 60
"""An honest lookup in a network of ten million nodes takes about 30."""

MOST_PER_HOST = 3

NAMES = 16
"""Nodes taken from one answer."""


class Lookup:
    """One search for the nodes nearest to `target`; `own` are addresses that are ourselves."""

    def __init__(self, target: bytes, own: Sequence[Address] = ()) -> None:
        self.target = target
        self._number = number(target)
        self._candidates: dict[Address, Candidate] = {address: _nobody(address) for address in own}
        self._order: list[tuple[tuple[bool, int, Address], Candidate]] = []
        self._per_host: Counter[str] = Counter()
        self._parallel = FEWEST_PARALLEL
        self._under_way = 0
        self._spoke: list[Candidate] = []
        """who answered, in order: whoever named one of them comes before it"""
        self.queries = 0
        self.depth = 0
        """the most answers, one after the other, that led to a node that was asked: the rounds"""

    def know(self, nodes: Iterable[NodeInfo | tuple[None, Address]]) -> None:
        """Nodes to begin with."""
        for id, address in nodes:
            self._add(id, address, 1, None)

    # --- whom to ask

    def next(self) -> Address | None:
        """Whom to ask now, who then counts as asked; None while enough are being asked, or nobody is left."""
        if self._under_way >= self._parallel or self.queries >= MOST_QUERIES:
            return None
        candidate = self._next_fresh()
        if candidate is None:
            return None
        candidate.state = State.ASKED
        self._under_way += 1
        self.queries += 1
        self.depth = max(self.depth, candidate.depth)
        return candidate.address

    @property
    def is_over(self) -> bool:
        """Nobody is being asked, and nobody is left to be."""
        return not self._under_way and (self.queries >= MOST_QUERIES or self._next_fresh() is None)

    def _next_fresh(self) -> Candidate | None:
        """The nearest that was not asked, unless eight nearer ones answered or are being asked."""
        standing = 0
        dubious: Candidate | None = None
        for _, candidate in self._order:
            if candidate.state is State.FRESH:
                if not candidate.is_dubious:
                    return candidate
                dubious = dubious or candidate
            elif candidate.state in _STANDING:
                standing += 1
                if standing >= K:
                    return None
        return dubious

    # --- what came of it

    def answered(self, address: Address, response: Response, nodes: Iterable[NodeInfo]) -> None:
        """A node answered; `nodes` are those of its answer that may be asked."""
        candidate = self._candidates[address]
        self._settle(candidate, State.ANSWERED)
        named_right = self._reorder(candidate, response.sender)
        candidate.misnamed = not named_right and bool(candidate.informants)
        candidate.token = response.token
        for informant in candidate.informants:
            informant.right_names += named_right
            informant.wrong_names += not named_right
        self._spoke.append(candidate)
        self._judge()
        nearest = self._nearest()
        for id, named in list(nodes)[:NAMES]:
            self._add(id, named, candidate.depth + 1, candidate)
        self._adapt(-1 if self._nearest() < nearest else 1)

    def slow(self, address: Address) -> None:
        """A node has not answered yet, and is not waited for."""
        candidate = self._candidates[address]
        if candidate.state is State.ASKED:
            self._settle(candidate, State.SLOW)
            for informant in candidate.informants:
                informant.wrong_names += 1
            self._judge()
            self._adapt(1)

    def _judge(self) -> None:
        """Whose names are believed last, as far as is known now."""
        for candidate in self._spoke:
            candidate.is_believed_last = candidate.is_liar or candidate.is_dubious

    def failed(self, address: Address) -> None:
        """A node will not answer, or not what was asked."""
        self._settle(self._candidates[address], State.FAILED)

    def nearest(self) -> list[Candidate]:
        """The eight nearest that answered with a token."""
        answered = (candidate for _, candidate in self._order if candidate.state is State.ANSWERED)
        return [candidate for candidate in answered if candidate.token is not None][:K]

    # --- the order

    def _add(self, id: bytes | None, address: Address, depth: int, informant: Candidate | None) -> None:
        known = self._candidates.get(address)
        if known is not None:
            if informant is not None and known.state is State.FRESH and informant not in known.informants:
                known.informants.append(informant)
            return
        if self._per_host[address.host] >= MOST_PER_HOST and reach(address.host) == Scope.GLOBAL:
            return
        self._per_host[address.host] += 1
        candidate = self._candidates[address] = Candidate(id, address, self._number, depth)
        if informant is not None:
            candidate.informants.append(informant)
        insort(self._order, (candidate.rank, candidate), key=_rank)

    def _reorder(self, candidate: Candidate, id: bytes) -> bool:
        """It says that this is its id; whether it was named so."""
        if number(id) ^ self._number == candidate.distance:
            return True
        self._order.remove((candidate.rank, candidate))
        candidate.identify(id, self._number)
        insort(self._order, (candidate.rank, candidate), key=_rank)
        return False

    def _nearest(self) -> int:
        """The distance of the nearest that is not known to be silent."""
        return next((c.distance for _, c in self._order if c.state not in (State.SLOW, State.FAILED)), UNKNOWN)

    def _settle(self, candidate: Candidate, state: State) -> None:
        if candidate.state is State.ASKED:
            self._under_way -= 1
        candidate.state = state

    def _adapt(self, by: int) -> None:
        self._parallel = min(MOST_PARALLEL, max(FEWEST_PARALLEL, self._parallel + by))


_STANDING = (State.ASKED, State.ANSWERED)


def _rank(entry: tuple[tuple[bool, int, Address], Candidate]) -> tuple[bool, int, Address]:
    return entry[0]


def _nobody(address: Address) -> Candidate:
    """Somebody who is never asked."""
    candidate = Candidate(None, address, 0, 0)
    candidate.state = State.FAILED
    return candidate
