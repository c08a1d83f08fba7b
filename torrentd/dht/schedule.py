"""Whose turn it is to be looked up and announced.

Each torrent at once, then every 15 minutes with jitter; every 5 while it wants more peers than it has. Those that are
in use go first. The others, seeds that nobody visits, are spaced out: thousands of them share what the daemon may cost
while it does nothing, which stretches their interval.
"""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random

INTERVAL = 900.0
"""Seconds between two searches of a torrent."""

HUNGRY = 300.0
"""The same while it wants more peers than it has."""

JITTER = 0.1
"""Intervals are multiplied by 1 - JITTER to 1 + JITTER."""

PACE = 3.0
"""Seconds between two searches for torrents that are not in use: one takes 3 to 8 milliseconds of the processor, and an
idle daemon is to take no more than a quarter of a percent in all."""

AT_ONCE = 4
"""Searches under way: together they fill what the DHT may send."""

NEVER = float("inf")


class Schedule:
    """The turns of all torrents."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._due: dict[bytes, tuple[float, bool]] = {}
        self._urgent: list[tuple[float, bytes]] = []
        self._others: list[tuple[float, bytes]] = []
        self._others_from = 0.0

    def __len__(self) -> int:
        return len(self._due)

    def track(self, info_hash: bytes, urgent: bool, now: float) -> None:
        """Its first turn is due; nothing happens if it has turns already, unless it becomes urgent."""
        known = self._due.get(info_hash)
        if known is None:
            self._put(info_hash, now, urgent)
        elif urgent and not known[1]:
            self._put(info_hash, known[0], urgent)

    def untrack(self, info_hash: bytes) -> None:
        """No turn of it comes any more."""
        self._due.pop(info_hash, None)

    def searched(self, info_hash: bytes, hungry: bool, urgent: bool, now: float) -> None:
        """Its search begins; the next turn is an interval away, and `urgent` or not."""
        if info_hash in self._due:
            self._put(info_hash, now + self._wait(hungry), urgent)

    def next_turn(self, now: float) -> bytes | None:
        """Whose turn it is now; it comes again after an interval. None if it is nobody's."""
        for heap in (self._urgent, self._others):
            self._tidy(heap)
            if heap and max(heap[0][0], self._others_from if heap is self._others else 0.0) <= now:
                _, info_hash = heap[0]
                if heap is self._others:
                    self._others_from = now + PACE
                self._put(info_hash, now + self._wait(False), self._due[info_hash][1])
                return info_hash
        return None

    def next_deadline(self) -> float:
        """When it is somebody's turn; infinity for never."""
        self._tidy(self._urgent)
        self._tidy(self._others)
        urgent = self._urgent[0][0] if self._urgent else NEVER
        return min(urgent, max(self._others[0][0], self._others_from) if self._others else NEVER)

    def _wait(self, hungry: bool) -> float:
        return (HUNGRY if hungry else INTERVAL) * self._rng.uniform(1 - JITTER, 1 + JITTER)

    def _put(self, info_hash: bytes, at: float, urgent: bool) -> None:
        self._due[info_hash] = at, urgent
        heappush(self._urgent if urgent else self._others, (at, info_hash))

    def _tidy(self, heap: list[tuple[float, bytes]]) -> None:
        """Drop what was put elsewhere since."""
        while heap and self._due.get(heap[0][1]) != (heap[0][0], heap is self._urgent):
            heappop(heap)
