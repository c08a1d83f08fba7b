"""How many requests to keep outstanding with one peer.

Too few, and the peer idles while our next request travels; too many, and blocks are promised to a slow peer that a
faster one could send. The depth wanted is what the peer sends in the time a request needs to be answered, plus a
reserve. Both are measured:

- **Ramp** (TCP's slow start): every block received lets one more be asked for, so that the depth doubles each round
  trip, until a look at the rate shows that it hardly grows any more. A peer on loopback reaches the cap in 500 blocks.
- **Cruise**: the depth follows rate times `RESERVE` plus the latency, measured on requests that met an empty queue
  (others wait behind their elders). If the depth itself is what limits the rate, rate = depth / latency, and the
  formula still gives more than the present depth: it grows until something else is the limit.

A peer that lets its requests time out falls to one request at a time until it sends again.
"""

from __future__ import annotations

from torrentd.model.geometry import BLOCK

START = 16
"""Depth with a new peer: 256 KiB, a usual piece."""

MINIMUM = 4
"""Depth of the slowest peer that delivers: one block being sent, and requests on both ways."""

CAP = 500
"""Never more than this (SAFETY.md: outgoing request queue); most clients drop or ignore what exceeds theirs."""

DEFAULT_REQQ = 250
"""BEP 10: what a peer that does not tell its `reqq` is taken to accept."""

RESERVE = 1.5
"""Seconds of requests in the queue beyond the latency."""

LOOK = 0.5
"""Seconds between two looks at the rate, unless the latency is longer: within one round trip nothing that was asked
for shows, and the rate of a far peer comes in lumps."""

LONGEST_LOOK = 2.0
"""Seconds; no way is longer, what takes more time waits in the peer's queue of requests."""

GROWTH = 1.1
"""The ramp ends when the rate grew by less than this factor between two looks."""


class Pipeline:
    """The wanted depth of one peer's request queue (`depth`, in blocks)."""

    __slots__ = (
        "_alone",
        "_asked_at",
        "_bytes",
        "_cap",
        "_look_every",
        "_looked_at",
        "_ramping",
        "_rate",
        "depth",
        "latency",
        "quickest",
    )

    def __init__(self, now: float) -> None:
        self.depth = START
        self._cap = min(CAP, DEFAULT_REQQ)
        self._ramping = True
        self._rate = 0.0
        self._bytes = 0
        self._looked_at = now
        self._asked_at: float | None = None
        self._alone = True
        """whether an answer can only be to what was asked for then"""
        self.latency = 0.0
        """seconds until a request that met an empty queue was answered, the last time; 0: none was yet"""
        self.quickest = 0.0
        """the least that this ever was: the way there and back, and a block; later ones may have waited for others"""
        self._look_every = LOOK

    @property
    def just_asked(self) -> bool:
        """Whether nothing came since a request met an empty queue."""
        return self._asked_at is not None

    def accept(self, reqq: int) -> None:
        """The peer tells how many requests it queues (BEP 10)."""
        self._cap = max(1, min(CAP, reqq))
        self.depth = min(self.depth, self._cap)

    def asked(self, now: float, alone: bool = True) -> None:
        """Blocks were requested of a peer that owed none: the answer's delay is the latency, and the rate before this
        was ours, not the peer's. Not `alone`: what we gave up may come yet."""
        self._alone = alone
        self._asked_at = now
        if now - self._looked_at >= self._look_every:
            self._bytes = 0
            self._looked_at = now

    def received(self, count: int, now: float) -> None:
        """`count` requested blocks arrived in one read."""
        if self._asked_at is not None:
            self.latency = now - self._asked_at
            if self._alone:
                self.quickest = min(self.quickest or self.latency, self.latency)
            self._look_every = min(max(LOOK, self.latency), LONGEST_LOOK)
            self._asked_at = None
        self._bytes += count * BLOCK
        if self._ramping:
            self.depth = min(self._cap, self.depth + count)
        if now - self._looked_at >= self._look_every:
            self._look(now)

    def restart(self, now: float) -> None:
        """The peer unchoked us: what was measured before the pause says little."""
        self.depth = min(START, self._cap)
        self._begin_ramp(now)

    def collapse(self, now: float) -> None:
        """The peer let its requests time out: one at a time until it sends again."""
        self.depth = 1
        self._begin_ramp(now)

    def _begin_ramp(self, now: float) -> None:
        self._ramping = True
        self._rate = 0.0
        self._bytes = 0
        self._looked_at = now
        self._asked_at = None

    def _look(self, now: float) -> None:
        rate = self._bytes / (now - self._looked_at)
        if self._ramping:
            self._ramping = rate > self._rate * GROWTH
            self._rate = rate
        else:
            self._rate = (self._rate + rate) / 2
        if not self._ramping:
            wanted = int(self._rate * (RESERVE + self.latency) / BLOCK)
            self.depth = min(self._cap, max(MINIMUM, wanted))
        self._bytes = 0
        self._looked_at = now
