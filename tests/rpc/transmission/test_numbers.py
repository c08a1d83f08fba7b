from __future__ import annotations

from twisted.internet.task import Clock

from torrentd.rpc.transmission.numbers import Moments, Numbers


def test_numbers_stay_and_are_not_given_again() -> None:
    numbers = Numbers()
    numbers.sync(["a", "b"])
    assert [numbers.of("a"), numbers.of("b"), numbers.id(2), numbers.id(3)] == [1, 2, "b", None]
    numbers.sync(["b", "c"])
    assert [numbers.of("b"), numbers.of("c"), numbers.id(1)] == [2, 3, None]
    assert numbers.removed(["a", "unheard of"]) == [1]
    numbers.sync(["b", "c", "a"])
    assert numbers.of("a") == 4


def test_what_is_recent() -> None:
    clock = Clock()
    moments = Moments(clock.seconds, 100)
    for revision in range(101, 131):
        clock.advance(5)
        moments.note(revision)
    assert 130 - 13 <= moments.recent <= 130 - 12


def test_after_a_pause_more_is_told_rather_than_less() -> None:
    clock = Clock()
    moments = Moments(clock.seconds, 100)
    clock.advance(3600)
    moments.note(200)
    assert moments.recent == 100
    clock.advance(61)
    moments.note(210)
    assert moments.recent == 200


def test_notes_in_quick_succession_cost_nothing() -> None:
    clock = Clock()
    moments = Moments(clock.seconds, 100)
    for revision in range(101, 10_000):
        clock.advance(0.01)
        moments.note(revision)
    assert moments.recent < 10_000 - 6000 + 600
