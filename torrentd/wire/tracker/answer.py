"""What a tracker says, whichever protocol carried it."""

from __future__ import annotations

from dataclasses import dataclass, field

from torrentd.model.address import Address


@dataclass(slots=True)
class Answer:
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
    external_ip: str = ""
    """BEP 24: our own address as the tracker sees it, as text; empty if not said"""


@dataclass(slots=True)
class ScrapeAnswer:
    """One info hash's numbers (BEP 48); None: not said."""

    seeders: int | None = None
    leechers: int | None = None
    downloads: int | None = None
