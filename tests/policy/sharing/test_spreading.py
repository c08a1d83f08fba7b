from __future__ import annotations

from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerKey
from torrentd.policy.sharing.order import BEGUN, HELD
from torrentd.policy.sharing.spreading import ENOUGH, LOOKED_AT, PATIENCE, STUCK, TRIAL, Spreading

A, B, C = map(PeerKey, (1, 2, 3))
OTHERS = 2


def _given(spreading: Spreading, peer: PeerKey, *pieces: int) -> None:
    for piece in pieces:
        spreading.give(piece, peer, OTHERS, now=0)


def test_a_piece_that_was_begun_is_finished_first() -> None:
    spreading = Spreading(4)
    _given(spreading, A, 0)
    assert spreading.cost(0, A) == BEGUN < spreading.cost(1, A)


def test_what_nobody_has_goes_to_who_passed_on_most() -> None:
    spreading = Spreading(10)
    _given(spreading, A, 0, 1)
    _given(spreading, B, 2, 3)
    assert spreading.cost(9, C) < spreading.cost(9, A) == spreading.cost(9, B)
    spreading.told(0, B)
    spreading.told(0, C)
    spreading.told(1, C)
    assert spreading.cost(9, C) < spreading.cost(9, A) < spreading.cost(9, B)


def test_what_was_given_is_held_for_others() -> None:
    spreading = Spreading(10)
    _given(spreading, A, 0)
    spreading.told(0, A)  # the holder itself
    assert spreading.cost(0, B) == HELD
    spreading.told(0, C)
    assert spreading.cost(0, B) == HELD


def test_what_is_stuck_with_a_slow_peer_is_sent_again() -> None:
    spreading = Spreading(10)
    _given(spreading, A, 0, 1)
    assert spreading.cost(0, B) == HELD
    _given(spreading, A, 2)
    assert spreading.cost(9, B) < STUCK < spreading.cost(0, B) < STUCK + 1


def test_when_nothing_is_fresh_what_was_not_passed_on_is_sent_again() -> None:
    spreading = Spreading(2)
    _given(spreading, A, 0, 1)
    assert not spreading.has_fresh
    spreading.told(1, B)
    assert spreading.cost(1, C) == HELD > spreading.cost(0, C)


def test_fresh_pieces_take_turns() -> None:
    spreading = Spreading(6)
    spreading.joined(Bitfield(6, [0]))
    _given(spreading, A, 3)
    assert [spreading.fresh(2), spreading.fresh(2), spreading.fresh(9)] == [[1, 2], [4, 5], [1, 2, 4, 5]]
    _given(spreading, A, 1, 2, 4, 5)
    assert spreading.fresh(2) == []
    far = Spreading(3 * LOOKED_AT)
    far.joined(Bitfield(3 * LOOKED_AT, range(2 * LOOKED_AT)))
    assert [far.fresh(1) for _ in range(3)] == [[], [], [2 * LOOKED_AT]]


def test_it_is_over_when_everything_was_passed_on() -> None:
    spreading = Spreading(3)
    spreading.joined(Bitfield(3, [2]))
    _given(spreading, A, 0, 1)
    spreading.told(0, A)
    spreading.told(0, B)
    assert not spreading.over(100)
    spreading.told(1, B)
    assert spreading.over(100)


def test_it_is_over_when_peers_pass_on_nothing() -> None:
    spreading = Spreading(2 * TRIAL)
    _given(spreading, A, *range(TRIAL))
    for piece in range(TRIAL // 2):
        _given(spreading, B, piece)
        spreading.told(piece, B)  # it got them from us
    assert not spreading.over(PATIENCE / 2)
    assert spreading.over(PATIENCE)
    for piece in range(int(ENOUGH * TRIAL) + 1):
        spreading.told(piece, C)
    assert not spreading.over(PATIENCE)


def test_who_leaves_takes_along_what_it_did_not_pass_on() -> None:
    spreading = Spreading(2)
    _given(spreading, A, 0, 1)
    spreading.told(0, B)
    spreading.gone(A)
    spreading.gone(C)
    assert spreading.has_fresh
    assert spreading.cost(1, B) == 0.0
    assert spreading.cost(0, C) == HELD


def test_what_others_were_given_first_or_have_is_a_copy() -> None:
    spreading = Spreading(4)
    assert not spreading.is_copy(0, A)
    _given(spreading, A, 0)
    spreading.joined(Bitfield(4, [1]))
    assert [spreading.is_copy(piece, A) for piece in range(3)] == [False, True, False]
    assert [spreading.is_copy(piece, B) for piece in range(3)] == [True, True, False]
