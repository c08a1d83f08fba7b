"""Who was asked for which block: started pieces, and the request queue of each peer.

Strict priority: a piece that was started is finished before another is begun, since only whole pieces can be verified
and passed on. A piece is started only with a peer that has none of the unfinished ones, so no more pieces are *open*
(have a block that nobody was asked for) than there are peers, plus what lost peers left behind.

Each block of a started piece is in one of three states: missing and free, missing and requested, or received. Block
sets are integers (see `blocks`); `Started` has one for what is missing and one for what is requested, and each
`RequestQueue` one per piece it takes part in. They always agree:

    the union of all queues' outstanding blocks of a piece  ==  its requested blocks  <=  its missing blocks
A piece that came with a wrong hash from several peers is fetched *alone* the next time, from one peer, so that the
next copy tells whose fault it was.
"""

from __future__ import annotations

from collections.abc import Container

from msgspec import Struct

from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import Geometry
from torrentd.model.ids import PeerKey
from torrentd.policy.picking import blocks, endgame
from torrentd.policy.picking.picker import Picker
from torrentd.policy.picking.request_queue import RequestQueue
from torrentd.policy.picking.started import Started
from torrentd.wire.peer.messages import Range


class Arrival(Struct):
    """What became of arrived blocks."""

    taken: int
    """they were missing: store them"""
    elsewhere: int
    """taken blocks that other peers were asked for as well: cancel them there"""
    unasked: int
    """never requested of this peer"""


