"""Caps on bytes per second: a token bucket per cap, and chains that ask a torrent's and the daemon's bucket together.

Who wants to move bytes asks `take(wanted, now)`. It grants all, a part, or 0; a part is never smaller than `least`
(or all of `wanted`), so that a grant is always good for whole blocks. After 0, `ready_at(now)` says when to ask again.

A bucket that several takers share is fair: a taker that was refused stands in line, and while a line exists everybody
is served a turn at a time, and only from what a turn for each of those ahead would leave. Without the line the first of
two torrents whose timers fire together would take everything, every time. Where in the line depends on what the taker
had while others waited, divided by its weight (start-time fair queueing), so that of two who always want more each gets
in proportion to its weight. A place in line is promised for a time and lost shortly after it, or when the taker leaves,
so that a torrent that was paused holds nobody up. Debts ("grant now, wait afterwards") were rejected: many takers at
once could run up any debt. Only what cannot wait is owed: the protocol's own messages, up to a burst.

A block moves as a whole, and at a low rate it is more than may be saved up for. Then a bucket saves one block and a
little (two while it is contested), and `Chain.pace` says how fast each block should flow, so that a second sees no more
than at any other rate.

None means unlimited and costs a comparison. 0 means nothing at all.
"""

from __future__ import annotations

from collections.abc import Hashable

from torrentd.model.geometry import BLOCK

BURST = 0.2
"""Seconds of the rate that an unused bucket saves up, so that no second sees more than 1.2 times the rate."""

SMALLEST_BURST = BLOCK + 64
"""A block with its header: at any rate, however low, whole blocks must pass. Larger ones, which old clients ask for,
leave a debt."""

SLACK = 0.05
"""Seconds of a low rate that are saved up besides a block: who comes late for the next one loses nothing."""

PACED_BELOW = SMALLEST_BURST / (BURST - SLACK)
"""Bytes per second below which a block and SLACK are more than BURST."""

HURRY = 1.1
"""How much faster than the rate a block flows, so that it is over when the next one may begin."""

SLOWEST_PACE = 36 * 1024
"""Bytes per second, HURRY included: what must not wait cannot overtake a block that is on its way, so that none takes
longer than half a second. Limits below 32 KiB/s are kept over seconds, not within each."""

TURN = 0.02
"""Seconds of the rate for one turn while others wait: small against what a user notices, large against a timer."""

GRACE = 0.1
"""Seconds a promised place in line is kept. Below BURST: what a late taker leaves is saved for the next."""

MEMORY = 8
"""Turns for which a bucket counts as contested after several waited for it, or one of its takers for another bucket. It
remembers what takers had then, for who waits for his own limit comes back; and at a low rate it saves a block more, for
what comes while they wait elsewhere must not be lost."""

ROUNDING = 1.0
"""Bytes. Who asks at exactly the time that `ready_at` named is not refused for a rounding error."""

NEVER = float("inf")


