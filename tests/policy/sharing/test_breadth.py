from __future__ import annotations

from torrentd.policy.sharing.breadth import LOOK, PAUSE, START, Breadth


def _flow(breadth: Breadth, seconds: float, capacity: float, each: float, waiting: int, now: float = 0.0) -> float:
    """Peers that take `each` bytes per second of a link with `capacity`; `waiting` of them want something."""
    end = now + seconds
    while now < end:
        now += 0.125
        served = min(waiting, breadth.width)
        if served < waiting:
            breadth.refused()
        breadth.sent(int(0.125 * min(capacity, served * each)), now)
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
    breadth = Breadth()
    now = _flow(breadth, 4 * LOOK, capacity=1e8, each=1e5, waiting=3)
    breadth.refused()
    breadth.sent(100, now + 60)
    assert breadth.width == START
