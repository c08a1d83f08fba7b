"""One piece that is being fetched: what is missing, what was requested, who sent what.

In endgame a block may be requested of several peers. That is counted in layers: `requested` holds what at least one
peer was asked for, `layers[0]` what at least two were asked for, and so on. Adding carries upwards, removing takes
from the top; so nobody has to be searched for when a request is given back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from torrentd.model.ids import PeerKey
from torrentd.policy.picking.request_queue import RequestQueue


@dataclass(slots=True)
class Started:
    """A piece that is being fetched, or that is on its way to the disk when `missing` is 0."""

    piece: int
    missing: int
    requested: int = 0
    layers: list[int] = field(default_factory=list)
    contributors: dict[PeerKey, int] = field(default_factory=dict)
    """who sent which blocks"""
    owner: RequestQueue | None = None
    """the only one who may be asked for it, if there is one"""

    def open_to(self, queue: RequestQueue) -> bool:
        """Whether the peer with this queue may be asked for blocks of it."""
        return self.owner is None or self.owner is queue

    def free(self) -> int:
        """Blocks that nobody was asked for."""
        return self.missing & ~self.requested

    def ask(self, wanted: int) -> None:
        """One more peer was asked for these blocks."""
        again = self.requested & wanted
        self.requested |= wanted
        depth = 0
        while again:
            if depth == len(self.layers):
                self.layers.append(0)
            self.layers[depth], again = self.layers[depth] | again, self.layers[depth] & again
            depth += 1

    def give_back(self, asked: int) -> None:
        """One peer less was asked for these blocks."""
        for depth in range(len(self.layers) - 1, -1, -1):
            here = self.layers[depth] & asked
            self.layers[depth] ^= here
            asked ^= here
        self.requested &= ~asked

    def receive(self, taken: int) -> None:
        """These blocks are here; nobody counts as asked for them any more."""
        self.missing &= ~taken
        self.requested &= ~taken
        for depth, layer in enumerate(self.layers):
            self.layers[depth] = layer & ~taken

    def asked_of(self, peers: int) -> int:
        """Blocks that exactly so many peers (1 or more) were asked for."""
        counted = [self.requested, *self.layers, 0]
        return counted[peers - 1] & ~counted[peers] if peers < len(counted) else 0
