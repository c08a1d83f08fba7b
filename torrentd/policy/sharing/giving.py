"""Whom we owe most, and who is served last while others wait: a peer that has what we lack, takes, and gives nothing.

Slots alone do not hold it back. There are more of them than a small swarm needs, and of those who may ask, whoever asks
for the rarest piece is served next, wherever it came from. What nobody else waits for it may have: that costs nothing,
and it can finish. And each unchoke begins with a gift, as Cohen's optimistic unchoke means it, so that a newcomer has
something to give back, and a peer to which we are of no use yet finds out that we are.
"""

from __future__ import annotations

GIFT = 512 * 1024
"""Bytes that a peer gets with each unchoke before it is asked what it gave: some pieces of the usual sizes."""

HEAD_START = 0.25
"""What a peer lacks counts so many times what it gave: with nothing the last of a swarm of fast and slow links is done
later than need be, with all of it the fast wait for the slow."""

LONGEST_START = 16 * 1024 * 1024
"""Bytes that it counts at most, however large the torrent is: who pretends to have nothing gains no more from one
connection."""

SHARE = 64
"""Who gave less than one in so many bytes of what it took gives nothing: a slow link would give more."""


def only_takes(gave: int, took: int, took_since_unchoked: int) -> bool:
    """Whether the peer, which has something that we want, may wait. Bytes."""
    return took_since_unchoked >= GIFT and gave * SHARE < took


def owed(gave: int, took: int, lacks: float, size: int) -> float:
    """What the peer, which lacks that share of a torrent of `size` bytes, is owed in bytes: who is owed most is served
    first."""
    return gave - took + lacks * min(HEAD_START * size, LONGEST_START)
