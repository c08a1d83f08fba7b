"""How many requests may be under way, in all and to one host. Beyond that they wait in order."""

from __future__ import annotations

from collections import Counter
from typing import Final

from twisted.internet.defer import Deferred

from torrentd.model.errors import TrackerError

AT_ONCE: Final = 50
"""Requests under way: each holds a descriptor and up to 1 MiB."""

PER_HOST: Final = 2
"""Requests under way to one host: a thousand torrents of one tracker must not storm it."""

MOST_WAITING: Final = 5000
"""Requests that wait; more are refused, and come back with the back-off."""


class Places:
    """Hands out places."""

    def __init__(self, at_once: int = AT_ONCE, per_host: int = PER_HOST) -> None:
        self._free = at_once
        self._per_host = per_host
        self._taken: Counter[str] = Counter()
        self._waiting: dict[Deferred[None], str] = {}

    async def take(self, host: str) -> None:
        """Wait for a place; each must be given back. TrackerError when too many wait."""
        if self._has_room(host):
            self._occupy(host)
            return
        if len(self._waiting) >= MOST_WAITING:
            raise TrackerError("too many requests to trackers are waiting")
        turn: Deferred[None] = Deferred()
        self._waiting[turn] = host
        try:
            await turn
        finally:
            self._waiting.pop(turn, None)

    def give_back(self, host: str) -> None:
        """The request is over; the first one that may go now gets the place."""
        self._free += 1
        self._taken[host] -= 1
        if not self._taken[host]:
            del self._taken[host]
        for turn, waiting_for in self._waiting.items():
            if self._has_room(waiting_for):
                del self._waiting[turn]
                self._occupy(waiting_for)
                turn.callback(None)
                return

    def _has_room(self, host: str) -> bool:
        return self._free > 0 and self._taken[host] < self._per_host

    def _occupy(self, host: str) -> None:
        self._free -= 1
        self._taken[host] += 1
