"""Which torrents changed since a caller last looked: a log walked from its end, never a scan of all torrents."""

from __future__ import annotations

from collections import deque
from itertools import takewhile

REMOVALS_KEPT = 1000
"""A caller that missed more removals than this gets everything again."""


class ChangeLog:
    """Revisions grow by one with each change. They begin at `first`, larger than any of an earlier run."""

    def __init__(self, first: int) -> None:
        self.revision = first
        self._oldest = first
        """callers older than this get everything again"""
        self._changed: dict[str, int] = {}
        """the last change of each, in their order"""
        self._shifted: dict[str, int] = {}
        """the same of those of which only the place in the queue changed since"""
        self._removed: deque[tuple[int, str]] = deque()

    def touch(self, id: str) -> None:
        """Something of the torrent's row changed, or it was added."""
        self.revision += 1
        self._changed.pop(id, None)  # to the end
        self._changed[id] = self.revision
        self._shifted.pop(id, None)

    def shift(self, id: str) -> None:
        """Only its place in the queue is another: others came before it, or left. Many do so at once, and few callers
        look at that."""
        self.revision += 1
        self._shifted.pop(id, None)
        self._shifted[id] = self.revision

    def remove(self, id: str) -> None:
        """The torrent is gone."""
        self.revision += 1
        self._changed.pop(id, None)
        self._shifted.pop(id, None)
        self._removed.append((self.revision, id))
        if len(self._removed) > REMOVALS_KEPT:
            self._oldest, _ = self._removed.popleft()

    def knows(self, since: int) -> bool:
        """Whether the difference to `since` can be told; otherwise the caller needs all rows."""
        return self._oldest <= since <= self.revision

    def changed(self, since: int, places: bool = True) -> list[str]:
        """The torrents that changed after `since` and are still there, in the order of their changes. `places`: also
        those of which only the place in the queue did."""
        found = _after(self._changed, since)
        if places:
            found |= _after(self._shifted, since)
        return sorted(found, key=found.__getitem__)

    def removed(self, since: int) -> list[str]:
        """The torrents removed after `since` (one that came back is in `changed` as well)."""
        return [id for revision, id in self._removed if revision > since]


def _after(log: dict[str, int], since: int) -> dict[str, int]:
    return dict(takewhile(lambda change: change[1] > since, reversed(log.items())))
