"""The small numbers by which Transmission's clients name torrents, and what "recently active" means.

A number holds for one run: torrents are counted in the order in which they are seen first. The hash is the stable name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

RECENT: Final = 60.0
"""Seconds. What changed within them is "recently active"."""
SPACING: Final = 5.0
"""Seconds between two remembered moments: an answer may reach so far beyond the 60."""


class Numbers:
    """Which number a torrent has."""

    def __init__(self) -> None:
        self._by_id: dict[str, int] = {}
        self._by_number: dict[int, str] = {}
        self._gone: dict[str, int] = {}
        self._last = 0

    def sync(self, ids: Iterable[str]) -> None:
        """These are the torrents now, in order. One that comes back gets a new number."""
        present = dict.fromkeys(ids)
        for id in [id for id in self._by_id if id not in present]:
            self._gone[id] = number = self._by_id.pop(id)
            del self._by_number[number]
        for id in present:
            if id not in self._by_id:
                self._last += 1
                self._by_id[id], self._by_number[self._last] = self._last, id

    def of(self, id: str) -> int:
        """The torrent's number. KeyError for one that `sync` was not told of."""
        return self._by_id[id]

    def id(self, number: int) -> str | None:
        return self._by_number.get(number)

    def removed(self, ids: Iterable[str]) -> list[int]:
        """The numbers of torrents that are gone, as far as anybody was told them."""
        return [self._gone[id] for id in ids if id in self._gone]


class Moments:
    """At which revision the daemon was how long ago. `revision`: where it began, or where we began to look."""

    def __init__(self, seconds: Callable[[], float], revision: int) -> None:
        self._seconds = seconds
        self._moments = deque([(seconds(), revision)])

    def note(self, revision: int) -> None:
        """The daemon is at this revision now."""
        now = self._seconds()
        if now - self._moments[-1][0] >= SPACING:
            self._moments.append((now, revision))
        while len(self._moments) > 1 and now - self._moments[1][0] >= RECENT:
            self._moments.popleft()

    @property
    def recent(self) -> int:
        """A revision after which everything came that changed within RECENT, and as little else as is known."""
        return self._moments[0][1]
