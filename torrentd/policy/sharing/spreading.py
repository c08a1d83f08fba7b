"""What an initial seed gives to whom, so that the swarm holds a whole copy soon and can live without it.

What a seed sends twice, while the swarm lacks other pieces, is lost: who has the piece could have sent it, and nobody
finishes before the last piece is out. And what it gives to a peer with a slow link is stuck there. A seed cannot
choose what is asked of it, but whom it serves next, and with which of the pieces that were asked for. So each of those
has a *cost*, and the cheapest goes first:

- what we began to give to this peer: it can pass on whole pieces only,
- *fresh* pieces, which nobody has: the backlog of the peer, that is how much of what it got from us first it has not
  passed on to all others. Who passes on quickly gets more, as in super-seeding (BEP 16), but without its lie about
  what the seed has,
- pieces that are stuck: given to a peer whose backlog is much longer than this one's, and not passed on yet,
- `HELD`, the rest: somebody else can send it. It is served when there is nothing better to do.

It is over when every piece was passed on, or when peers do not pass on what they get: then any order is as good.
"""

from __future__ import annotations

from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerKey
from torrentd.policy.sharing.order import BEGUN, HELD

STUCK = 2.0
"""Pieces of backlog more, at which a piece is stuck with its holder: the price of sending it again."""

TRIAL = 64
"""Pieces given before it is judged whether peers pass them on."""

PATIENCE = 1.0
"""Seconds that they have for it, at least."""

LOOKED_AT = 1000
"""Pieces that are looked at to find fresh ones."""

ENOUGH = 0.1
"""Copies for each given piece that peers must have made by then."""


class Spreading:
    """Which pieces went where. Implements `Order`."""

    __slots__ = ("_backlogs", "_began", "_begun", "_copies", "_given", "_next", "_others", "_out", "_passed_on")

    def __init__(self, piece_count: int) -> None:
        self._others = 1
        """how many may get from a peer what it was given"""
        self._given: dict[int, PeerKey] = {}
        """fresh pieces that we served: to whom first"""
        self._passed_on = Bitfield(piece_count)
        """pieces that somebody has who did not get them from us first"""
        self._out = Bitfield(piece_count)
        """both"""
        self._begun: dict[PeerKey, set[int]] = {}
        """all that we began to give to each"""
        self._backlogs: dict[PeerKey, float] = {}
        """what each was given first and has not passed on to all others, in pieces"""
        self._next = 0
        """where to look for fresh pieces"""
        self._copies = 0
        """made by peers of what we gave"""
        self._began = 0.0

    @property
    def has_fresh(self) -> bool:
        """Whether there is a piece that nobody has and nobody was given."""
        return not self._out.has_all()

    def fresh(self, most: int) -> list[int]:
        """Those that nobody has and nobody was given, as far as they are found quickly."""
        found: list[int] = []
        for _ in range(min(LOOKED_AT, self._out.size)):
            piece, self._next = self._next, (self._next + 1) % self._out.size
            if piece not in self._out:
                found.append(piece)
                if len(found) == most:
                    break
        return found

    def over(self, now: float) -> bool:
        """Every piece was passed on by somebody, or it is futile."""
        return self._passed_on.has_all() or self._futile(now)

    def _futile(self, now: float) -> bool:
        """Peers do not pass on what we give them: they do not know each other, or do not tell."""
        given = len(self._given)
        return given >= TRIAL and now >= self._began + PATIENCE and self._copies < ENOUGH * given

    def cost(self, piece: int, peer: PeerKey) -> float:
        if piece in self._begun.get(peer, ()):
            return BEGUN
        if piece in self._passed_on:
            return HELD
        backlog = self._backlogs.get(peer, 0.0)
        holder = self._given.get(piece)
        if holder is None:
            return backlog
        theirs = self._backlogs[holder]
        if theirs > backlog + STUCK or not self.has_fresh:
            return backlog + STUCK + 1 / (2 + max(0.0, theirs))
        return HELD

    def is_copy(self, piece: int, peer: PeerKey) -> bool:
        return piece in self._out and self._given.get(piece) != peer

    def give(self, piece: int, peer: PeerKey, others: int, now: float) -> None:
        self._begun.setdefault(peer, set()).add(piece)
        if self._out.add(piece):
            self._began = self._began if self._given else now
            self._given[piece] = peer
            self._backlogs[peer] = self._backlogs.get(peer, 0.0) + 1.0
            self._others = max(1, others)

    def joined(self, have: Bitfield) -> None:
        for piece in have:
            self._out.add(piece)
            self._passed_on.add(piece)

    def told(self, piece: int, peer: PeerKey) -> None:
        holder = self._given.get(piece)
        if holder == peer:
            return
        self._out.add(piece)
        self._passed_on.add(piece)
        if holder is not None:
            self._backlogs[holder] -= 1 / self._others
            self._copies += piece not in self._begun.get(peer, ())

    def gone(self, peer: PeerKey) -> None:
        """The peer left, and took along what it had not passed on."""
        self._begun.pop(peer, None)
        self._backlogs.pop(peer, None)
        for piece in [piece for piece, holder in self._given.items() if holder == peer]:
            del self._given[piece]
            if piece not in self._passed_on:
                self._out.discard(piece)
