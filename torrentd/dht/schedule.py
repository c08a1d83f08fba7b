"""Whose turn it is to be looked up and announced.

Each torrent at once, then every 15 minutes with jitter. One that wants more peers than it has comes sooner: half a
minute later at first (perhaps a seed is just announcing itself), then ever later, up to every 5 minutes.

Those that are in use go first, whatever there are. The others are spaced out: thousands of them share what the daemon
may cost while it does nothing, which stretches their interval. Of those, the ones that want peers and the ones that
only offer something take turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

INTERVAL = 900.0
"""Seconds between two searches of a torrent."""

FIRST_HUNGRY = 30.0
HUNGRY = 300.0
"""The same while it wants more peers than it has: at first, doubled each time, and at most."""

JITTER = 0.1
"""Intervals are multiplied by 1 - JITTER to 1 + JITTER."""

PACE = 3.0
"""Seconds between two searches for torrents that are not in use: one takes 3 to 8 milliseconds of the processor, and an
idle daemon is to take no more than a quarter of a percent in all."""

AT_ONCE = 4
"""Searches under way: together they fill what the DHT may send."""

NEVER = float("inf")


class Rank(Enum):
    """Whose turn comes when."""

    IN_USE = 0
    """at once"""
    WANTING = 1
    """nobody uses it, but it wants peers"""
    OFFERING = 2
    """a seed that nobody visits"""


def rank(hungry: bool, urgent: bool) -> Rank:
    """Of a torrent that is in use (`urgent`), or only wants peers."""
    return Rank.IN_USE if urgent else Rank.WANTING if hungry else Rank.OFFERING


class _Due(NamedTuple):
    at: float
    rank: Rank
    hungry: int
    """searches in a row that it was hungry"""


class Schedule:
    """The turns of all torrents."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._due: dict[bytes, _Due] = {}
        self._heaps: dict[Rank, list[tuple[float, bytes]]] = {each: [] for each in Rank}
        self._paced_from = 0.0
        self._paced = [Rank.WANTING, Rank.OFFERING]
        """who comes first when both are due"""

    def __len__(self) -> int:
        return len(self._due)

    def track(self, info_hash: bytes, rank: Rank, now: float) -> None:
        """Its first turn is due; nothing happens if it has turns already, unless it comes before more others now."""
        known = self._due.get(info_hash)
        if known is None:
            self._put(info_hash, _Due(now, rank, 0))
        elif rank.value < known.rank.value:
            self._put(info_hash, known._replace(rank=rank))

    def untrack(self, info_hash: bytes) -> None:
        """No turn of it comes any more."""
        self._due.pop(info_hash, None)

    def searched(self, info_hash: bytes, rank: Rank, hungry: bool, now: float) -> None:
        """Its search begins; the next turn is an interval away."""
        known = self._due.get(info_hash)
        if known is not None:
            wait = min(HUNGRY, FIRST_HUNGRY * 2.0**known.hungry) if hungry else INTERVAL
            streak = min(known.hungry + 1, 10) if hungry else 0
            self._put(info_hash, _Due(now + self._jittered(wait), rank, streak))

    def next_turn(self, now: float) -> bytes | None:
        """Whose turn it is now; it comes again after an interval. None if it is nobody's."""
        for at, info_hash in self._fronts():
            if at <= now:
                due = self._due[info_hash]
                if due.rank in self._paced:
                    self._paced_from = now + PACE
                    self._paced.sort(key=lambda each: each is due.rank)  # the other one is next
                self._put(info_hash, due._replace(at=now + self._jittered(INTERVAL)))
                return info_hash
        return None

    def next_deadline(self) -> float:
        """When it is somebody's turn; infinity for never."""
        return min((at for at, _ in self._fronts()), default=NEVER)

    def _fronts(self) -> Iterator[tuple[float, bytes]]:
        """The first of each heap, and when its turn may come; those in use first."""
        for rank in (Rank.IN_USE, *self._paced):
            heap = self._heaps[rank]
            while heap and not self._is_valid(heap[0], rank):
                heappop(heap)
            if heap:
                at, info_hash = heap[0]
                yield (at if rank is Rank.IN_USE else max(at, self._paced_from)), info_hash

    def _is_valid(self, entry: tuple[float, bytes], rank: Rank) -> bool:
        """Whether nothing else was put for the torrent since."""
        due = self._due.get(entry[1])
        return due is not None and (due.at, due.rank) == (entry[0], rank)

    def _jittered(self, wait: float) -> float:
        return wait * self._rng.uniform(1 - JITTER, 1 + JITTER)

    def _put(self, info_hash: bytes, due: _Due) -> None:
        self._due[info_hash] = due
        heappush(self._heaps[due.rank], (due.at, info_hash))
