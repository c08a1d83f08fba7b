"""Who deserves an upload slot most: one order for a leech, one for a seed.

Both prefer those who hold a slot already when all else is equal: a slot that changes hands costs the time that TCP
needs to get up to rate.

A **leech** reciprocates (Cohen, "Incentives build robustness in BitTorrent"): the best uploaders to us come first. Who
gives nothing is not ranked, and a peer that snubs us (we asked, nothing came for a minute) is not either, however much
it gave before.

A **seed** gets nothing back, so it shares *time*: a holder keeps its slot for one turn, then goes behind everybody who
waits, and those who wait longest come first. A turn also ends early when a fast peer has taken a large quota, so that
a few fast peers cannot have most of the bytes. Ranking by upload rate was rejected: it starves slow peers, and one
liar with a fast link takes what a whole swarm could have passed on.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from msgspec import Struct

from torrentd.model.ids import PeerKey

TURN = 60.0
"""Seconds a seed's slot is held while others wait: long against TCP's slow start, short against a peer's patience."""

SHORTEST_TURN = 20.0
"""Seconds that even the fastest peer keeps a slot, two choking rounds."""

QUOTA = 64 * 1024 * 1024
"""Bytes after which a turn may end early."""


class Candidate(Struct):
    """What the choker must know about one connected peer."""

    peer: PeerKey
    interested: bool
    unchoked: bool
    """we do not choke it"""
    since: float
    """when we last choked or unchoked it; the time it connected if we never did"""
    connected_at: float
    rate: float = 0.0
    """bytes per second it gives us"""
    sent: int = 0
    """bytes we gave it since we unchoked it"""
    snubbed: bool = False


def by_reciprocation(candidates: Iterable[Candidate]) -> list[Candidate]:
    """A leech's uploaders, best first; the snubbing and the uninterested are left out."""
    eligible = [one for one in candidates if one.interested and one.rate > 0 and not one.snubbed]
    return sorted(eligible, key=lambda one: (-one.rate, not one.unchoked, one.since, one.peer))


def by_turn(candidates: Iterable[Candidate], now: float, rng: Random, turn: float) -> list[Candidate]:
    """Who is interested, best first: turns under way, who never had one, the longest wait, then turns that are over,
    newest first.

    Peers change over together, at a round, so ties are the rule. Luck decides them: with any fixed order the same peers
    would keep their slots for the extra round each time.
    """
    return sorted((c for c in candidates if c.interested), key=lambda c: (*_turn(c, now, turn), rng.random()))


def _turn(candidate: Candidate, now: float, turn: float) -> tuple[int, float]:
    if not candidate.unchoked:
        return (1 if candidate.since == candidate.connected_at else 2, candidate.since)
    if turn_over(candidate, now, turn):
        return (3, -candidate.since)
    return (0, candidate.since)


def turn_over(candidate: Candidate, now: float, turn: float) -> bool:
    """Whether a slot holder has had its share and gives way to who waits."""
    held = now - candidate.since
    return held >= turn or (held >= SHORTEST_TURN and candidate.sent >= QUOTA)
