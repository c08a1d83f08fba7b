"""The pace is kept, and not made up for."""

from __future__ import annotations

from benchmarks.crowd.pace import Allowance, Turns


def test_each_has_one_turn_in_a_period() -> None:
    turns = Turns(4, 1.0, now=10.0)
    assert [list(turns.due(10.0 + quarters / 4)) for quarters in range(7)] == [[], [0], [1], [2], [3], [0], [1]]


def test_late_turns_come_together_but_those_of_a_round_ago_are_lost() -> None:
    turns = Turns(4, 1.0, now=0.0)
    assert list(turns.due(0.75)) == [0, 1, 2]
    assert list(turns.due(5.0)) == [0, 1, 2, 3]
    assert list(turns.due(5.25)) == [0]


def test_an_allowance_is_saved_up_to_its_bound() -> None:
    allowance = Allowance(2)
    for _ in range(3):
        allowance.turn()
    assert allowance.left == 2
