"""When a peer is dialled again that we left because neither side wanted anything.

It is, even if nothing is missing here: nobody else may have what it wants one day, and if we cannot be reached from
outside, it cannot come to us. It has five minutes at first, then twice as long each time it still wants nothing. Seeds
rarely want anything again; where there are enough of them, the others wait until something is missing here.

Rejected: to stay connected as long as there are places. A torrent that everybody has would never sleep.
"""

from __future__ import annotations

from torrentd.model.address import Address
from torrentd.policy.peers.order import MOST_DOUBLINGS, NEVER, Candidate

FIRST = 300.0
"""Seconds until a peer that was left is dialled again for the first time."""

LONGEST = 3600.0
"""Seconds between two such attempts in the end, if the peer has a part of the torrent only,"""

LONGEST_OF_SEEDS = 86400.0
"""and if it has everything."""

ENOUGH_SEEDS = 10
"""Seeds that are looked for again: whoever wants something from now on finds one of these."""


class Partings:
    """Candidates that were left and neither dialled nor connected since."""

    def __init__(self) -> None:
        self._left: dict[Address, tuple[Candidate, bool]] = {}
        """and whether it is a seed that is looked for"""
        self._seeds = 0
        """how many of these"""

    def leave(self, candidate: Candidate, now: float, seed: bool) -> None:
        """It is about to be released as of no use; `seed`: it has everything."""
        self.end(candidate)
        longest = LONGEST_OF_SEEDS if seed else LONGEST
        wait = min(longest, FIRST * 2.0 ** min(candidate.partings, MOST_DOUBLINGS))
        waits_for_us = seed and self._seeds >= ENOUGH_SEEDS
        candidate.not_before = NEVER if waits_for_us else now + wait
        candidate.failures = candidate.partings  # failures before the connection say nothing any more
        candidate.partings += 1
        looked_for = seed and not waits_for_us
        self._left[candidate.address] = (candidate, looked_for)
        self._seeds += looked_for

    def end(self, candidate: Candidate) -> None:
        """It is dialled, connected, or forgotten."""
        if candidate.address in self._left:
            _, looked_for = self._left.pop(candidate.address)
            self._seeds -= looked_for

    def forgive(self, candidate: Candidate) -> None:
        """There is a reason to dial it soon, whatever it wanted before."""
        self.end(candidate)
        candidate.not_before = -NEVER
        candidate.failures = candidate.partings = 0

    def forgive_all(self) -> list[Candidate]:
        """Everybody; who they were."""
        candidates = [candidate for candidate, _ in self._left.values()]
        for candidate in candidates:
            self.forgive(candidate)
        return candidates
