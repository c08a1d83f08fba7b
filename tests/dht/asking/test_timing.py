from __future__ import annotations

from torrentd.dht.asking.timing import FIRST, LONGEST, SHORTEST, SHORTEST_LOST, Timing


def measured(*seconds: float) -> Timing:
    timing = Timing()
    for value in seconds:
        timing.measured(value)
    return timing


def test_before_anything_was_measured():
    assert Timing().slow == FIRST


def test_steady_answers_shorten_the_wait():
    assert measured(*[0.1] * 50).slow == SHORTEST


def test_scattered_answers_lengthen_it():
    assert 0.5 < measured(*[0.1, 0.5] * 50).slow < 1.5


def test_bounds():
    assert measured(*[60.0] * 10).slow == LONGEST
    assert measured(*[0.001] * 10).slow == SHORTEST
    assert measured(*[0.001] * 10).lost == SHORTEST_LOST
    assert measured(*[60.0] * 10).lost == 4 * LONGEST
