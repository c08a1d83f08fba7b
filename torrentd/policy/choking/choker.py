"""Which peers may ask us for blocks.

`choose` is the choking round, every 10 seconds: it names everybody who is to be unchoked; all others are choked.
`fill` runs between rounds, when interest changes or a slot holder leaves: it names who takes the free slots *now* and
never chokes anybody. A peer that becomes interested while a slot is free does not wait for the next round: that wait
is most of the start-up latency of a small swarm.

A slot counts as used by a peer that is unchoked *and* interested. A leech keeps one of its slots for the optimistic
unchoke: a peer chosen by luck for 30 seconds, new ones three times as likely, so that a newcomer gets its first pieces
and better partners are found. A seed has no use for it: its rotation reaches everybody.

The answers are ordered, best first, and depend on nothing but the arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from torrentd.model.ids import PeerKey
from torrentd.policy.choking.ranking import Candidate, by_reciprocation, by_turn

SLOTS = 8
"""Upload slots of a torrent unless configured: enough to fill a link, few enough that each is worth having."""

ROUND = 10.0
"""Seconds between choking rounds, the spec's: shorter ones make peers change over before TCP is up to rate."""

OPTIMISTIC_PERIOD = 30.0
"""Seconds an optimistic unchoke lasts, the spec's: time for a newcomer to finish a piece and to give back."""

NEW_PEER = 60.0
"""Seconds a connection counts as new."""

NEW_PEER_WEIGHT = 3
"""How much likelier a new peer is to be unchoked optimistically, the spec's."""


@dataclass(slots=True)
class Choking:
    """What a torrent's choker remembers between rounds."""

    optimistic: PeerKey | None = None
    optimistic_until: float = 0.0


def choose(
    candidates: Sequence[Candidate], state: Choking, slots: int, seeding: bool, now: float, rng: Random
) -> list[PeerKey]:
    """The peers to be unchoked from this round on, at most `slots`; every other peer is to be choked."""
    if seeding or slots < 2:
        state.optimistic = None
        ranked = by_turn(candidates, now, rng) if seeding else by_reciprocation(candidates)
        return [candidate.peer for candidate in ranked[: max(0, slots)]]
    chosen = [candidate.peer for candidate in by_reciprocation(candidates)[: slots - 1]]
    optimistic = _optimistic(candidates, chosen, state, now, rng)
    return chosen if optimistic is None else [*chosen, optimistic]


def fill(
    candidates: Sequence[Candidate], state: Choking, slots: int, seeding: bool, now: float, rng: Random
) -> list[PeerKey]:
    """The peers to be unchoked at once because slots are free; nobody is choked."""
    free = slots - sum(1 for candidate in candidates if candidate.interested and candidate.unchoked)
    if free <= 0:
        return []
    ranked = by_turn(candidates, now, rng) if seeding else by_reciprocation(candidates)
    taken = [candidate.peer for candidate in ranked if not candidate.unchoked][:free]
    if seeding or len(taken) == free or slots < 2 or _holds(candidates, state.optimistic):
        return taken
    held = [candidate.peer for candidate in candidates if candidate.unchoked]
    optimistic = _optimistic(candidates, [*held, *taken], state, now, rng)
    return taken if optimistic is None else [*taken, optimistic]


def _holds(candidates: Sequence[Candidate], peer: PeerKey | None) -> bool:
    """Whether the peer uses a slot."""
    return any(candidate.peer == peer and candidate.interested and candidate.unchoked for candidate in candidates)


def _optimistic(
    candidates: Sequence[Candidate], chosen: list[PeerKey], state: Choking, now: float, rng: Random
) -> PeerKey | None:
    """The optimistic unchoke beside `chosen`: the current one until its time is over, then another by luck."""
    taken = frozenset(chosen)
    eligible = [candidate for candidate in candidates if candidate.interested and candidate.peer not in taken]
    if now < state.optimistic_until and any(candidate.peer == state.optimistic for candidate in eligible):
        return state.optimistic
    others = [candidate for candidate in eligible if candidate.peer != state.optimistic] or eligible
    state.optimistic = _draw(others, now, rng)
    state.optimistic_until = now + OPTIMISTIC_PERIOD
    return state.optimistic


def _draw(eligible: list[Candidate], now: float, rng: Random) -> PeerKey | None:
    if not eligible:
        return None
    weights = [NEW_PEER_WEIGHT if now - candidate.connected_at < NEW_PEER else 1 for candidate in eligible]
    return rng.choices([candidate.peer for candidate in eligible], weights)[0]
