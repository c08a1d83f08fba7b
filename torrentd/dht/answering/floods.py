"""Who sends too much is not listened to for a while.

Counted is what nobody asked for: queries, and answers to nothing. The key is the host, for IPv6 its /64: whoever has
one address there has all of them. On loopback it is the port, too: there whole networks share an address.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

from torrentd.dht.ids import packed, reach
from torrentd.model.address import Address, Scope

T = TypeVar("T")

MESSAGES = 50
"""Messages that a host may send in PERIOD."""

PERIOD = 10.0
IGNORED_FOR = 300.0
"""Seconds."""

HOSTS = 2000
"""Hosts that are counted at a time; beyond it the one heard of least lately is forgotten."""


class Floods:
    """Counts messages per host."""

    def __init__(self) -> None:
        self._counts: OrderedDict[bytes, tuple[int, float]] = OrderedDict()  # messages, and the end of their period
        self._ignored: OrderedDict[bytes, float] = OrderedDict()
        self.dropped = 0
        """messages that were not listened to"""

    def ignores(self, source: Address, now: float) -> bool:
        """Whether the source is not listened to; then this message was dropped."""
        if not self._ignored:
            return False
        key = owner(source)
        until = self._ignored.get(key)
        if until is None:
            return False
        if now < until:
            self.dropped += 1
            return True
        del self._ignored[key]
        return False

    def accept(self, source: Address, now: float) -> bool:
        """One more message that nobody asked for, of a source that is not ignored; whether to listen to it."""
        key = owner(source)
        count, ends = self._counts.pop(key, (0, 0.0))
        if now >= ends:
            count, ends = 0, now + PERIOD
        if count >= MESSAGES:
            self._remember(self._ignored, key, now + IGNORED_FOR)
            self.dropped += 1
            return False
        self._remember(self._counts, key, (count + 1, ends))
        return True

    @staticmethod
    def _remember(table: OrderedDict[bytes, T], key: bytes, value: T) -> None:
        table[key] = value
        if len(table) > HOSTS:
            table.popitem(last=False)


def owner(source: Address) -> bytes:
    """What belongs to one owner: an IPv4 address, a /64 of IPv6, or a port on loopback."""
    host = packed(source.host)
    return host[:8] if reach(source.host) != Scope.LOOPBACK else host + source.port.to_bytes(2, "big")
