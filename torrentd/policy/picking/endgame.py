"""The last blocks: when everything that is missing was requested, the idle ask for what the slow still owe.

Without it the last piece comes as slowly as the slowest peer that was asked for a part of it. The rules that keep the
waste small:

- only when no free block is left anywhere (`Requests.in_endgame`),
- only a peer that owes us nothing itself asks for blocks of others; who is fast enough to run dry deserves them,
- a few at a time, those first that the fewest peers were asked for,
- the moment one copy arrives the others are cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable

from torrentd.model.bitfield import Bitfield
from torrentd.policy.picking import blocks
from torrentd.policy.picking.started import Started

LAST = 3
"""Blocks that are asked for twice at the end. While more are missing, idle peers take over what waits, at no cost. What
silent peers owe comes on top of it: some never send anything, and as many as they are, they must not hold up the end.
"""

BATCH = 16
"""Blocks an idle peer takes over at once: a quarter of a MiB, gone in a moment if it is fast, little lost if not."""

ASKERS = 2
"""Peers that may be asked for the same block. If both are slow, a third takes over (`swarm.downloading.takeover`)."""


def choose(started: Iterable[Started], have: Bitfield, room: int) -> list[tuple[Started, int]]:
    """Up to `room` requested blocks of pieces in `have`, for a peer that was asked for none of them."""
    pieces = [piece for piece in started if piece.piece in have]
    chosen: list[tuple[Started, int]] = []
    for peers in range(1, ASKERS):
        for piece in pieces:
            again = blocks.lowest(piece.asked_of(peers), room)
            if again:
                room -= again.bit_count()
                chosen.append((piece, again))
    return chosen
