"""Which piece to start next with a peer.

Rarest first, except that

- higher priorities go before lower ones,
- the first pieces are taken at random: a rare piece comes from few peers, slowly, and a newcomer has nothing to trade
  before it owns a piece (Cohen 2003),
- of equally rare pieces one that the peer suggests (BEP 6) is taken, since it may cost it less; but what only seeds
  have is shared out by other means (`shares`), which a seed's suggestions to all of us would defeat,
- in sequential mode the order is that of the bytes, and a peer that has none of the next pieces is asked for a later
  one only if nobody who sends has them: what it sends would take the place of what is needed first.

Finding the rarest piece *that this peer has* is a walk over the pool in order of rarity. For a seed or an average
leech the walk ends at once. For a peer with few pieces it could be as long as the torrent; it is cut off after
`PATIENCE` steps, and parts of the pool are intersected with the peer's as integers, some hundred times faster for each
piece. Both begin at a random place: at a fixed one would gather what those who ask most do not have, and every walk
would have to pass it.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import islice

from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerId
from torrentd.model.layout import Priority
from torrentd.policy.picking.availability import PRIORITIES, Availability
from torrentd.policy.picking.piece_sets import some_common
from torrentd.policy.picking.shares import Shares

RANDOM_FIRST = 4
"""Pieces picked at random before rarity decides: enough to trade with (libtorrent's initial_picker_threshold)."""

PATIENCE = 100
"""Steps of a walk before it gives way to the intersection, which costs about as much."""

SAMPLE = 16
"""Pieces of an intersection among which the rarest is taken; more would make the pick dearer than the gain."""


AHEAD = 4
"""Sequential: the next pieces are so many that somebody has, from the first one not begun. As peers begin them the
window moves on, so that it need not be larger with more peers; with 16 a tenth of the pieces came twice as far from
their place, and no sooner."""


class Picker:
    """The pool of pieces that are wanted and not started, and the choice among them."""

    __slots__ = ("_cursor", "_pools", "_random_left", "_rng", "availability", "generation", "sequential", "shares")

    def __init__(
        self,
        piece_count: int,
        rng: random.Random,
        *,
        verified: int = 0,
        sequential: bool = False,
        shares: Shares | None = None,
    ) -> None:
        self.availability = Availability(piece_count, rng)
        self.sequential = sequential
        self.shares = shares or Shares(PeerId(b""), list)
        self.generation = 0
        """counts additions to the pool: whoever found nothing need not look again before it changes"""
        self._rng = rng
        self._random_left = max(0, RANDOM_FIRST - verified)
        self._cursor = 0
        """sequential: no piece of the pool is before it"""
        self._pools = {int(priority): Bitfield(piece_count) for priority in PRIORITIES}

    def fill(self, priorities: bytes, pieces: Bitfield) -> None:
        """Begin: these pieces may be started, with the priority that `priorities` has for each."""
        for priority in PRIORITIES:
            chosen = [piece for piece in pieces if priorities[piece] == priority]
            self._pools[priority] = Bitfield(pieces.size, chosen)
            self.availability.fill(chosen, priority)

    def __len__(self) -> int:
        return self.availability.pool_size

    def __contains__(self, piece: int) -> bool:
        return piece in self.availability

    def add(self, piece: int, priority: Priority) -> None:
        """This piece may be started; SKIP takes it out of the pool."""
        self.remove(piece)
        if priority == Priority.SKIP:
            return
        self.availability.add(piece, priority)
        self._pools[priority].add(piece)
        self._cursor = min(self._cursor, piece)
        self.generation += 1

    def remove(self, piece: int) -> None:
        """This piece is started, verified or not wanted; nothing happens if it is not in the pool."""
        if self.availability.remove(piece):
            self._pools[self.availability.priority(piece)].discard(piece)
            if self.sequential:
                self.generation += 1  # others are the next now

    def order(self, sequential: bool) -> None:
        """In the order of the bytes from now on, or not; whoever found nothing may look again."""
        self.sequential = sequential
        self.generation += 1

    def look(self, now: float) -> None:
        """To be called before a leech gets, or we begin, what only seeds have: how fast they do is measured."""
        self.shares.look(self.availability.only_seeds, now)

    def obtainable(self) -> bool:
        """Whether the pool has a piece that some connected peer has."""
        return any(self.availability.rarest())

    def next(
        self, have: Bitfield, ahead: bool = True, suggested: Collection[int] = (), in_order: bool = False
    ) -> int | None:
        """The piece to start with a peer that has `have` and suggests some; it leaves the pool. None if the peer has
        none of it, or none whose turn it is, unless it may go `ahead`: the next in sequential mode, else our share of
        what a seed has that sends `in_order` (see `Shares.choose`)."""
        if not self.availability.pool_size:
            return None
        if self.sequential:
            piece = self._in_order(have, ahead)
        elif self._random_left and (random_one := self._at_random(have)) is not None:
            self._random_left -= 1
            piece = random_one
        else:
            piece = self._rarest(have, in_order, ahead)
            if piece is not None and suggested:
                piece = self._suggested(suggested, have, piece)
        if piece is not None:
            self.remove(piece)
        return piece

    def next_pieces(self) -> list[int]:
        """Sequential: those that are needed next, of the highest priority, as far as somebody has them."""
        if not self.availability.pool_size:
            return []
        self._advance()
        pool = next(self._pools[priority] for priority in PRIORITIES if self._pools[priority].count)
        near = range(self._cursor, min(self._cursor + PATIENCE, pool.size))
        return list(islice((piece for piece in near if piece in pool and self.availability.count(piece)), AHEAD))

    # --- the three orders

    def _at_random(self, have: Bitfield) -> int | None:
        """A random piece of the highest priority. None when luck does not find one soon: then rarity decides."""
        pool = self._pools[next(priority for priority in PRIORITIES if self._pools[priority].count)]
        for _ in range(SAMPLE):
            piece = int(self._rng.random() * have.size)
            if piece in pool and piece in have:
                return piece
        return None

    def _rarest(self, have: Bitfield, in_order: bool, ahead: bool) -> int | None:
        steps = PATIENCE
        of_seed = have.has_all()
        for bucket in self.availability.rarest(of_leech=not of_seed):
            start = int(self._rng.random() * max(1, len(bucket) - steps))
            window = bucket[start : start + steps]
            piece = self.shares.choose(window, in_order, ahead) if of_seed else have.first_of(window)
            if piece is not None:
                return piece
            steps -= len(bucket)
            if steps <= 0:
                break
        return None if of_seed else self._rarest_of_few(have)  # which may be what a seed allows, and no leech has

    def _rarest_of_few(self, have: Bitfield) -> int | None:
        start = int(self._rng.random() * have.size)
        for priority in PRIORITIES:
            pool = self._pools[priority]
            found = some_common(have, pool, SAMPLE, start) if pool.count else None
            if found:
                return min(found, key=self.availability.count)
        return None

    def _suggested(self, suggested: Collection[int], have: Bitfield, rarest: int) -> int:
        """The first suggested piece that is as good as `rarest`, which is the choice without them."""
        if have.has_all() and self.shares.contested:
            return rarest
        count, priority = self.availability.count, self.availability.priority
        as_good = (
            piece
            for piece in suggested
            if piece in self and piece in have and priority(piece) == priority(rarest) and count(piece) <= count(rarest)
        )
        return next(as_good, rarest)

    def _in_order(self, have: Bitfield, ahead: bool) -> int | None:
        self._advance()
        for priority in PRIORITIES:
            pool = self._pools[priority]
            if pool.count:
                piece, over = self._near_cursor(pool, have)
                if piece is not None:
                    return piece
                found = some_common(have, pool, 1) if ahead or not over else None
                if found:
                    return found[0]
        return None

    def _near_cursor(self, pool: Bitfield, have: Bitfield) -> tuple[int | None, bool]:
        """The first of the next pieces of the pool that the peer has; and whether all of those were seen."""
        left = AHEAD
        for piece in range(self._cursor, min(self._cursor + PATIENCE, pool.size)):
            if piece in pool:
                if piece in have:
                    return piece, True
                left -= self.availability.count(piece) > 0
                if not left:
                    return None, True
        return None, False

    def _advance(self) -> None:
        """Move the cursor to the first piece of the pool; each piece is passed once, unless it comes back."""
        availability = self.availability
        while self._cursor not in availability:
            self._cursor += 1

    def check(self) -> None:
        """Assert that pools and buckets agree (for tests)."""
        self.availability.check()
        assert sum(pool.count for pool in self._pools.values()) == len(self)
        for priority, pool in self._pools.items():
            for piece in pool:
                assert piece in self.availability and self.availability.priority(piece) == priority
                assert piece >= self._cursor
