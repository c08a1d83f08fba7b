"""What a tracker knows and answers, whichever protocol it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from torrentd.model.address import Address

INTERVAL = 1800
"""Seconds between announces, as most trackers ask for."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a client told, at `time`. Bytes; `event` as of BEP 3."""

    time: float
    address: Address
    info_hash: bytes
    peer_id: bytes
    event: str
    uploaded: int
    downloaded: int
    left: int
    numwant: int


class Registry:
    """The swarms of one tracker. `interval` is what clients are told."""

    def __init__(self, rng: Random, interval: int = INTERVAL) -> None:
        self.interval = interval
        self.failure = ""
        """a failure reason that everybody gets, if there is one"""
        self.log: list[Announcement] = []
        self._rng = rng
        self._swarms: dict[bytes, dict[Address, int]] = {}
        """info hash -> peer -> bytes left"""

    def announce(self, told: Announcement) -> list[Address]:
        """Take note; up to `numwant` other peers, by luck. A seed is not told of seeds."""
        self.log.append(told)
        swarm = self._swarms.setdefault(told.info_hash, {})
        swarm.pop(told.address, None)
        if told.event == "stopped":
            return []
        others = [address for address, left in swarm.items() if left or told.left]
        self.enter(told.info_hash, told.address, told.left)
        return self._rng.sample(others, min(told.numwant, len(others)))

    def enter(self, info_hash: bytes, address: Address, left: int) -> None:
        """A peer is in the swarm; `left`: bytes that it lacks."""
        self._swarms.setdefault(info_hash, {})[address] = left

    def numbers(self, info_hash: bytes) -> tuple[int, int]:
        """(seeders, leechers)."""
        left = list(self._swarms.get(info_hash, {}).values())
        return left.count(0), len(left) - left.count(0)
