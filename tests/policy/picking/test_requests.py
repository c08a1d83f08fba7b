from __future__ import annotations

from random import Random

from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import BLOCK, Geometry
from torrentd.model.ids import PeerKey
from torrentd.model.layout import Priority
from torrentd.policy.picking import endgame
from torrentd.policy.picking.picker import Picker
from torrentd.policy.picking.request_queue import RequestQueue
from torrentd.policy.picking.requests import Arrival, Requests

A, B, C = PeerKey(1), PeerKey(2), PeerKey(3)


class Swarm:
    """`Requests` over pieces of four blocks, in order, and the queues of three peers that have everything."""

    def __init__(self, pieces: int) -> None:
        self.geometry = Geometry(pieces * 4 * BLOCK, 4 * BLOCK)
        self.everything = Bitfield.full(pieces)
        picker = Picker(pieces, Random(1), sequential=True)
        picker.fill(bytes([Priority.NORMAL]) * pieces, self.everything)
        self.requests = Requests(self.geometry, picker, {})
        self.queues = {key: RequestQueue() for key in (A, B, C)}
        for _ in self.queues:
            picker.availability.joined(self.everything)

    def ask(self, peer: PeerKey, room: int, have: Bitfield | None = None) -> dict[int, int]:
        """The blocks that the peer was asked for now, by piece."""
        queue = self.queues[peer]
        before = dict(queue.outstanding)
        self.requests.ask(queue, have or self.everything, room)
        self.requests.check(self.queues)
        return {p: blocks & ~before.get(p, 0) for p, blocks in queue.outstanding.items() if blocks != before.get(p, 0)}

    def receive(self, peer: PeerKey, piece: int, blocks: int) -> Arrival:
        arrival = self.requests.receive(self.queues[peer], peer, piece, blocks)
        if arrival.elsewhere:
            for key, queue in self.queues.items():
                if key != peer:
                    self.requests.cancel(queue, piece, arrival.elsewhere)
        self.requests.check(self.queues)
        return arrival

    def release(self, peer: PeerKey) -> None:
        self.requests.release(self.queues[peer])
        self.requests.check(self.queues)


def test_ranges_span_blocks_and_pieces_that_begin_are_named() -> None:
    swarm = Swarm(3)
    ranges, begun = swarm.requests.ask(swarm.queues[A], swarm.everything, 6)
    assert ranges == [(0, 0, 4 * BLOCK), (1, 0, 2 * BLOCK)]
    assert begun == [0, 1]
    assert swarm.requests.ask(swarm.queues[A], swarm.everything, 1) == ([(1, 2 * BLOCK, BLOCK)], [])


def test_started_pieces_are_finished_before_others_begin() -> None:
    swarm = Swarm(3)
    assert swarm.ask(A, 2) == {0: 0b0011}
    assert swarm.ask(B, 3) == {0: 0b1100, 1: 0b0001}
    assert list(swarm.requests.open) == [1]


def test_a_peer_without_the_started_piece_begins_another() -> None:
    swarm = Swarm(3)
    swarm.ask(A, 2)
    assert swarm.ask(B, 1, Bitfield(3, [2])) == {2: 0b0001}
    assert sorted(swarm.requests.started) == [0, 2]


def test_a_peer_that_has_nothing_more_is_not_asked_again_until_the_pool_grows() -> None:
    swarm = Swarm(3)
    lonely = Bitfield(3, [2])
    assert swarm.ask(A, 9, lonely) == {2: 0b1111}
    queue = swarm.queues[A]
    assert not swarm.requests.could_ask(queue)
    swarm.requests.picker.add(2, Priority.NORMAL)
    assert swarm.requests.could_ask(queue)


def test_the_last_block_moves_the_piece_towards_the_disk() -> None:
    swarm = Swarm(1)
    swarm.ask(A, 2)
    swarm.ask(B, 2)
    assert swarm.receive(A, 0, 0b0011) == Arrival(taken=0b0011, elsewhere=0, unasked=0)
    assert swarm.requests.storing == {}
    swarm.receive(B, 0, 0b1100)
    assert swarm.requests.storing[0].contributors == {A: 0b0011, B: 0b1100}
    assert swarm.requests.started == {}


def test_blocks_nobody_asked_for_are_not_taken() -> None:
    swarm = Swarm(2)
    swarm.ask(A, 2)
    assert swarm.receive(B, 0, 0b0011) == Arrival(taken=0, elsewhere=0, unasked=0b0011)
    assert swarm.receive(A, 0, 0b0110) == Arrival(taken=0b0010, elsewhere=0, unasked=0b0100)
    assert swarm.receive(A, 1, 0b0001) == Arrival(taken=0, elsewhere=0, unasked=0b0001)


