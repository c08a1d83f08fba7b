"""Which peers may ask us for blocks.

`choose` is the choking round, every 10 seconds: it names everybody who is to be unchoked; all others are choked.
`fill` runs between rounds, when interest changes or a slot holder leaves: it names who takes the free slots *now* and
never chokes anybody. A peer that becomes interested while a slot is free does not wait for the next round: that wait
is most of the start-up latency of a small swarm.

A slot counts as used by a peer that is unchoked *and* interested. A leech keeps at least one of its slots for
optimistic unchokes, and gives that way all that its uploaders leave free: each lasts 30 seconds, then comes who has
waited longest, those first who never had a turn, so that a newcomer gets its first pieces and better partners are
found. A seed has no uploaders: all its slots go round like that, with longer turns.

The answers are ordered, best first, and depend on nothing but the arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from torrentd.model.ids import PeerKey
from torrentd.policy.choking.ranking import TURN, Candidate, by_reciprocation, by_turn

SLOTS = 8
"""Upload slots of a torrent unless configured: enough to fill a link, few enough that each is worth having."""

ROUND = 10.0
"""Seconds between choking rounds, the spec's: shorter ones make peers change over before TCP is up to rate."""

OPTIMISTIC_PERIOD = 30.0
"""Seconds an optimistic unchoke lasts, the spec's: time for a newcomer to finish a piece and to give back."""


def choose(candidates: Sequence[Candidate], slots: int, seeding: bool, now: float, rng: Random) -> list[PeerKey]:
    """The peers to be unchoked from this round on, at most `slots`; every other peer is to be choked."""
    return [candidate.peer for candidate in _ranked(candidates, slots, seeding, now, rng)[: max(0, slots)]]


def fill(candidates: Sequence[Candidate], slots: int, seeding: bool, now: float, rng: Random) -> list[PeerKey]:
    """The peers to be unchoked at once because slots are free; nobody is choked."""
    free = slots - sum(1 for candidate in candidates if candidate.interested and candidate.unchoked)
    if free <= 0:
        return []
    ranked = _ranked(candidates, slots, seeding, now, rng)
    return [candidate.peer for candidate in ranked if not candidate.unchoked][:free]


def _ranked(candidates: Sequence[Candidate], slots: int, seeding: bool, now: float, rng: Random) -> list[Candidate]:
    """All who are interested, best first."""
    if seeding:
        return by_turn(candidates, now, rng, TURN)
    regular = by_reciprocation(candidates)[: max(1, slots - 1)]
    earned = frozenset(candidate.peer for candidate in regular)
    others = by_turn([one for one in candidates if one.peer not in earned], now, rng, OPTIMISTIC_PERIOD)
    return regular + others
