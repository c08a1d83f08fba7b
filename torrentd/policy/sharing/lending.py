"""What a leech passes on first: what only a few have, counting the copies that are on their way.

What is rare is what others cannot get elsewhere, and who gets it can pass it on in turn. With the order in which
pieces were asked for, a peer would send the same new piece to all, one copy after the other, while what it got last
waits.
"""

from __future__ import annotations

from collections.abc import Callable

from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerKey
from torrentd.policy.sharing.order import BEGUN, COMMON

MANY = 8
"""Copies from which on a piece is not rare any more."""


class Lending:
    """Implements `Order`. `count` tells how many peers have a piece."""

    __slots__ = ("_begun", "_count", "_lent")

    has_fresh = False

    def __init__(self, count: Callable[[int], int]) -> None:
        self._count = count
        self._begun: dict[PeerKey, set[int]] = {}
        """pieces that we began to give, and that the peer does not have yet"""
        self._lent: dict[int, int] = {}
        """piece to the number of peers that it is begun with"""

    def fresh(self, most: int) -> list[int]:
        return []

    def over(self, now: float) -> bool:
        return False

    def cost(self, piece: int, peer: PeerKey) -> float:
        if piece in self._begun.get(peer, ()):
            return BEGUN
        copies = self._count(piece) + self._lent.get(piece, 0)
        return COMMON if copies >= MANY else copies.bit_length()  # about as rare is as good

    def is_copy(self, piece: int, peer: PeerKey) -> bool:
        return False

    def give(self, piece: int, peer: PeerKey, others: int, now: float) -> None:
        begun = self._begun.setdefault(peer, set())
        if piece not in begun:
            begun.add(piece)
            self._lent[piece] = self._lent.get(piece, 0) + 1

    def joined(self, have: Bitfield) -> None:
        """`count` knows."""

    def told(self, piece: int, peer: PeerKey) -> None:
        begun = self._begun.get(peer)
        if begun and piece in begun:
            begun.discard(piece)
            self._returned(piece)

    def gone(self, peer: PeerKey) -> None:
        for piece in self._begun.pop(peer, ()):
            self._returned(piece)

    def _returned(self, piece: int) -> None:
        left = self._lent[piece] - 1
        if left:
            self._lent[piece] = left
        else:
            del self._lent[piece]
