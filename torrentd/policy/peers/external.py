"""Our own addresses, as others see them.

Behind a NAT nobody can look up his own address; but every peer, tracker and DHT node that we talk to sees it, and some
tell (BEP 10's `yourip`, BEP 24, BEP 42). Any of them may be wrong or lie, so each has one vote, the last one it gave,
and the address with most votes counts, one of IPv4 and one of IPv6. Old voters make room for new ones, so that a new
address wins soon after it changed.
"""

from __future__ import annotations

from collections import Counter

from torrentd.model.address import Scope, scope
from torrentd.policy.peers.hosts import owner, plain_host

VOTERS = 40
"""Of each family: with more, a change of address is believed later; with fewer, a few liars decide."""


class ExternalAddresses:
    """The votes and their winners. `changes` counts how often a winner changed."""

    def __init__(self) -> None:
        self.changes = 0
        self._votes: dict[bool, dict[str, str]] = {False: {}, True: {}}
        """by family (IPv6): voter -> address, the oldest vote first"""
        self._winners = {False: "", True: ""}

    def vote(self, address: str, voter: str) -> None:
        """`voter`, an IP literal or a host's name, says that it sees us at `address`. What is no IP address, or
        reaches less far than the voter's own, is ignored: it does not see us there."""
        address = plain_host(address)
        reach = scope(address)
        if reach == Scope.INVALID or reach < scope(plain_host(voter)):
            return
        v6, voter = ":" in address, owner(voter)
        votes = self._votes[v6]
        votes.pop(voter, None)
        votes[voter] = address
        if len(votes) > VOTERS:
            del votes[next(iter(votes))]
        self._count(v6)

    def address(self, v6: bool) -> str:
        """Our address of one family; empty if nobody told."""
        return self._winners[v6]

    def addresses(self) -> list[str]:
        """All that are known, IPv4 first."""
        return [address for address in self._winners.values() if address]

    def _count(self, v6: bool) -> None:
        """The one with most votes; of equals the present one, then the one that was told first."""
        counts = Counter(self._votes[v6].values())
        present = self._winners[v6]
        winner = max(counts, key=lambda address: (counts[address], address == present))
        if winner != present:
            self._winners[v6] = winner
            self.changes += 1
