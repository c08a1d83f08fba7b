"""What a tracker says, whichever protocol carried it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct, field

from torrentd.model.address import Address


class Answer(Struct):
    """An accepted announce. Durations in seconds as the tracker gave them (the swarm clamps them); None: not said.

    `peers` hold IP literals only; `names` are (host name, port) pairs of a dictionary peer list, still to be resolved.
    """

    interval: float | None = None
    min_interval: float | None = None
    seeders: int | None = None
    leechers: int | None = None
    downloads: int | None = None
    peers: list[Address] = field(default_factory=list)
    names: list[tuple[str, int]] = field(default_factory=list)
    warning: str = ""
    """`warning message` as sent (decoded with replacement; escape before showing)"""
    tracker_id: bytes = b""
    external_ips: tuple[str, ...] = ()
    """BEP 24: our own address as the tracker sees it, as text, of each family in which it was asked and said so"""


def merged(answers: Sequence[Answer]) -> Answer:
    """The answers, at least one, that one tracker gave over several address families, as one: all peers, and the
    larger numbers."""
    first, *others = answers
    for other in others:
        known = set(first.peers)
        first.peers += [peer for peer in other.peers if peer not in known]
        first.names += [name for name in other.names if name not in first.names]
        first.interval = _larger(first.interval, other.interval)
        first.min_interval = _larger(first.min_interval, other.min_interval)
        first.seeders = _larger(first.seeders, other.seeders)
        first.leechers = _larger(first.leechers, other.leechers)
        first.downloads = _larger(first.downloads, other.downloads)
        first.warning = first.warning or other.warning
        first.tracker_id = first.tracker_id or other.tracker_id
        first.external_ips += other.external_ips
    return first


N = TypeVar("N", int, float)


def _larger(one: N | None, other: N | None) -> N | None:
    return max((number for number in (one, other) if number is not None), default=None)


class ScrapeAnswer(Struct):
    """One info hash's numbers (BEP 48); None: not said."""

    seeders: int | None = None
    leechers: int | None = None
    downloads: int | None = None
