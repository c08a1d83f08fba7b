"""Our address as other nodes see it (BEP 42, `ip`), by the majority of those asked lately.

One voice per network, so that one operator cannot make up an address for us (and with it the id that we would take).
"""

from __future__ import annotations

from collections import Counter, OrderedDict

from torrentd.dht.ids import packed, reach
from torrentd.model.address import Scope

VOTERS = 32
"""The latest voices that count."""

ENOUGH = 8
"""Voices for one address before it is believed; and more than half of all."""


class Votes:
    """Votes on the address of one family."""

    def __init__(self, v6: bool) -> None:
        self._v6 = v6
        self._votes: OrderedDict[bytes, str] = OrderedDict()

    def vote(self, voter: str, host: str) -> None:
        """`voter` says that we are at `host`. What is no global address of the family does not count."""
        if (":" in host) != self._v6 or reach(host) != Scope.GLOBAL or reach(voter) != Scope.GLOBAL:
            return
        key = _network(voter)
        self._votes.pop(key, None)
        self._votes[key] = host
        if len(self._votes) > VOTERS:
            self._votes.popitem(last=False)

    @property
    def winner(self) -> str:
        """The address that is believed; empty if none is."""
        if len(self._votes) < ENOUGH:
            return ""
        ((host, count),) = Counter(self._votes.values()).most_common(1)
        return host if count >= ENOUGH and 2 * count > len(self._votes) else ""


def _network(host: str) -> bytes:
    """What one operator has easily: a /16 of IPv4, a /32 of IPv6."""
    raw = packed(host)
    return raw[:2] if len(raw) == 4 else raw[:4]
