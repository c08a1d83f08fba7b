"""How many peers a leech lets ask at a time.

Each slot is to be worth having: what is asked of a slow link by many waits there for seconds, while others could send
it. And all of them together are to fill the link: where they are worth more than that, there are more of them, and
where peers take less than that, no more than configured. Until it shows what the link sends there are as many as we
have pieces, but twice the configured number at least, since each new connection is slow at first.
"""

from __future__ import annotations

from math import ceil

WORTH = 25_000
"""Bytes per second that a slot is worth: a piece of 256 KiB takes a choking round."""

LEAST = 0.75
"""Times the configured slots, for a slow link on which some wait for others already. With half of eight nobody would
wait, and there would be eight again at the next round."""

MOST = 6
"""Times the configured slots, for a fast link: 48 by default, nearly all the peers that a torrent usually has."""

YOUNG = 2
"""Times the configured slots, when it is not known yet what the link sends."""

KNOWN = 16
"""Pieces that we have until what our link sends is known, unless there was a choking round before."""


def for_leech(configured: int, pieces: int, rate: float, known: bool, busy: bool) -> int:
    """The slots when we have `pieces` and send `rate` bytes per second; whether our link is `known`, and whether some
    wait for others (`busy`). If nobody does, it is not our link that is slow."""
    if pieces < KNOWN and not known:
        return max(configured * YOUNG, min(configured * MOST, pieces))
    least = ceil(configured * LEAST) if busy else configured
    return max(least, min(configured * MOST, pieces, int(rate / WORTH)))
