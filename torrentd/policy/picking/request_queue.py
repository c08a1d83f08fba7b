"""The request queue of one peer: what it was asked for and has not sent yet.

Requests that we no longer count on are remembered as *late*: a cancel, a choke or our time-out crosses blocks that are
already on their way. Such a block is welcome if it is still missing, wasted if not, and never an offence; a block that
was not asked for at all is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import Struct

LATE_PIECES = 1024
"""Pieces of a peer of which given-up requests are remembered, twice the longest queue. Older ones cannot arrive."""

SUGGESTIONS = 16
"""Suggested pieces that are remembered of a peer: what is in its cache (libtorrent keeps as many)."""

LATEST = 1 / 16
"""Weight of the latest piece in `in_order`."""

ORDERLY = 0.75
"""Pieces that come in the order of asking are more than this from a peer that does not choose; a FIFO that reads from a
disk with several threads has some out of order, too."""


class Recall(Struct):
    """Requests of one piece that were cancelled, so as to ask somebody else when the peer has rejected them."""

    since: float
    blocks: int
    """those that were neither answered nor rejected yet"""


@dataclass(slots=True, eq=False)
class RequestQueue:
    """What one peer was asked for and has not sent yet."""

    outstanding: dict[int, int] = field(default_factory=dict)
    """piece to blocks"""
    count: int = 0
    """outstanding blocks"""
    late: dict[int, int] = field(default_factory=dict)
    """requests that we no longer count on (cancelled, timed out, choked) and that may still be answered"""
    recalled: dict[int, Recall] = field(default_factory=dict)
    """by piece, those of the outstanding requests that we cancelled, and that may be answered or rejected yet"""
    asked_since: dict[int, int] | None = None
    """what the peer was asked for since something was given up last; None once some of this came: then it has read all
    our cancels, which it rejects at once if it ever does (some clients drop what is cancelled without a word)"""
    dry: int = -1
    """the pool's generation at which the peer had none of it"""
    suggested: dict[int, None] = field(default_factory=dict)
    """pieces that the peer would like to be asked for (BEP 6), the oldest first"""
    in_order: float = 0.5
    """how often, lately, the peer finished first the piece that it was asked for first; at first nobody knows"""

    @property
    def sends_in_order(self) -> bool:
        """Whether the peer has shown that it sends in the order of asking."""
        return self.in_order > ORDERLY

    def suggest(self, piece: int) -> None:
        """The peer would like to be asked for this piece."""
        self.suggested.pop(piece, None)
        if len(self.suggested) >= SUGGESTIONS:
            del self.suggested[next(iter(self.suggested))]
        self.suggested[piece] = None

    def add(self, piece: int, asked: int) -> None:
        """The peer was asked for these blocks."""
        self.outstanding[piece] = self.outstanding.get(piece, 0) | asked
        self.count += asked.bit_count()
        if self.asked_since is not None:
            self.asked_since[piece] = self.asked_since.get(piece, 0) | asked

    def answer(self, piece: int, answered: int) -> None:
        """These outstanding blocks of `piece` came."""
        if len(self.outstanding) > 1 and self.outstanding[piece] == answered:
            self.in_order += ((piece == next(iter(self.outstanding))) - self.in_order) * LATEST
        if self.asked_since is not None and self.asked_since.get(piece, 0) & answered & ~self.late.get(piece, 0):
            self.asked_since = None
        self.remove(piece, answered)

    def remove(self, piece: int, answered: int) -> None:
        """These outstanding blocks of `piece` are not outstanding any more."""
        left = self.outstanding[piece] & ~answered
        if left:
            self.outstanding[piece] = left
        else:
            del self.outstanding[piece]
        self.count -= answered.bit_count()
        if self.recalled:
            self._settle_recall(piece, answered)

    def recall(self, piece: int, cancelled: int, now: float) -> None:
        """These outstanding blocks were cancelled; they stay outstanding until they are answered or rejected."""
        self.recalled[piece] = Recall(now, cancelled)

    def is_recalled(self, piece: int, asked: int) -> bool:
        """Whether one of these blocks was."""
        recall = self.recalled.get(piece)
        return recall is not None and bool(recall.blocks & asked)

    def _settle_recall(self, piece: int, settled: int) -> None:
        recall = self.recalled.get(piece)
        if recall is not None:
            recall.blocks &= ~settled
            if not recall.blocks:
                del self.recalled[piece]

    def give_up(self, piece: int, asked: int) -> int:
        """Stop counting on these outstanding blocks, but know them if they come. Those that are to be cancelled: it is
        done once, and of some it was when they were recalled."""
        recall = self.recalled.get(piece)
        uncancelled = asked & ~recall.blocks if recall is not None else asked
        self.remove(piece, asked)
        known = self.late.pop(piece, 0)  # moves to the end: the oldest is forgotten first
        if len(self.late) >= LATE_PIECES:
            del self.late[next(iter(self.late))]
        self.late[piece] = known | asked
        self.asked_since = {}
        return uncancelled

    def expected_late(self, piece: int, arrived: int) -> int:
        """Those of the arrived blocks that answer a given-up request; each is answered once."""
        known = self.late.get(piece, 0)
        found = known & arrived
        if found == known:
            self.late.pop(piece, None)
        elif found:
            self.late[piece] = known ^ found
        return found

    def rejected_late(self, piece: int, rejected: int) -> bool:
        """Whether a reject of this block (a set of one) answers a given-up request. If it was asked for again, each
        request is answered, the earlier one first; but only the later one by who has read our cancels."""
        if self.asked_since is None and self.outstanding.get(piece, 0) & rejected:
            return False
        return bool(self.expected_late(piece, rejected))
