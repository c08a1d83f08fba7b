"""How much senseless talk a peer may do before it is closed.

Every message below has honest reasons: races (a request that crosses our choke, a cancel that crosses the block),
careless clients, lost state. So each class has an allowance that refills; who uses it up is closed. What makes sense
is never charged here: it is bounded by other means (the request queue's cap, one `have` per piece).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from torrentd.model.errors import ProtocolError


class Talker(Protocol):
    """A peer; `spent`: per class of messages that may be spam, tokens left, and when they were counted."""

    spent: dict[str, tuple[float, float]]


@dataclass(slots=True)
class Budget:
    """What several peers may spend together."""

    spent: dict[str, tuple[float, float]] = field(default_factory=dict)


class Allowance(NamedTuple):
    """A token bucket: so many at once, so many per second in the long run."""

    what: str
    burst: float
    per_second: float


HAVE = Allowance("have messages for pieces it had told", 200, 2)
"""clients announce what they told in the bitfield again after a re-check"""

BITFIELD = Allowance("bitfields", 20, 0.2)
"""each costs a walk over all pieces; aria2 sends one in place of many `have` messages"""

INTEREST = Allowance("changes of interest", 200, 4)
"""interest may flip with every piece that somebody completes"""

CHOKE = Allowance("chokes and unchokes", 100, 2)
"""a choker decides every 10 seconds; Transmission chokes and unchokes to flush a queue"""

CANCEL = Allowance("cancels of nothing", 2000, 100)
"""endgame cancels a whole queue of blocks that are on their way already, more than once"""

TAKEN_BACK = Allowance("requests taken back", 10_000, 1_000)
"""whole queues go elsewhere at the end, or when somebody is quicker; but asking and cancelling by turns costs us as
much as serving, and moves nothing"""

REQUEST = Allowance("requests that cannot be served", 2000, 100)
"""a queue of 500 requests crosses a choke, again at the next unchoke; also those that wait already"""

REJECT = Allowance("rejects of what was not requested", 500, 2)
"""a request that we took back is answered once, but a careless peer rejects what it sent, too"""

PEX = Allowance("peer exchange messages", 6, 1 / 50)
"""one a minute is the rule; some clients begin with a few"""

HINT = Allowance("suggested and allowed pieces", 200, 2)
"""a set of some ten at the beginning, suggestions now and then"""

BLOCK = Allowance("blocks that were not requested", 64, 1)
"""1 MiB of them, and then 16 KiB/s; late answers to given-up requests are not counted"""

DONT_HAVE = Allowance("lt_donthave messages", 1000, 10)
"""a disk may lose a file of many pieces"""

UNSEED = Allowance("losses of a piece by a seed", 10, 0.1)
"""each costs a walk over all pieces, and another when it is a seed again"""

EXTENDED = Allowance("extension messages", 200, 10)
"""handshakes again and again, and extensions that we did not offer; also keep-alives and unknown ids"""


def spend(peer: Talker, allowance: Allowance, now: float, count: int = 1) -> None:
    """Charge `count` messages. ProtocolError when the allowance is used up."""
    left = _left(peer, allowance, now) - count
    if left < 0:
        raise ProtocolError(f"too many {allowance.what}")
    peer.spent[allowance.what] = (left, now)


def affords(peer: Talker, allowance: Allowance, now: float) -> bool:
    """Whether one more message could be charged."""
    return _left(peer, allowance, now) >= 1


def _left(peer: Talker, allowance: Allowance, now: float) -> float:
    left, since = peer.spent.get(allowance.what, (allowance.burst, now))
    return min(allowance.burst, left + (now - since) * allowance.per_second)


def give_back(peer: Talker, allowance: Allowance) -> None:
    """A message that was charged made sense after all."""
    left, since = peer.spent[allowance.what]
    peer.spent[allowance.what] = (min(allowance.burst, left + 1), since)
