"""Known peers of a torrent, and which of them to dial next.

Peers the user named come first and at once; then addresses never tried, better sources first, and of one source those
of the highest canonical priority (BEP 40); then those with the fewest failures. Nobody is dialled twice within a
minute, and each failure doubles the wait, so that a list of dead or hostile addresses costs little, and a victim that
is named a thousand times is not attacked by us. Exempt from the minute are peers the user named, and those from which
his pause parted us, or that it kept from being reached.

3000 candidates are kept. Beyond that, newcomers push out what is worse than they are: many failures first, then poor
sources. A newcomer that finds nothing worse than itself is not taken in, so a flood of untried addresses cannot wash
out what is known already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from heapq import nlargest

from torrentd.model.address import Address, Scope, scope
from torrentd.policy.peers.bans import Bans
from torrentd.policy.peers.hosts import owner, plain_host
from torrentd.policy.peers.order import SOURCES, Candidate, DialOrder
from torrentd.policy.peers.partings import Partings
from torrentd.policy.peers.priority import priority as canonical

MOST = 3000
"""Candidates kept per torrent: 60 times the connections of a torrent."""

MOST_PER_OWNER = 8
"""Those of one owner of global addresses: no more than the connections it may have. Below global whole swarms share an
address."""


class Candidates:
    """The candidates of one torrent. `bans` is shared with all torrents."""

    def __init__(self, bans: Bans | None = None, most: int = MOST) -> None:
        self.bans = bans if bans is not None else Bans()
        self.ours: dict[bool, Address] = {}
        """where others reach us, by family (IPv6), as far as known"""
        self._most = most
        self._known: dict[Address, Candidate] = {}
        self._per_owner: Counter[str] = Counter()
        self._busy: Counter[Address] = Counter()  # attempts and connections under way
        self._own: dict[Address, None] = {}
        self._partings = Partings()
        self._order = DialOrder()

    def __len__(self) -> int:
        """Known addresses, connected ones included."""
        return len(self._known)

    @property
    def is_blank(self) -> bool:
        """Nothing was ever learned: nobody is known, and none was found to be ourselves."""
        return not (self._known or self._busy or self._own)

    def add(self, addresses: Iterable[Address], source: str, now: float, narrowest: int = 0) -> int:
        """Take in what a source (one of SOURCES) named; how many were new.

        Refused: port 0, addresses that cannot be dialled or reach less far than `narrowest`, the banned, ourselves.
        A known one that the user names becomes his: dialled at once, whatever happened before.
        """
        new: dict[Address, None] = {}
        for address in map(_canonical, addresses):
            if address in self._known:
                if source == "user":
                    self._named_by_user(self._known[address], now)
                elif self._known[address].doubtful:
                    self._doubt(self._known[address], now, False)
            elif address not in new and self._acceptable(address, narrowest):
                new[address] = None
        self._make_room(len(new), source)
        added = 0
        for address in new:
            if self._fits(address, source):
                self._insert(address, source, now)
                added += 1
        return added

    def dropped(self, addresses: Iterable[Address], now: float) -> None:
        """Peers named these before and are not connected with them any more. Who was named by peers only and was never
        tried comes after all who were not tried: he may have gone, but also have become a seed among seeds."""
        for candidate in filter(None, map(self._known.get, map(_canonical, addresses))):
            if candidate.source == "pex" and candidate.last_attempt is None and candidate.ticket:
                self._doubt(candidate, now, True)

    def knows(self, address: Address) -> bool:
        """Whether it is one of them already, or was found to be ourselves."""
        address = _canonical(address)
        return address in self._known or address in self._own

    def take(self, now: float) -> Address | None:
        """The next address to dial, None if there is none. The attempt must end with `connected` or `failed`."""
        while (candidate := self._order.pop(now)) is not None:
            if self.bans.reason(candidate.address) is not None:
                self._forget(candidate)
                continue
            candidate.last_attempt = now
            candidate.urgent = candidate.doubtful = False
            self._partings.end(candidate)
            self._busy[candidate.address] += 1
            return candidate.address
        return None

    def failed(self, address: Address, now: float) -> None:
        """An attempt of `take` came to nothing before the handshake ended."""
        self._release(_canonical(address), now, useful=False)

    def connected(self, address: Address, dialled: bool) -> None:
        """A handshake is done with the peer that listens at `address`; `dialled`: `take` had named it.

        For an incoming connection call it once the peer has said where it listens. `closed` must follow.
        """
        address = _canonical(address)
        if not dialled:
            self._busy[address] += 1
        if address in self._known:
            self._known[address].urgent = self._known[address].doubtful = False
            self._partings.end(self._known[address])
            self._order.leave(self._known[address])

    def closed(self, address: Address, now: float, useful: bool = True) -> None:
        """A connection of `connected` is gone. Without use (a duplicate, nothing to give each other) it counts as a
        failure, so that we do not come back every minute."""
        self._release(_canonical(address), now, useful)

    def paused(self, address: Address, now: float) -> None:
        """The user ended a connection of `connected`, or an attempt of `take`, by a pause: when he resumes, it is made
        again at once."""
        address = _canonical(address)
        self._release(address, now, useful=True)
        candidate = self._known.get(address)
        if candidate is not None and not self._busy[address]:
            candidate.last_attempt = None
            self._order.enter(candidate, now)

    def parted(self, address: Address, now: float, seed: bool) -> None:
        """A connection of `connected` is gone because neither wants anything. `seed`: the peer has everything."""
        address = _canonical(address)
        if address in self._known and self._busy[address] == 1:
            self._partings.leave(self._known[address], now, seed)
        self._release(address, now, useful=False)

    def reunite(self, now: float) -> None:
        """Something is missing here: those who were left may have it."""
        for candidate in self._partings.forgive_all():
            self._order.enter(candidate, now)

    def exclude(self, address: Address) -> None:
        """This is ourselves: never dial it again. Allowed while an attempt to it is under way."""
        address = _canonical(address)
        self._own[address] = None
        if address in self._known:
            self._forget(self._known[address])

    def forget(self, address: Address) -> None:
        """Dial it no more, unless somebody names it again. Allowed while a connection or an attempt is under way."""
        candidate = self._known.get(_canonical(address))
        if candidate is not None:
            self._forget(candidate)

    def keep_only(self, sources: Collection[str]) -> None:
        """Forget whom others than these named. Allowed while connections and attempts are under way."""
        for candidate in [candidate for candidate in self._known.values() if candidate.source not in sources]:
            self._forget(candidate)

    def ready(self, now: float) -> int:
        """How many could be dialled now."""
        return self._order.ready(now)

    def ready_at(self) -> float:
        """When somebody can be dialled: minus infinity if somebody can already, infinity if nobody is there."""
        return self._order.ready_at()

    def source(self, address: Address) -> str:
        """Who named the address first (the user's word counts most); empty if nobody did."""
        candidate = self._known.get(_canonical(address))
        return candidate.source if candidate is not None else ""

    def priority(self, address: Address) -> int:
        """What a connection to the address is worth (BEP 40); 0 while we do not know our own address."""
        ours = self.ours.get(":" in address.host)
        return canonical(ours, address) if ours is not None else 0

    def _acceptable(self, address: Address, narrowest: int) -> bool:
        if not 0 < address.port < 65536 or address in self._own:
            return False
        reach = scope(address.host)
        if reach == Scope.INVALID or reach < narrowest:
            return False
        return self.bans.reason(address) is None

    def _fits(self, address: Address, source: str) -> bool:
        if len(self._known) >= self._most:
            return False
        if source == "user" or self._per_owner[owner(address.host)] < MOST_PER_OWNER:
            return True
        return scope(address.host) != Scope.GLOBAL

    def _make_room(self, wanted: int, source: str) -> None:
        """Drop the worst, as many as newcomers need, but none that is as good as a newcomer of `source`."""
        excess = len(self._known) + wanted - self._most
        if excess <= 0:
            return
        bar = (0, SOURCES.index(source))
        worse = [c for c in self._known.values() if c.ticket and c.source != "user" and c.badness > bar]
        for candidate in nlargest(excess, worse, key=lambda c: (c.badness, -c.ticket)):
            self._forget(candidate)

    def _insert(self, address: Address, source: str, now: float) -> None:
        candidate = self._known[address] = Candidate(
            address, source, urgent=source == "user", priority=self.priority(address)
        )
        self._per_owner[owner(address.host)] += 1
        if not self._busy[address]:
            self._order.enter(candidate, now)

    def _doubt(self, candidate: Candidate, now: float, doubtful: bool) -> None:
        candidate.doubtful = doubtful
        self._order.enter(candidate, now)

    def _named_by_user(self, candidate: Candidate, now: float) -> None:
        candidate.source = "user"
        self._partings.forgive(candidate)
        candidate.urgent = not self._busy[candidate.address]
        if candidate.urgent:
            self._order.enter(candidate, now)

    def _release(self, address: Address, now: float, useful: bool) -> None:
        """One attempt or connection of `address` is over."""
        self._busy[address] -= 1
        if self._busy[address] <= 0:
            del self._busy[address]
        candidate = self._known.get(address)
        if candidate is None:
            return
        if useful:
            candidate.failures = candidate.partings = 0
        else:
            candidate.failures += 1
        if candidate.last_attempt is None:
            candidate.last_attempt = now  # it came to us: give it the same minute
        if not self._busy[address]:
            self._order.enter(candidate, now)

    def _forget(self, candidate: Candidate) -> None:
        self._order.leave(candidate)
        self._partings.end(candidate)
        del self._known[candidate.address]
        whose = owner(candidate.address.host)
        self._per_owner[whose] -= 1
        if not self._per_owner[whose]:
            del self._per_owner[whose]


def _canonical(address: Address) -> Address:
    host = plain_host(address.host)
    return address if host is address.host else Address(host, address.port)
