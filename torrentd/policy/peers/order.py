"""The order in which candidates are dialled, and when.

Whoever can be dialled now sits in one heap, whoever must wait in another, ordered by time. Entries are not searched
for when something changes: a candidate carries the ticket of its one valid entry, and stale entries are skipped when
they surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from torrentd.model.address import Address

SPACING = 60.0
"""Seconds between two attempts to one (address, port), and the first wait after a failure."""

LONGEST_WAIT = 3600.0
"""Seconds between attempts after many failures: dead peers come back, but rarely within the hour."""

USER_SPACING = 2.0
"""Seconds before a peer that the user named is tried again after its first failure: somebody probably watches."""

USER_LONGEST_WAIT = 300.0
"""Seconds between attempts to a peer that the user named, after many failures."""

SOURCES = ("user", "tracker", "lsd", "dht", "pex")
"""Best first: a tracker's list is fresh, the local network is near; anybody can write into the DHT, and any peer may
claim anything by PEX."""

MOST_DOUBLINGS = 20
"""of a wait: far beyond the longest; 2.0 ** 2000 overflows"""

NEVER = float("inf")

MOST_STALE = 1000
"""Stale entries a heap may hold beyond the valid ones before it is swept."""

Rank: TypeAlias = tuple[int, int, int, int]
"""The lower, the sooner."""


@dataclass(slots=True)
class Candidate:
    """One address. `ticket` is that of its valid entry; 0 while it is dialled or connected."""

    address: Address
    source: str
    failures: int = 0
    """in a row; a useful connection makes it 0"""
    last_attempt: float | None = None
    ticket: int = 0
    urgent: bool = False
    """named by the user and not tried since"""
    priority: int = 0
    """canonical (BEP 40)"""
    ready: bool = False
    """its entry is among those that can be dialled now"""
    doubtful: bool = False
    """whoever named it is not connected with it any more"""
    partings: int = 0
    """how often in a row it was left because neither side wanted anything"""
    not_before: float = -NEVER
    """until then that is most likely still so"""

    @property
    def badness(self) -> tuple[int, int]:
        """Who is dropped first when there is no room: many failures, then poor sources."""
        return (self.failures + self.doubtful, SOURCES.index(self.source))

    def retry_at(self) -> float:
        """The earliest next attempt; minus infinity for "at once"."""
        if self.urgent:
            return -NEVER
        if self.last_attempt is None:
            return self.not_before
        user = self.source == "user"
        first, longest = (USER_SPACING, USER_LONGEST_WAIT) if user else (SPACING, LONGEST_WAIT)
        doublings = min(max(0, self.failures - 1), MOST_DOUBLINGS)
        return max(self.not_before, self.last_attempt + min(longest, first * 2.0**doublings))

    def rank(self) -> Rank:
        """The user's first, then the untried, then the fewest failures; better sources first among equals, then who
        should be connected with us rather than with others. Whether somebody is still there counts as a failure."""
        kind = 0 if self.source == "user" else 1 if self.last_attempt is None else 2
        return (kind, self.failures + self.doubtful, SOURCES.index(self.source), -self.priority)


Ready: TypeAlias = tuple[Rank, int, Candidate]
"""`(rank, ticket, candidate)`; tickets differ, so candidates are never compared"""

Waiting: TypeAlias = tuple[float, int, Candidate]
"""`(retry_at, ticket, candidate)`"""


class DialOrder:
    """Candidates that are neither dialled nor connected, in the order of their next attempts."""

    def __init__(self) -> None:
        self._ready: list[Ready] = []
        self._waiting: list[Waiting] = []
        self._ready_count = 0
        self._count = 0
        self._last_ticket = 0

    def enter(self, candidate: Candidate, now: float) -> None:
        """Put in, or move to where it belongs now."""
        self.leave(candidate)
        self._last_ticket += 1
        candidate.ticket = self._last_ticket
        self._count += 1
        at = candidate.retry_at()
        if at <= now:
            self._make_ready(candidate)
        else:
            heappush(self._waiting, (at, candidate.ticket, candidate))
        self._sweep()

    def leave(self, candidate: Candidate) -> None:
        """Take out; its entry goes stale."""
        if candidate.ticket:
            self._count -= 1
            self._ready_count -= candidate.ready
            candidate.ticket = 0
            candidate.ready = False

    def pop(self, now: float) -> Candidate | None:
        """Take out the one to be dialled next; None if nobody can be dialled now."""
        self._promote(now)
        while self._ready:
            _, ticket, candidate = heappop(self._ready)
            if candidate.ticket == ticket:
                self.leave(candidate)
                return candidate
        return None

    def ready(self, now: float) -> int:
        """How many could be dialled now."""
        self._promote(now)
        return self._ready_count

    def ready_at(self) -> float:
        """When somebody can be dialled: minus infinity if somebody can already, infinity if nobody is there."""
        if self._ready_count:
            return -NEVER
        while self._waiting:
            at, ticket, candidate = self._waiting[0]
            if candidate.ticket == ticket:
                return at
            heappop(self._waiting)
        return NEVER

    def _promote(self, now: float) -> None:
        """Move whose time has come."""
        while self._waiting and self._waiting[0][0] <= now:
            _, ticket, candidate = heappop(self._waiting)
            if candidate.ticket == ticket:
                self._make_ready(candidate)

    def _make_ready(self, candidate: Candidate) -> None:
        candidate.ready = True
        self._ready_count += 1
        heappush(self._ready, (candidate.rank(), candidate.ticket, candidate))

    def _sweep(self) -> None:
        """Rid the heaps of stale entries once they outnumber what could be useful."""
        if len(self._ready) + len(self._waiting) > 2 * self._count + MOST_STALE:
            self._ready = [entry for entry in self._ready if entry[2].ticket == entry[1]]
            self._waiting = [entry for entry in self._waiting if entry[2].ticket == entry[1]]
            heapify(self._ready)
            heapify(self._waiting)
