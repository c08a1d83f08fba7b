"""Which of equally rare pieces a leech asks a seed for, so that no two leeches ask for the same.

What two leeches fetch from the same seed is sent twice, though one could have it from the other. Nobody sees what
others have asked for, and with random choice it happens all the time: ten leeches with ten pieces on their way each
collide in every tenth piece at first, in all at last. But all know each other's peer ids. So each piece belongs to the
leech whose id fits it best (rendezvous hashing). Everybody begins with what fits better to it than to any other, and
comes last to what fits somebody else nearly as well; that is where those begin who have nothing of their own left.
Whoever does not know everybody, or other clients, collide as before; nothing has to be agreed upon.

And when little is left that only seeds have, everybody asks for a small part of it at a time.
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

AHEAD = 0.5
"""The part of its share of what only seeds have that a leech asks of one seed at a time: a quarter is no better."""


class Shares:
    """How pieces are shared with `rivals`, the ids of the other leeches."""

    __slots__ = ("_count", "_leads", "_own", "_rivals")

    def __init__(self, own: PeerId, rivals: Callable[[], Iterable[PeerId]]) -> None:
        self._own = own
        self._rivals = rivals
        self._count = 0
        self._leads: Sequence[int] | None = None
        """by which each class fits better to us than to anybody else; None: not known since somebody came or went"""

    def changed(self) -> None:
        """A leech came or went, or became a seed."""
        self._leads = None

    @property
    def contested(self) -> bool:
        """Whether anybody else asks seeds for the same."""
        if self._leads is None:
            self._leads = self._compare()
        return self._count > 0

    def choose(self, pieces: Sequence[int]) -> int:
        """Which of these (at least one) is ours most of all; the first if nobody else asks for them."""
        leads = self._leads
        if leads is None:
            leads = self._leads = self._compare()
        if not self._count:
            return pieces[0]
        lead = [leads[piece % CLASSES] for piece in pieces]
        return pieces[lead.index(max(lead))]

    def most(self, rare: int) -> float:
        """How many pieces to ask of one seed at a time, when so many are left that only seeds have; infinity if nobody
        else asks it."""
        return max(1.0, rare * AHEAD / (1 + self._count)) if self.contested else inf

    def _compare(self) -> Sequence[int]:
        rivals = [_fits(peer_id) for peer_id in self._rivals()]
        self._count = len(rivals)
        best = map(max, zip(*rivals, strict=True)) if rivals else [0] * CLASSES
        return list(map(sub, _fits(self._own), best))


def _fits(peer_id: PeerId) -> tuple[int, ...]:
    """How well each class fits to a leech: as good as random, and the same wherever it is computed."""
    return unpack(f">{CLASSES}I", shake_128(peer_id).digest(4 * CLASSES))
