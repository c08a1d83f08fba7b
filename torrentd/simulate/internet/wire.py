"""What the two directions of a TCP connection share, and the books that are kept of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(slots=True)
class Ledger:
    """Bytes of all connections of the world: what was sent was received, was dropped, or is still under way."""

    sent: int = 0
    """given to transports"""
    received: int = 0
    """given to protocols"""
    dropped: int = 0
    """of connections that ended before their bytes had arrived or were read"""

    @property
    def under_way(self) -> int:
        return self.sent - self.received - self.dropped


@dataclass(slots=True, eq=False)
class Wire:
    """The path of one connection."""

    latency: float
    """seconds one way"""
    loss: float
    """share of packets that are lost"""
    rng: Random
    ledger: Ledger
    cut: bool = False
    """nothing passes, and nobody is told"""
    forgotten: bool = False
    """cut for ever"""

    def loses_packet(self) -> bool:
        """By luck, unless the path is good."""
        return bool(self.loss) and self.rng.random() < self.loss
