"""How long to wait for an answer: longer than most answers take, as measured (like TCP's retransmission timer).

Two times. A query that is *slow* no longer holds a lookup up, but its answer is still welcome; one that is *lost*
counts against the node.
"""

from __future__ import annotations

FIRST = 1.0
"""Seconds after which a query is slow, while nothing was measured."""

SHORTEST = 0.25
LONGEST = 3.0

LOST_FACTOR = 4.0
"""A query is lost after so many times the time after which it is slow."""

SHORTEST_LOST = 4.0
"""Seconds: a node on a busy line answers late, and is a good node all the same."""

_GAIN = 1 / 8
_DEVIATION_GAIN = 1 / 4
_DEVIATIONS = 4


class Timing:
    """Measures the answers of all nodes together: a lookup meets each of them once."""

    def __init__(self) -> None:
        self._mean = 0.0
        self._deviation = 0.0

    def measured(self, seconds: float) -> None:
        """An answer took so long."""
        if not self._mean:
            self._mean, self._deviation = seconds, seconds / 2
            return
        self._deviation += (abs(seconds - self._mean) - self._deviation) * _DEVIATION_GAIN
        self._mean += (seconds - self._mean) * _GAIN

    @property
    def slow(self) -> float:
        """Seconds until a query is slow."""
        if not self._mean:
            return FIRST
        return min(LONGEST, max(SHORTEST, self._mean + _DEVIATIONS * self._deviation))

    @property
    def lost(self) -> float:
        """Seconds until a query is lost."""
        return max(SHORTEST_LOST, LOST_FACTOR * self.slow)
