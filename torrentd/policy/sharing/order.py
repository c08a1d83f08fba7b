"""What decides whom to serve next, and with what, among all that was asked for."""

from __future__ import annotations

from typing import Final, Protocol

from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerKey

BEGUN: Final = -1.0
"""The cost of going on with a piece: only whole ones can be passed on."""

COMMON: Final = 1e6
"""The cost of a piece that many have: from then on it counts who gets it, not what."""

HELD: Final = 1e9
"""The cost of a piece that others can send: served when there is nothing better to do."""


class Order(Protocol):
    """Costs, and what they follow from. The cheapest goes first."""

    @property
    def has_fresh(self) -> bool:
        """Whether a peer of which everything is `HELD` could ask for something cheaper."""

    def fresh(self, most: int) -> list[int]:
        """Up to so many pieces that a peer had better ask for; different ones at each call, as far as there are."""

    def over(self, now: float) -> bool:
        """Any order is as good from now on."""

    def cost(self, piece: int, peer: PeerKey) -> float:
        """What speaks against giving `piece` to `peer` next."""

    def is_copy(self, piece: int, peer: PeerKey) -> bool:
        """Whether what `peer` would get of the piece was given to others first, or they have it."""

    def give(self, piece: int, peer: PeerKey, others: int, now: float) -> None:
        """We serve a part of `piece` to `peer`, of which `others` may get it."""

    def joined(self, have: Bitfield) -> None:
        """A peer came with these pieces."""

    def told(self, piece: int, peer: PeerKey) -> None:
        """`peer` has the piece."""

    def gone(self, peer: PeerKey) -> None:
        """The peer left."""