def test_released_requests_are_free_for_others_at_once() -> None:
    swarm = Swarm(2)
    swarm.ask(A, 4)
    swarm.release(A)
    assert swarm.queues[A].count == 0
    assert swarm.ask(B, 4) == {0: 0b1111}


def test_a_late_answer_is_taken_while_it_is_missing_and_cancelled_elsewhere() -> None:
    swarm = Swarm(2)
    swarm.ask(A, 4)
    swarm.release(A)
    swarm.ask(B, 2)
    assert swarm.receive(A, 0, 0b0101) == Arrival(taken=0b0101, elsewhere=0b0001, unasked=0)
    assert swarm.queues[B].outstanding == {0: 0b0010}
    assert swarm.ask(B, 1) == {0: 0b1000}
    assert swarm.receive(A, 0, 0b0001) == Arrival(taken=0, elsewhere=0, unasked=0b0001)


def test_endgame_begins_when_everything_was_requested() -> None:
    swarm = Swarm(1)
    assert not swarm.requests.endgame_begins()
    swarm.ask(A, 4)
    swarm.receive(A, 0, 0b0001)
    assert swarm.requests.in_endgame()
    assert (swarm.requests.endgame_begins(), swarm.requests.endgame_begins()) == (True, False)
    swarm.release(A)
    assert not swarm.requests.endgame_begins()


def test_in_endgame_the_idle_ask_again_and_the_first_copy_cancels_the_others() -> None:
    swarm = Swarm(1)
    swarm.ask(A, 4)
    swarm.receive(A, 0, 0b1000)
    assert swarm.ask(B, 2) == {0: 0b0011}
    assert swarm.receive(B, 0, 0b0001) == Arrival(taken=0b0001, elsewhere=0b0001, unasked=0)
    assert swarm.queues[A].outstanding == {0: 0b0110}
    swarm.release(A)
    assert swarm.requests.started[0].free() == 0b0100
    assert swarm.ask(C, 1) == {0: 0b0100}


def test_endgame_waits_until_few_blocks_are_left() -> None:
    swarm = Swarm(1)
    swarm.ask(A, endgame.LAST + 1)
    assert not swarm.requests.in_endgame() and swarm.ask(B, 9) == {}
    swarm.receive(A, 0, 0b0001)
    assert swarm.requests.in_endgame() and swarm.ask(B, 9) == {0: 0b1110}


def test_what_the_silent_owe_does_not_hold_endgame_off_until_they_send() -> None:
    swarm = Swarm(3)
    swarm.ask(A, 8)
    swarm.requests.doubt(swarm.queues[A])
    swarm.ask(B, 4)
    assert not swarm.requests.in_endgame()
    swarm.receive(B, 2, 0b0111)
    assert swarm.requests.in_endgame()
    assert swarm.ask(C, 9) == {0: 0b1111, 1: 0b1111, 2: 0b1000}
    swarm.receive(A, 0, 0b0001)
    assert not swarm.requests.in_endgame()


def test_the_silent_who_owe_nothing_any_more_count_for_nothing() -> None:
    swarm = Swarm(2)
    swarm.ask(A, 4)
    swarm.requests.doubt(swarm.queues[A])
    swarm.release(A)
    swarm.ask(B, 8)
    assert not swarm.requests.in_endgame()
    swarm.ask(A, 1)
    assert not swarm.requests.in_endgame()


def test_in_endgame_those_who_still_owe_blocks_do_not_ask_for_more() -> None:
    swarm = Swarm(1)
    swarm.ask(A, 2)
    swarm.ask(B, 2)
    swarm.receive(B, 0, 0b1000)
    assert swarm.ask(A, 9) == {}
    assert swarm.ask(C, 9) == {0: 0b0111}


def test_what_nobody_has_does_not_hold_endgame_off() -> None:
    swarm = Swarm(2)
    for _ in range(3):
        swarm.requests.picker.availability.left(swarm.everything)
    here = Bitfield(2, [0])
    swarm.requests.picker.availability.joined(here)
    swarm.ask(A, 4, here)
    swarm.receive(A, 0, 0b0001)
    assert swarm.requests.in_endgame()


def test_a_withdrawn_piece_can_be_dropped() -> None:
    swarm = Swarm(1)
    swarm.ask(A, 2)
    swarm.receive(A, 0, 0b0001)
    assert swarm.requests.withdraw(swarm.queues[A], 0) == 0b0010
    assert swarm.requests.withdraw(swarm.queues[B], 0) == 0
    assert swarm.requests.drop(0).missing == 0b1110
    assert (swarm.requests.started, swarm.requests.open) == ({}, {})
