"""Which of equally rare pieces a leech asks a seed for, so that no two leeches ask for the same.

What two leeches fetch from the same seed is sent twice, though one could have it from the other. Nobody sees what
others have asked for, and with random choice it happens all the time: ten leeches with ten pieces on their way each
collide in every tenth piece at first, in all at last. But all know each other's peer ids. So each piece belongs to the
leech whose id fits it best (rendezvous hashing). Everybody begins with what fits better to it than to any other, and
comes last to what fits somebody else nearly as well; that is where those begin who have nothing of their own left.
Whoever does not know everybody, or other clients, collide as before; nothing has to be agreed upon.

A seed that sends in the order of asking sends everything twice that two ask for, and the shares are not equal. There
whoever has nothing of its own left helps the leech that has most left: those with little soon ask for all of it. And
when little is left that only seeds have, everybody asks for a small part of it at a time, and nobody helps any more
unless that takes long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import shake_128
from math import inf
from operator import sub
from struct import unpack

from torrentd.model.ids import PeerId

CLASSES = 1024
"""Pieces are told apart modulo this, so that nothing grows with the torrent."""

AHEAD = 0.25
"""The part of its share of what only seeds have that a leech asks of one seed at a time: with half of it, one block in
a hundred more came twice."""

LATER = 2
"""Who is helped is spared one in so many of the pieces that it has left: those that it comes to last."""

SOON = 1.0
"""Seconds in which others fetch their own last pieces sooner than with help: what is on its way to them nobody sees."""

LOOK = 1.0
"""Seconds over which it is measured how fast that goes, at least; some seeds send twice a second."""


class Shares:
    """How pieces are shared with `rivals`, the ids of the other leeches."""

    __slots__ = ("_before", "_known", "_leads", "_now", "_own", "_ranks", "_rivals")

    def __init__(self, own: PeerId, rivals: Callable[[], Iterable[PeerId]]) -> None:
        self._own = own
        self._rivals = rivals
        self._before = self._now = 0.0, 0
        """when how many pieces were left that only seeds have: a look ago or more, and since then"""
        self._known: list[PeerId] = []
        """the rivals when they were last compared; all that is remembered is of these"""
        self._leads: Sequence[int] | None = None
        """by which each class fits better to us than to anybody else; None: not known since somebody came or went"""
        self._ranks: Sequence[tuple[int, int, int]] | None = None
        """of each class: whom it fits best, by how much, and how well us; None: likewise, or nobody needed help yet"""

    def changed(self) -> None:
        """A leech came or went, became a seed, or told whether it only uploads."""
        self._leads = self._ranks = None

    @property
    def contested(self) -> bool:
        """Whether anybody else asks seeds for the same."""
        if self._leads is None:
            self._leads = self._compare()
        return bool(self._known)

    def choose(self, pieces: Sequence[int], in_order: bool = False, ahead: bool = True) -> int | None:
        """Which of these (at least one) to ask for: what is ours most of all; the first if nobody else asks for them.
        `in_order`: the seed sends in the order of asking. Then it is None if others should fetch them all, unless we
        may go `ahead`."""
        leads = self._leads
        if leads is None:
            leads = self._leads = self._compare()
        if not self._known:
            return pieces[0]
        lead = [leads[piece % CLASSES] for piece in pieces]
        most = max(lead)
        if in_order and most < 0:
            return self._help(pieces) if ahead else None
        return pieces[lead.index(most)]

    def _help(self, pieces: Sequence[int]) -> int:
        """Of what the leech with most of these comes to last, what fits us best."""
        ranks = self._ranks
        if ranks is None:
            ranks = self._ranks = self._rank()
        left: dict[int, list[tuple[int, int, int]]] = {}  # owner -> margins, fits, pieces
        for piece in pieces:
            owner, margin, ours = ranks[piece % CLASSES]
            left.setdefault(owner, []).append((margin, ours, piece))
        busiest = max(left.values(), key=len)
        last = sorted(busiest)[: -(-len(busiest) // LATER)]
        return max((ours, piece) for _, ours, piece in last)[1]

    def most(self, rare: int) -> float:
        """How many pieces to ask of one seed at a time, when so many are left that only seeds have; infinity if nobody
        else asks it."""
        return max(1.0, rare * AHEAD / (1 + len(self._known))) if self.contested else inf

    def look(self, rare: Callable[[], int], now: float) -> None:
        """See `Picker.look`; `rare()` pieces are left that only seeds have."""
        pause = now - self._now[0]
        if pause >= LOOK:
            left = rare()
            self._before = self._now if pause < 2 * LOOK else (now - LOOK, left)  # nothing changed for a look or more
            self._now = now, left

    def soon_over(self, rare: int, now: float) -> bool:
        """Whether leeches, we among them, will soon have or fetch all that only seeds have, which are `rare` pieces
        now, if it goes on like this."""
        self.look(lambda: rare, now)
        since, left = self._before
        return rare * (now - since) < SOON * (left - rare)

    def _compare(self) -> Sequence[int]:
        self._known = list(self._rivals())
        rivals = [_fits(peer_id) for peer_id in self._known]
        best = map(max, zip(*rivals, strict=True)) if rivals else [0] * CLASSES
        return list(map(sub, _fits(self._own), best))

    def _rank(self) -> Sequence[tuple[int, int, int]]:
        own = _fits(self._own)
        ranks = []
        for fits in zip(own, *map(_fits, self._known), strict=True):
            second, best = sorted(fits)[-2:]
            ranks.append((fits.index(best), best - second, fits[0]))
        return ranks


def _fits(peer_id: PeerId) -> tuple[int, ...]:
    """How well each class fits to a leech: as good as random, and the same wherever it is computed."""
    return unpack(f">{CLASSES}I", shake_128(peer_id).digest(4 * CLASSES))
