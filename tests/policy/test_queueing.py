"""Lines, and who of them may run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.policy.queueing import Contender, Line, Where, admitted


def line(count: int = 5) -> Line:
    made = Line()
    for number in range(count):
        made.add(bytes([number]), float(number))
    return made


def order(of: Line) -> str:
    return "".join(str(member[0]) for member in of.members())


@pytest.mark.parametrize(
    ("movers", "to", "wanted"),
    [
        ("3", "top", "30124"),
        ("0", "top", "01234"),
        ("42", "top", "24013"),
        ("1", "bottom", "02341"),
        ("2", "up", "02134"),
        ("0", "up", "01234"),
        ("01", "up", "01234"),
        ("03", "up", "01324"),
        ("23", "up", "02314"),
        ("2", "down", "01324"),
        ("34", "down", "01234"),
        ("12", "down", "03124"),
        ("0", 2, "12034"),
        ("13", 0, "13024"),
        ("0", 999, "12340"),
        ("01234", 2, "01234"),
        ("", "top", "01234"),
    ],
)
def test_moves(movers: str, to: Where, wanted: str) -> None:
    made = line()
    changed = made.move([bytes([int(one)]) for one in movers], to)
    assert order(made) == wanted
    assert {made.rank(member) for member in changed} == set(changed.values())
    assert [made.position(member) for member in made.members()] == list(range(5))


def test_only_movers_get_a_new_rank() -> None:
    made = line()
    assert set(made.move([b"\3"], 1)) == {b"\3"}


def test_when_no_number_is_left_between_all_get_new_ones() -> None:
    made = line(3)
    for _ in range(100):
        made.move([made.members()[2]], 1)
    assert len({made.rank(member) for member in made.members()}) == 3
    assert order(made) == "012"


Moves = st.lists(
    st.tuples(st.sets(st.integers(0, 7)), st.sampled_from(["top", "up", "down", "bottom"]) | st.integers(0, 9)),
    max_size=12,
)


@given(Moves)
def test_ranks_alone_tell_the_order(moves: list[tuple[set[int], Where]]) -> None:
    made, stored = line(8), {bytes([number]): float(number) for number in range(8)}
    for movers, to in moves:
        stored |= made.move([bytes([one]) for one in movers], to)
    again = Line()
    for member, rank in stored.items():
        again.add(member, rank)
    assert again.members() == made.members()
    assert len(set(made.members())) == 8


def test_who_goes_leaves_no_gap() -> None:
    made = line()
    made.remove(b"\1")
    made.remove(b"\1")
    assert order(made) == "0234"
    assert made.position(b"\4") == 3
    assert b"\1" not in made


def test_the_first_may_run() -> None:
    contenders = [Contender(float(rank)) for rank in (3, 1, 2)]
    assert admitted(contenders, 2) == [False, True, True]
    assert admitted(contenders, 0) == [False] * 3


def test_stalled_and_forced_ones_take_no_place() -> None:
    contenders = [
        Contender(0.0, stalled=True),
        Contender(1.0, forced=True),
        Contender(2.0),
        Contender(3.0),
        Contender(4.0, forced=True),
    ]
    assert admitted(contenders, 1) == [True, True, True, False, True]
