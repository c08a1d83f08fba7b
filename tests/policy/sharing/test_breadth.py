from __future__ import annotations

from torrentd.policy.sharing.breadth import LOOK, PAUSE, START, Breadth

SERVE = 1e4
"""Bytes."""


def _flow(breadth: Breadth, seconds: float, capacity: float, each: float, waiting: int, now: float = 0.0) -> float:
    """Peers that take `each` bytes per second of a link with `capacity`; `waiting` of them want something."""
    end, under_way = now + seconds, list[float]()
    while now < end:
        served = min(waiting, breadth.width)
        if served < waiting:
            breadth.refused()
        while len(under_way) < served:
            under_way.append(now + SERVE / min(each, capacity / served))
        now = min(under_way)
        under_way.remove(now)
        breadth.sent(int(SERVE), now)
    return now


def test_slow_peers_on_a_fast_link_are_served_all_at_once() -> None:
    breadth = Breadth()
    _flow(breadth, 10 * LOOK, capacity=1e8, each=1e5, waiting=40)
    assert breadth.width >= 40


def test_a_link_that_a_few_fill_is_left_to_a_few() -> None:
    breadth = Breadth()
    widths = set()
    now = 0.0
    while now < 3 * PAUSE:
        now = _flow(breadth, LOOK, capacity=1e6, each=1e6, waiting=40, now=now)
        widths.add(breadth.width)
    assert breadth.width == START
    assert widths == {START, 2 * START}  # now and then more are tried


def test_nobody_who_waits_is_no_reason_for_more() -> None:
    breadth = Breadth()
    _flow(breadth, 10, capacity=1e8, each=1e5, waiting=START)
    assert breadth.width == START


def test_silence_is_no_measurement() -> None:
    """It would seem that hardly anything flowed before."""
    breadth = Breadth()
    now = _flow(breadth, LOOK / 2, capacity=1e6, each=1e6, waiting=40)
    breadth.measure_from(now + 60)
    _flow(breadth, LOOK * 2.5, capacity=1e6, each=1e6, waiting=40, now=now + 60)
    assert breadth.width == START


def test_nothing_is_judged_before_as_many_were_served_as_may_be_at_a_time() -> None:
    """Those far away take long: none of them may have got anything in the time of a look."""
    breadth = Breadth()
    widths = []
    for number in range(2 * START):
        breadth.refused()
        breadth.sent(int(SERVE), 3 * LOOK * (1 + number))
        widths.append(breadth.width)
    assert widths == [START] * (START - 1) + [2 * START] * (START + 1)
