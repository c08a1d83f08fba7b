"""Addresses that are not to be talked to, because a list that the user chose says so."""

from __future__ import annotations

from torrentd.model.ranges import Ranges


class Blocklist:
    """One for the whole daemon, shared by all who meet addresses; the ranges in it change, the object stays."""

    __slots__ = ("_ranges", "refused")

    REASON = "its address is on the blocklist"

    def __init__(self, ranges: Ranges | None = None) -> None:
        self._ranges = ranges
        self.refused = 0
        """how often an address was refused"""

    @property
    def count(self) -> int:
        """How many ranges are in it."""
        return self._ranges.count if self._ranges is not None else 0

    def replace(self, ranges: Ranges | None) -> None:
        """Go by another list from now on; by none."""
        self._ranges = ranges

    def refuses(self, host: str) -> bool:
        """Whether the host is on the list; counts it if so."""
        if self._ranges is None or not self._ranges.covers(host):
            return False
        self.refused += 1
        return True
