"""A node that we know, and what we think of it (BEP 5): good, questionable or bad."""

from __future__ import annotations

from torrentd.dht.ids import fits, number
from torrentd.model.address import Address

FRESH = 900.0
"""Seconds after which a node that was not heard of is questionable."""

FAILURES = 2
"""Queries in a row without an answer that make a node bad."""

LOST = 8
"""Queries in a row without an answer after which it is forgotten even if nobody can take its place. More than FAILURES:
when our own line is down, the table is to survive for a while."""

NEVER = float("-inf")


class Contact:
    """One node. Times are monotonic seconds."""

    __slots__ = ("address", "answered_at", "asked_us_at", "failures", "id", "number", "tried_at", "verified")

    def __init__(self, id: bytes, address: Address) -> None:
        self.id = id
        self.number = number(id)
        self.address = address
        self.verified = fits(id, address.host)
        """its id fits its address (BEP 42)"""
        self.answered_at = NEVER
        self.asked_us_at = NEVER
        self.tried_at = NEVER
        """when it was last asked whether it is still there"""
        self.failures = 0

    def is_good(self, now: float) -> bool:
        """It answered within FRESH seconds, or answered once and asked us something within them."""
        if self.failures >= FAILURES or self.answered_at == NEVER:
            return False
        return now - self.heard_at < FRESH

    @property
    def is_bad(self) -> bool:
        """It does not answer."""
        return self.failures >= FAILURES

    @property
    def heard_at(self) -> float:
        """When it last said something."""
        return max(self.answered_at, self.asked_us_at)
