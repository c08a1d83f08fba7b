"""Which pieces may be started, sorted by how rare they are, at a constant price per change.

Rarest first asks for the least available piece that a peer has. Sorting or scanning all pieces for that would make
the price of a `have` message grow with the torrent. So the pieces that may be started lie in buckets, one per
(priority, number of peers that have the piece), and every piece knows its place in its bucket: a `have` moves one
piece from one bucket to the next by swapping it with the last of the old one and appending it to the new one.

Inside a bucket the order is random: a new piece changes places with a random one. Otherwise all clients of a swarm
would fetch the same piece at the same time and have nothing to trade.

Seeds are one number: they have every piece, so they change no piece's rank.

Rejected: one array with boundaries (libtorrent's). It saves the small lists, but each move must shift an element
across every boundary in between, and the two priorities of a piece have to be folded into one number.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from torrentd.model.bitfield import Bitfield
from torrentd.model.layout import Priority

PRIORITIES = (Priority.HIGH, Priority.NORMAL, Priority.LOW)
"""in the order of picking"""

NOWHERE = -1


class Availability:
    """How many connected peers have each piece, and the *pool* of pieces that may be started."""

    __slots__ = ("_buckets", "_peers", "_place", "_priority", "_rng", "pool_size", "seeds")

    def __init__(self, piece_count: int, rng: random.Random) -> None:
        self._rng = rng
        self.seeds = 0
        self.pool_size = 0
        self._peers = [0] * piece_count
        self._place = [NOWHERE] * piece_count
        self._priority = bytearray(piece_count)
        self._buckets: dict[int, list[list[int]]] = {int(priority): [[]] for priority in PRIORITIES}

    def count(self, piece: int) -> int:
        """Connected peers that have the piece, seeds included."""
        return self._peers[piece] + self.seeds

    def counts(self) -> list[int]:
        """`count` of every piece."""
        return [peers + self.seeds for peers in self._peers]

    def __contains__(self, piece: int) -> bool:
        """Whether the piece is in the pool."""
        return self._place[piece] != NOWHERE

    # --- the pool

    def fill(self, pieces: list[int], priority: Priority) -> None:
        """Put many new pieces into the pool at once; the list is shuffled."""
        self._rng.shuffle(pieces)
        buckets = self._buckets[priority]
        for piece in pieces:
            peers = self._peers[piece]
            while len(buckets) <= peers:
                buckets.append([])
            self._priority[piece] = priority
            self._place[piece] = len(buckets[peers])
            buckets[peers].append(piece)
        self.pool_size += len(pieces)

    def add(self, piece: int, priority: Priority) -> None:
        """Put a piece into the pool, or move it there to another priority. SKIP is not a place in the pool."""
        self.remove(piece)
        self._priority[piece] = priority
        self._insert(piece)
        self.pool_size += 1

    def remove(self, piece: int) -> bool:
        """Take a piece out of the pool; whether it was there."""
        if self._place[piece] == NOWHERE:
            return False
        self._take_out(piece)
        self._place[piece] = NOWHERE
        self.pool_size -= 1
        return True

    # --- what peers have

    def gained(self, piece: int) -> None:
        """One more peer has the piece."""
        self._change(piece, 1)

    def lost(self, piece: int) -> None:
        """One peer less has the piece."""
        self._change(piece, -1)

    def joined(self, have: Bitfield) -> None:
        """A peer with these pieces came."""
        if have.has_all():
            self.seeds += 1
            return
        for piece in have:
            self._change(piece, 1)

    def left(self, have: Bitfield) -> None:
        """A peer with these pieces went."""
        if have.has_all():
            self.seeds -= 1
            return
        for piece in have:
            self._change(piece, -1)

    def became_seed(self) -> None:
        """A peer that was counted piece by piece, all of them, is one of the seeds from now on."""
        for piece in range(len(self._peers)):
            self._change(piece, -1)
        self.seeds += 1

    def ceased_to_seed(self) -> None:
        """One of the seeds is counted piece by piece from now on; it still has all of them."""
        self.seeds -= 1
        for piece in range(len(self._peers)):
            self._change(piece, 1)

    # --- looking

    def rarest(self, *, of_leech: bool = False) -> Iterator[list[int]]:
        """The pool in lists of pieces that are equally rare, to be read only: higher priorities first, rarer pieces
        first; without those that nobody has. `of_leech`: and without those that only seeds have, which are most of a
        young swarm's."""
        first = 0 if self.seeds and not of_leech else 1
        for priority in PRIORITIES:
            yield from filter(None, self._buckets[priority][first:])

    def only_seeds(self) -> int:
        """How many pieces of the pool no leech has."""
        return sum(len(buckets[0]) for buckets in self._buckets.values())

    def priority(self, piece: int) -> int:
        """The priority with which the piece is, or was last, in the pool."""
        return self._priority[piece]

    # --- buckets

    def _change(self, piece: int, step: int) -> None:
        if self._place[piece] == NOWHERE:
            self._peers[piece] += step
            return
        self._take_out(piece)
        self._peers[piece] += step
        self._insert(piece)

    def _insert(self, piece: int) -> None:
        buckets = self._buckets[self._priority[piece]]
        peers = self._peers[piece]
        while len(buckets) <= peers:
            buckets.append([])
        bucket = buckets[peers]
        last = len(bucket)
        bucket.append(piece)
        self._place[piece] = last
        if last:
            other = int(self._rng.random() * (last + 1))
            bucket[last], bucket[other] = bucket[other], piece
            self._place[bucket[last]] = last
            self._place[piece] = other

    def _take_out(self, piece: int) -> None:
        bucket = self._buckets[self._priority[piece]][self._peers[piece]]
        place = self._place[piece]
        last = bucket.pop()
        if last != piece:
            bucket[place] = last
            self._place[last] = place

    def check(self) -> None:
        """Assert that every piece is where it says it is (for tests)."""
        found = 0
        for priority, buckets in self._buckets.items():
            for peers, bucket in enumerate(buckets):
                for place, piece in enumerate(bucket):
                    assert (self._priority[piece], self._peers[piece], self._place[piece]) == (priority, peers, place)
                    found += 1
        assert found == self.pool_size == sum(place != NOWHERE for place in self._place)
        assert min(self._peers, default=0) >= 0 and self.seeds >= 0