class Bucket:
    """One cap. `rate` in bytes per second, None for unlimited, 0 for nothing."""

    __slots__ = ("_contested", "_line", "_served", "_starts", "_tokens", "_updated", "rate")

    def __init__(self, rate: int | None = None) -> None:
        self.rate = rate
        self._contested = -NEVER  # the last time
        self._updated = 0.0
        self._tokens = self._capacity()
        self._line: dict[Hashable, float] = {}  # refused takers, first come first, and the time promised to each
        self._starts: dict[Hashable, float] = {}  # where each taker's next turn starts, in weighted bytes
        self._served = 0.0  # where the last turn started: nobody starts before it

    def set_rate(self, rate: int | None, now: float) -> None:
        """Change the cap. Promises made before are void: whoever waits should ask again now."""
        self._refill(now)
        self._contested = -NEVER
        self.rate = rate
        self._tokens = min(self._tokens, self._capacity())
        self._line.clear()
        self._all_alike()

    def take(self, wanted: int, now: float, least: int = BLOCK) -> int:
        """Charge and return up to `wanted` bytes: at least `min(wanted, least)` of them, or 0."""
        granted = self.offer(wanted, now, least, None)
        self.charge(granted, None)
        return granted

    def offer(self, wanted: int, now: float, least: int, taker: Hashable) -> int:
        """What `take` would grant to `taker`, without charging it. Refused takers join the line."""
        if self.rate is None or wanted <= 0:
            return max(0, wanted)
        self._refill(now)
        self._drop_late(now)
        share = self._share(wanted, least, taker)
        free = self._tokens - self._ahead(taker) * self._turn()
        if not self.rate or free + ROUNDING < min(share, self._capacity()):
            self._stand_in_line(taker, now)
            return 0
        self._line.pop(taker, None)
        return int(share if self._line else max(share, min(wanted, free)))

    def charge(self, granted: int, taker: Hashable, weight: float = 1.0) -> None:
        """Take what `offer` granted."""
        if self.rate is None:
            return
        self._tokens -= granted
        if not self._line and not self._is_contested:
            self._all_alike()
        elif taker is not None:
            start = self._start(taker)
            self._served = max(self._served, start)
            self._starts[taker] = start + granted / weight

    def hold(self) -> None:
        """Who could be served here waits for another bucket."""
        self._contested = self._updated

    def owe(self, moved: int) -> None:
        """Bytes that moved without asking. What comes next waits for them, but never for more than a burst."""
        if self.rate is not None:
            self._tokens = max(self._tokens - moved, -self._capacity())

    def give_back(self, unused: int, taker: Hashable = None, weight: float = 1.0) -> None:
        """Bytes that were taken and did not move after all."""
        if self.rate is not None:
            self._tokens = min(self._tokens + unused, self._capacity())
        if taker in self._starts:
            self._starts[taker] -= unused / weight

    def ready_at(self, now: float, least: int = BLOCK, taker: Hashable = None) -> float:
        """When `least` bytes will be there for `taker`: `now` or later; infinity if never."""
        if self.rate is None:
            return now
        if self.rate <= 0:
            return NEVER
        self._refill(now)
        self._drop_late(now)
        ahead = self._ahead(taker)
        if ahead and self._line.get(taker, now) > now:
            return self._line[taker]
        needed = ahead * self._turn() + min(self._share(NEVER, least, taker), self._capacity())
        if not ahead or needed <= self._capacity():
            return self._when(needed, now)
        return self._line[next(iter(self._line))] + GRACE

    def forget(self, taker: Hashable) -> None:
        """The taker asks here no more: it holds nobody up."""
        self._line.pop(taker, None)
        self._starts.pop(taker, None)

    def _capacity(self) -> float:
        if not self.rate:
            return 0.0
        saved = 2 * SMALLEST_BURST if self._is_contested else SMALLEST_BURST
        return max(self.rate * BURST, saved + self.rate * SLACK)

    @property
    def _is_contested(self) -> bool:
        return self._updated < self._contested + MEMORY * self._turn() / (self.rate or 1)

    def _turn(self) -> float:
        return max(BLOCK, (self.rate or 0) * TURN)

    def _ahead(self, taker: Hashable) -> int:
        """How many stand in line before the taker, or would if it stood there."""
        if taker in self._line:
            return next(place for place, other in enumerate(self._line) if other == taker)
        start = self._start(taker)
        return next((place for place, other in enumerate(self._line) if self._start(other) > start), len(self._line))

    def _start(self, taker: Hashable) -> float:
        return max(self._served, self._starts.get(taker, 0.0))

    def _all_alike(self) -> None:
        """Nobody waits: what anybody had before does not matter any more."""
        self._starts.clear()
        self._served = 0.0

    def _share(self, wanted: float, least: int, taker: Hashable) -> float:
        """What must be there before the taker is served: a whole turn while others wait, so that turns are equal."""
        contested = len(self._line) > (taker in self._line)
        return min(wanted, max(least, self._turn()) if contested else least)

    def _refill(self, now: float) -> None:
        if self.rate and now > self._updated:
            self._tokens = min(self._tokens + (now - self._updated) * self.rate, self._capacity())
        self._updated = max(now, self._updated)

    def _drop_late(self, now: float) -> None:
        while self._line:
            first = next(iter(self._line))
            if now < self._line[first] + GRACE:
                return
            del self._line[first]

    def _stand_in_line(self, taker: Hashable, now: float) -> None:
        if not self.rate or taker is None or taker in self._line:
            return
        place = self._ahead(taker)
        behind = list(self._line.items())[place:]
        if self._line:
            self._contested = now
        self._line[taker] = self._when((place + 1) * self._turn(), now)
        for other, promised in behind:  # one turn later
            del self._line[other]
            self._line[other] = promised + self._turn() / self.rate

    def _when(self, needed: float, now: float) -> float:
        """When so many bytes will be there if nobody takes any."""
        assert self.rate
        if self._tokens + ROUNDING >= needed:
            return now
        return now + (needed - self._tokens) / self.rate


class Chain:
    """Several caps that hold together, narrowest owner first (the torrent's bucket, then the daemon's).

    A grant is charged to all of them or to none. Each chain is one taker in the lines of the buckets it shares; of what
    several want, it gets a share by its weight.
    """

    __slots__ = ("_buckets", "weight")

    def __init__(self, *buckets: Bucket, weight: float = 1.0) -> None:
        self._buckets = buckets
        self.weight = weight

    def share(self, *buckets: Bucket) -> None:
        """Have these behind the first one, the torrent's own, from now on."""
        for bucket in self._buckets[1:]:
            if bucket not in buckets:
                bucket.forget(self)
        self._buckets = (self._buckets[0], *buckets)

    def leave(self) -> None:
        """Nothing is wanted any more, for now: hold nobody up."""
        for bucket in self._buckets:
            bucket.forget(self)

    @property
    def unlimited(self) -> bool:
        """Whether no bucket limits anything now."""
        return not [bucket for bucket in self._buckets if bucket.rate is not None]  # no generator: asked at every Serve

    @property
    def pace(self) -> float | None:
        """Bytes per second at which a block should flow; None: as fast as it can."""
        slowest = min((bucket.rate for bucket in self._buckets if bucket.rate), default=PACED_BELOW)
        return max(slowest * HURRY, SLOWEST_PACE) if slowest < PACED_BELOW else None

    def take(self, wanted: int, now: float, least: int = BLOCK) -> int:
        """Charge and return up to `wanted` bytes: at least `min(wanted, least)` of them, or 0."""
        for bucket in self._buckets:
            if bucket.rate is not None:
                offered = bucket.offer(wanted, now, least, self)
                if wanted and not offered:
                    self._hold_before(bucket)
                    return 0
                wanted = offered
        for bucket in self._buckets:
            bucket.charge(wanted, self, self.weight)
        return wanted

    def _hold_before(self, refused: Bucket) -> None:
        for bucket in self._buckets:
            if bucket is refused:
                return
            bucket.hold()

    def owe(self, moved: int) -> None:
        """Bytes that moved without asking."""
        for bucket in self._buckets:
            bucket.owe(moved)

    def give_back(self, unused: int) -> None:
        """Bytes that were taken and did not move after all."""
        for bucket in self._buckets:
            bucket.give_back(unused, self, self.weight)

    def ready_at(self, now: float, least: int = BLOCK) -> float:
        """When to ask again for `least` bytes: `now` or later; infinity if never."""
        return max((bucket.ready_at(now, least, self) for bucket in self._buckets), default=now)
