from __future__ import annotations

from collections import Counter
from math import inf
from random import Random

import pytest

from torrentd.model.ids import PeerId
from torrentd.policy.picking.shares import AHEAD, CLASSES, Shares

LEECHES = [PeerId(b"-TD0001-" + bytes([number]) * 12) for number in range(10)]


def _shares(own: PeerId, known: list[PeerId] = LEECHES) -> Shares:
    return Shares(own, lambda: [one for one in known if one != own])


def test_leeches_that_know_each_other_never_begin_with_the_same_piece() -> None:
    pieces = list(range(CLASSES))
    firsts = Counter[int]()
    for own in LEECHES:
        shares, left = _shares(own), list(pieces)
        for _ in range(20):
            left.remove(choice := shares.choose(left))
            firsts[choice] += 1
    assert set(firsts.values()) == {1}


def test_who_helps_begins_with_what_its_owner_comes_to_last() -> None:
    one, other = LEECHES[:2]
    ours, theirs = _shares(one, LEECHES[:2]), _shares(other, LEECHES[:2])
    order = list(range(CLASSES))
    by_us = []
    while order:
        order.remove(piece := ours.choose(order))
        by_us.append(piece)
    left = by_us[:]
    left.remove(first := theirs.choose(left))
    assert first == by_us[-1]


@pytest.mark.parametrize("in_order", [False, True])
def test_everything_is_chosen_at_last(in_order: bool) -> None:
    shares, left = _shares(LEECHES[0]), list(range(50))
    while left:
        left.remove(shares.choose(left, in_order))


def test_of_a_seed_that_sends_in_order_who_helps_takes_what_the_busiest_comes_to_last() -> None:
    helper, busy, nearly_done = (_shares(own) for own in LEECHES[:3])
    much = [piece for piece in range(CLASSES) if _ours(busy, piece)][:12]
    left = much + [piece for piece in range(CLASSES) if _ours(nearly_done, piece)][:3]
    order = []
    while len(order) < len(much):
        order.append(busy.choose([piece for piece in much if piece not in order], True))
    helped = []
    while len(helped) < 6:
        left.remove(piece := helper.choose(left, True))
        helped.append(piece)
    assert set(helped[:3]) <= set(order[6:])
    assert set(helped) <= set(much)


def test_who_has_pieces_of_its_own_left_does_not_help() -> None:
    shares = _shares(LEECHES[0])
    pieces = list(range(CLASSES))
    own = [piece for piece in pieces if _ours(shares, piece)]
    chosen = []
    while len(chosen) < len(own):
        pieces.remove(piece := shares.choose(pieces, True))
        chosen.append(piece)
    assert sorted(chosen) == own


def test_who_has_nothing_left_waits_if_others_should_fetch_the_rest() -> None:
    shares = _shares(LEECHES[0])
    own = next(piece for piece in range(CLASSES) if _ours(shares, piece))
    theirs = [piece for piece in range(CLASSES) if not _ours(shares, piece)]
    assert shares.choose(theirs, in_order=True, ahead=False) is None
    assert shares.choose([*theirs, own], in_order=True, ahead=False) == own
    assert shares.choose(theirs, in_order=False, ahead=False) in theirs


@pytest.mark.parametrize(
    ("at", "left", "soon"), [(2.0, 40, True), (2.0, 60, False), (2.0, 100, False), (2.5, 39, True)]
)
def test_what_only_seeds_have_is_soon_with_others_if_that_goes_on_as_it_did(at: float, left: int, soon: bool) -> None:
    """There were 100 a second or so ago."""
    shares = _shares(LEECHES[0])
    assert not shares.soon_over(100, 1.0)
    assert shares.soon_over(left, at) == soon


def test_it_is_judged_by_the_last_second_or_two() -> None:
    shares = _shares(LEECHES[0])
    for at, left in [(1.0, 900), (2.0, 200), (3.0, 195)]:
        shares.soon_over(left, at)
    assert not shares.soon_over(190, 4.0)
    assert shares.soon_over(10, 4.5)
    assert shares.soon_over(0, 5.0)
    shares.soon_over(0, 6.0)
    assert not shares.soon_over(0, 7.0), "that was over long ago"


def test_it_is_judged_by_the_last_second_or_two_after_a_pause_too() -> None:
    slow, fast = (_shares(LEECHES[0]) for _ in range(2))
    for shares in (slow, fast):
        shares.look(lambda: 100, 50.0)
    slow.look(lambda: 100, 50.5)  # and it falls to 10
    assert not slow.soon_over(10, 54.0)
    fast.look(lambda: 100, 89.9)
    assert fast.soon_over(10, 90.0)


def test_a_rival_that_is_none_any_more_before_anybody_tells() -> None:
    """It says that it only uploads, say."""
    known = LEECHES[1:2]
    shares = Shares(LEECHES[0], lambda: known)
    theirs = [piece for piece in range(CLASSES) if not _ours(shares, piece)]
    known.clear()
    assert shares.choose(theirs, True) in theirs


def test_shares_are_about_equal() -> None:
    owners = [_shares(own) for own in LEECHES]
    leads = [sum(_ours(own, piece) for piece in range(CLASSES)) for own in owners]
    assert sum(leads) == CLASSES
    assert min(leads) > CLASSES / len(LEECHES) / 2


def _ours(shares: Shares, piece: int) -> bool:
    """Whether the piece fits better to this leech than to any other."""
    shares.most(1)
    assert shares._leads is not None
    return shares._leads[piece] > 0


def test_a_leech_that_leaves_leaves_its_pieces_to_others() -> None:
    known = LEECHES[:2]
    shares = Shares(LEECHES[0], lambda: known[1:])
    not_ours = next(piece for piece in range(CLASSES) if not _ours(shares, piece))
    del known[1:]
    assert not _ours(shares, not_ours)
    shares.changed()
    assert _ours(shares, not_ours)


def test_alone_any_piece_will_do() -> None:
    shares = Shares(LEECHES[0], list)
    assert (shares.choose([7]), shares.most(3)) == (7, inf)


@pytest.mark.parametrize(("rare", "most"), [(0, 1.0), (10, 1.0), (1000, 1000 * AHEAD / 10)])
def test_a_part_of_ones_share_is_asked_for_at_a_time(rare: int, most: float) -> None:
    assert _shares(LEECHES[3]).most(rare) == most


def test_pieces_of_large_torrents_are_told_apart_by_class() -> None:
    shares, rng = _shares(LEECHES[0]), Random(1)
    for _ in range(20):
        piece = rng.randrange(CLASSES)
        assert shares.choose([piece, piece + CLASSES]) == piece == shares.choose([piece, piece + 5 * CLASSES])


def test_who_is_alone_takes_what_comes_first() -> None:
    """Nobody else asks for it, so nothing is compared: that would cost more than all the rest of the choice."""
    shares = _shares(LEECHES[0], LEECHES[:1])
    assert shares.choose([7, 3, 5]) == 7
    assert not shares.contested
