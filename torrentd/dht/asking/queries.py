"""Our queries that are not answered yet.

An answer counts only if it comes from where the query went and repeats its transaction id, four bytes that nobody can
foresee: who forges the sender of a datagram does not see them.
"""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING

from torrentd.dht.asking.timing import Timing
from torrentd.model.address import Address

if TYPE_CHECKING:
    from torrentd.dht.asking.lookup import Lookup
    from torrentd.dht.searches import Search

MOST = 256
"""Queries under way: of all lookups together far fewer are."""

MOST_PINGS = 32
"""Those of them that belong to no lookup: strangers' queries make us ask whether they are there."""

TRANSACTION_LENGTH = 4

NEVER = float("inf")


class Pending:
    """One query. `lookup` is None if it belongs to none; `counts` is the search whose swarm is to be counted by it."""

    __slots__ = ("address", "counts", "is_slow", "lookup", "sent_at")

    def __init__(self, address: Address, lookup: Lookup | None, sent_at: float, counts: Search | None) -> None:
        self.address = address
        self.lookup = lookup
        self.counts = counts
        self.sent_at = sent_at
        self.is_slow = False


class Queries:
    """The queries of one node of ours."""

    def __init__(self, secret_rng: Random) -> None:
        self._rng = secret_rng
        self._pending: dict[bytes, Pending] = {}
        self._due: list[tuple[float, bytes]] = []
        self._pings = 0
        self.timing = Timing()

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def is_full(self) -> bool:
        """Nothing may be asked before something is answered or lost."""
        return len(self._pending) >= MOST

    @property
    def may_ping(self) -> bool:
        """Whether one more query that belongs to no lookup may leave."""
        return not self.is_full and self._pings < MOST_PINGS

    def begin(self, address: Address, lookup: Lookup | None, now: float, counts: Search | None = None) -> bytes:
        """A query leaves: its transaction id."""
        transaction = self._rng.randbytes(TRANSACTION_LENGTH)
        while transaction in self._pending:
            transaction = self._rng.randbytes(TRANSACTION_LENGTH)
        self._pending[transaction] = Pending(address, lookup, now, counts)
        self._pings += lookup is None
        heappush(self._due, (now + self.timing.slow, transaction))
        return transaction

    def answered(self, transaction: bytes, source: Address, now: float) -> Pending | None:
        """Which query this answers; None if none, or one that went elsewhere."""
        pending = self._pending.get(transaction)
        if pending is None or pending.address != source:
            return None
        self._forget(transaction)
        self.timing.measured(now - pending.sent_at)
        return pending

    def overdue(self, now: float) -> list[tuple[Pending, bool]]:
        """Queries that became slow (and are still under way), and those that are lost (True), in order."""
        found = []
        while self._due and self._due[0][0] <= now:
            _, transaction = heappop(self._due)
            pending = self._pending.get(transaction)
            if pending is None:
                continue
            found.append((pending, pending.is_slow))
            if pending.is_slow:
                self._forget(transaction)
            else:
                pending.is_slow = True
                heappush(self._due, (pending.sent_at + self.timing.lost, transaction))
        return found

    def _forget(self, transaction: bytes) -> None:
        self._pings -= self._pending.pop(transaction).lookup is None

    def next_deadline(self) -> float:
        """When to look at `overdue`."""
        while self._due and self._due[0][1] not in self._pending:
            heappop(self._due)
        return self._due[0][0] if self._due else NEVER