class Requests:
    """All started pieces of a torrent. Those in `alone` are asked of one peer only."""

    __slots__ = ("_alone", "_endgame", "_geometry", "_silent", "open", "picker", "started", "storing")

    def __init__(
        self, geometry: Geometry, picker: Picker, storing: dict[int, Started], alone: Container[int] = ()
    ) -> None:
        self._geometry = geometry
        self._endgame = False
        self._alone = alone
        self._silent: dict[RequestQueue, None] = {}
        """of peers that should have sent something by now; some owe nothing any more"""
        self.picker = picker
        self.started: dict[int, Started] = {}
        """pieces with missing blocks, oldest first"""
        self.open: dict[int, Started] = {}
        """those of them that have free blocks"""
        self.storing = storing
        """pieces with all blocks, on their way to the disk; the caller's, who knows when they arrive"""

    def ask(self, queue: RequestQueue, have: Bitfield, room: int, ahead: bool = True) -> tuple[list[Range], list[int]]:
        """Up to `room` blocks to request of a peer that has `have`, outstanding from now on; and the pieces begun.
        `ahead`: as of `Picker.next`."""
        asked: list[Range] = []
        begun: list[int] = []
        for started in list(self.open.values()):
            if started.piece in have and started.open_to(queue):
                room -= self._take(queue, started, started.free(), room, asked)
                if room <= 0:
                    return asked, begun
        while room > 0 and queue.dry != self.picker.generation:
            piece = self.picker.next(have, ahead, queue.suggested, queue.sends_in_order)
            if piece is None:
                if ahead or self.picker.sequential:  # else a piece's turn may come at any time
                    queue.dry = self.picker.generation
                break
            begun.append(piece)
            queue.suggested.pop(piece, None)
            started = self._start(piece, queue)
            room -= self._take(queue, started, started.missing, room, asked)
        if not queue.count and self.in_endgame():
            for started, again in endgame.choose(self._shared(), have, min(room, endgame.BATCH)):
                self._take(queue, started, again, room, asked)
        return asked, begun

    def could_ask(self, queue: RequestQueue) -> bool:
        """Whether it is worth while to call `ask` (which may still find nothing)."""
        return bool(self.open) or queue.dry != self.picker.generation or (not queue.count and self.in_endgame())

    def in_endgame(self) -> bool:
        """Whether every missing block was requested and few are left, not counting what silent peers owe. Before that
        idle peers take over (`takeover`)."""
        if self.picker.obtainable():
            return False
        doubtful = self._doubtful()
        if len(self.started) > endgame.LAST + len(doubtful):
            return False
        count = self.picker.availability.count
        if any(count(piece) for piece in self.open):
            return False
        expected = (started.missing & ~doubtful.get(piece, 0) for piece, started in self.started.items())
        return sum(map(int.bit_count, expected)) <= endgame.LAST

    def doubt(self, queue: RequestQueue) -> None:
        """The peer should have sent something by now: until it does, what it owes does not hold off endgame."""
        self._silent[queue] = None

    def endgame_begins(self) -> bool:
        """Whether endgame holds and did not when this was last asked: then those who idle have something to do."""
        before, self._endgame = self._endgame, self.in_endgame()
        return self._endgame and not before

    def receive(self, queue: RequestQueue, peer: PeerKey, piece: int, arrived: int) -> Arrival:
        """These blocks came from `peer`, whose queue is `queue`."""
        if self._silent:
            self._silent.pop(queue, None)
        answered = arrived & queue.outstanding.get(piece, 0)
        if answered:
            queue.answer(piece, answered)
        late = queue.expected_late(piece, arrived ^ answered) if answered != arrived else 0
        unasked = arrived & ~(answered | late)
        started = self.started.get(piece)
        if started is None:
            return Arrival(0, 0, unasked)
        late = late & started.missing if started.open_to(queue) else 0
        elsewhere = late & started.requested
        if started.layers:
            elsewhere |= answered & started.layers[0]
        taken = answered | late
        if taken:
            started.receive(taken)
            started.contributors[peer] = started.contributors.get(peer, 0) | taken
            if late:
                self._settle(started)
            if not started.missing:
                self.storing[piece] = self.started.pop(piece)
        return Arrival(taken, elsewhere, unasked)

    def cancel(self, queue: RequestQueue, piece: int, received: int) -> int:
        """These blocks were received from somebody else; which of those that were outstanding here are to be
        cancelled."""
        overtaken = queue.outstanding.get(piece, 0) & received
        return queue.give_up(piece, overtaken) if overtaken else 0

    def release(self, queue: RequestQueue) -> None:
        """The peer will not answer: all its requests go back and may be asked of others."""
        for piece, asked in list(queue.outstanding.items()):
            queue.give_up(piece, asked)
            started = self.started[piece]
            started.give_back(asked)
            self._settle(started)
        self.disown(queue)

    def disown(self, queue: RequestQueue) -> None:
        """The peer is no longer the only one to be asked for the pieces it had alone."""
        for started in self.started.values():
            if started.owner is queue:
                started.owner = None

    def drop(self, piece: int) -> Started:
        """Forget a started piece; its outstanding requests must have been given up with `withdraw`."""
        self.open.pop(piece, None)
        return self.started.pop(piece)

    def withdraw(self, queue: RequestQueue, piece: int, some: int = -1) -> int:
        """Give up what is outstanding of one piece, or some of those blocks; which of them are to be cancelled."""
        asked = queue.outstanding.get(piece, 0) & some
        if not asked:
            return 0
        uncancelled = queue.give_up(piece, asked)
        started = self.started[piece]
        started.give_back(asked)
        self._settle(started)
        return uncancelled

    def reject(self, queue: RequestQueue, piece: int, block: int) -> bool:
        """The peer will not send this block (a set of one); False: it was not outstanding."""
        if not queue.outstanding.get(piece, 0) & block:
            return False
        queue.remove(piece, block)
        started = self.started[piece]
        started.give_back(block)
        if started.owner is queue:
            started.owner = None
        self._settle(started)
        return True

    def _doubtful(self) -> dict[int, int]:
        """Blocks of each piece that silent peers owe."""
        doubtful: dict[int, int] = {}
        if self._silent:
            self._silent = {queue: None for queue in self._silent if queue.count}
            for queue in self._silent:
                for piece, asked in queue.outstanding.items():
                    doubtful[piece] = doubtful.get(piece, 0) | asked
        return doubtful

    def _shared(self) -> list[Started]:
        """Pieces that are not one peer's alone."""
        return [started for started in self.started.values() if started.owner is None]

    def _start(self, piece: int, queue: RequestQueue) -> Started:
        started = Started(piece, self._geometry.all_blocks(piece), owner=queue if piece in self._alone else None)
        self.started[piece] = self.open[piece] = started
        return started

    def _take(self, queue: RequestQueue, started: Started, choice: int, room: int, asked: list[Range]) -> int:
        """Request up to `room` of the chosen blocks; how many it were."""
        taken = blocks.lowest(choice, room)
        started.ask(taken)
        queue.add(started.piece, taken)
        asked += blocks.ranges(self._geometry, started.piece, taken)
        self._settle(started)
        return taken.bit_count()

    def _settle(self, started: Started) -> None:
        """Keep the piece in `open` exactly while it has a free block."""
        if started.free():
            self.open.setdefault(started.piece, started)
        else:
            self.open.pop(started.piece, None)

    def check(self, queues: dict[PeerKey, RequestQueue]) -> None:
        """Assert that pieces and queues agree (for tests)."""
        self.picker.check()
        for piece, started in self.started.items():
            assert started.missing and piece not in self.storing and piece not in self.picker
            assert (piece in self.open) == bool(started.free())
            times: dict[int, int] = {}
            for queue in queues.values():
                for first, count in blocks.runs(queue.outstanding.get(piece, 0)):
                    for block in range(first, first + count):
                        times[block] = times.get(block, 0) + 1
            for depth, layer in enumerate([started.requested, *started.layers], start=1):
                assert layer == sum(1 << block for block, count in times.items() if count >= depth)
                assert layer & ~started.missing == 0
        assert self.open.keys() <= self.started.keys()
        for queue in queues.values():
            assert queue.outstanding.keys() <= self.started.keys()
            assert queue.count == sum(asked.bit_count() for asked in queue.outstanding.values())
