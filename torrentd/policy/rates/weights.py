"""What the priority of a torrent is worth against that of others: a share of what all of them want."""

from __future__ import annotations

from typing import Final, Literal

TorrentPriority = Literal["low", "normal", "high"]
"""The priority of a torrent, as callers name it."""

WEIGHTS: Final[dict[TorrentPriority, float]] = {"low": 0.5, "normal": 1.0, "high": 2.0}
"""Of a rate limit that both could use up, high gets four times as much as low. More would be starving."""


def slots(usual: int, weight: float) -> int:
    """Upload slots of a torrent that would have so many with a normal priority; at least one."""
    return max(1, round(usual * weight))
