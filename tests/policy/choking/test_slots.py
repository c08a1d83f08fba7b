from __future__ import annotations

import pytest

from torrentd.policy.choking.slots import KNOWN, MOST, WORTH, YOUNG, for_leech


@pytest.mark.parametrize(("pieces", "slots"), [(0, 2 * YOUNG), (1, 2 * YOUNG), (5, 5), (KNOWN - 1, 2 * MOST)])
def test_until_it_is_known_what_the_link_sends_there_are_as_many_as_pieces_came(pieces: int, slots: int) -> None:
    assert for_leech(2, pieces, 0.0, known=False, busy=True) == slots


@pytest.mark.parametrize(
    ("rate", "busy", "slots"),
    [
        (0, True, 6),
        (0, False, 8),
        (7 * WORTH, True, 7),
        (5 * WORTH, False, 8),
        (20 * WORTH, False, 20),
        (1000 * WORTH, True, 8 * MOST),
    ],
)
def test_slots_follow_from_what_the_link_sends(rate: float, busy: bool, slots: int) -> None:
    assert for_leech(8, 1000, rate, known=False, busy=busy) == slots


def test_no_more_than_pieces_came_and_never_none() -> None:
    assert for_leech(8, KNOWN, 1000 * WORTH, known=False, busy=False) == KNOWN
    assert for_leech(1, 1000, 0, known=False, busy=True) == 1


def test_of_two_slots_both_stay_for_one_would_leave_none_to_newcomers() -> None:
    assert for_leech(2, 1000, 0, known=True, busy=True) == 2


def test_a_few_large_pieces_do_not_keep_a_slow_link_open_to_many() -> None:
    assert for_leech(8, KNOWN - 1, 0.0, known=True, busy=True) == 6
