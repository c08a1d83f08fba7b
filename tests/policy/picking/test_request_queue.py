from __future__ import annotations

from torrentd.policy.picking.request_queue import LATE_PIECES, LATEST, RequestQueue


def test_outstanding_blocks_are_counted() -> None:
    queue = RequestQueue()
    queue.add(4, 0b11)
    queue.add(4, 0b100)
    queue.add(5, 0b1)
    assert (queue.outstanding, queue.count) == ({4: 0b111, 5: 0b1}, 4)
    queue.remove(4, 0b11)
    queue.remove(5, 0b1)
    assert (queue.outstanding, queue.count) == ({4: 0b100}, 1)


def test_what_was_given_up_is_expected_once_more() -> None:
    queue = RequestQueue()
    queue.add(4, 0b111)
    queue.give_up(4, 0b11)
    assert (queue.outstanding, queue.count, queue.late) == ({4: 0b100}, 1, {4: 0b11})
    assert queue.expected_late(4, 0b1001) == 0b1
    assert queue.expected_late(4, 0b11) == 0b10
    assert queue.expected_late(4, 0b11) == 0
    assert queue.late == {}


def test_what_is_given_up_is_cancelled_unless_it_was_when_it_was_recalled() -> None:
    queue = RequestQueue()
    queue.add(4, 0b1111)
    queue.add(5, 0b11)
    queue.recall(4, 0b0110, 1.0)
    assert queue.give_up(4, 0b0011) == 0b0001
    assert queue.give_up(5, 0b11) == 0b11
    queue.add(4, 0b0010)
    assert queue.give_up(4, 0b1110) == 0b1010, "it was asked for again since"
    assert not queue.outstanding and not queue.recalled


def test_a_reject_answers_what_was_given_up_unless_the_peer_sent_what_it_was_asked_for_after_that() -> None:
    def again() -> RequestQueue:
        queue = RequestQueue()
        queue.add(3, 0b11)
        queue.add(4, 0b11)
        queue.give_up(4, 0b11)
        queue.add(4, 0b11)
        queue.add(5, 0b11)
        return queue

    for sent, is_late in [(3, True), (4, True), (5, False)]:  # 4 may have been sent before the cancel was read
        queue = again()
        queue.answer(sent, 0b01)
        assert queue.rejected_late(4, 0b10) == is_late
        assert bool(queue.late[4] & 0b10) == (not is_late)
    queue.remove(4, 0b10)
    assert queue.rejected_late(4, 0b10), "it was not outstanding any more"
    queue = again()
    queue.answer(5, 0b01)
    queue.give_up(3, 0b01)
    assert queue.rejected_late(4, 0b10), "it may not have read that yet"


def test_the_memory_of_given_up_requests_is_bounded() -> None:
    queue = RequestQueue()
    for piece in range(LATE_PIECES + 10):
        queue.add(piece, 0b1)
        queue.give_up(piece, 0b1)
    assert len(queue.late) == LATE_PIECES
    assert queue.expected_late(9, 0b1) == 0
    assert queue.expected_late(LATE_PIECES + 9, 0b1) == 0b1


def test_who_sends_in_the_order_of_asking_and_who_chooses() -> None:
    fifo, chooser = RequestQueue(), RequestQueue()
    for queue in (fifo, chooser):
        for piece in range(40):
            queue.add(piece, 0b1)
    for piece in range(39):
        fifo.answer(piece, 0b1)
        chooser.answer(39 - piece, 0b1)
        assert (fifo.sends_in_order, chooser.sends_in_order) == (piece >= 10, False)
    assert chooser.in_order < 0.1


def test_a_piece_alone_and_a_part_of_a_piece_tell_nothing_about_the_order() -> None:
    queue = RequestQueue()
    queue.add(1, 0b11)
    queue.add(2, 0b11)
    queue.answer(2, 0b01)
    queue.answer(1, 0b11)
    queue.answer(2, 0b10)
    assert queue.in_order == 0.5 + 0.5 * LATEST
