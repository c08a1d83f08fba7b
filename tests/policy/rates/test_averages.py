"""A meter must be right for steady flows, quick at the start, and 0 in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.policy.rates.averages import SHORTEST, WINDOW, RateMeter


def feed(meter: RateMeter, rate: float, start: float, seconds: float, step: float = 0.05) -> float:
    """Add a steady flow; the time at its end."""
    for tick in range(round(seconds / step)):
        meter.add(round(rate * step), start + (tick + 1) * step)
    return start + seconds


def test_nothing_is_zero() -> None:
    meter = RateMeter()
    assert meter.rate(0.0) == 0.0
    assert meter.rate(1e9) == 0.0


@pytest.mark.parametrize("seconds", [1.0, 3.0, 5.0, 7.5, 60.0])
def test_steady_flow(seconds: float) -> None:
    meter = RateMeter()
    now = feed(meter, 1_000_000, 100.0, seconds)
    assert meter.rate(now) == pytest.approx(1_000_000, rel=0.06)


def test_first_read_is_no_huge_rate() -> None:
    meter = RateMeter()
    meter.add(1000, 50.0)
    assert meter.rate(50.0) == 1000 / SHORTEST


def test_change_is_seen_within_a_window() -> None:
    meter = RateMeter()
    now = feed(meter, 1_000_000, 0.0, 30.0)
    now = feed(meter, 100_000, now, 2 * WINDOW)
    assert meter.rate(now) == pytest.approx(100_000, rel=0.05)


def test_silence_falls_to_exactly_zero() -> None:
    meter = RateMeter()
    now = feed(meter, 1_000_000, 0.0, 30.0)
    falling = [meter.rate(now + second) for second in range(11)]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == 0.0


def test_flow_after_silence_starts_anew() -> None:
    meter = RateMeter()
    feed(meter, 1_000_000, 0.0, 10.0)
    now = feed(meter, 50_000, 1000.0, 1.0)
    assert meter.rate(now) == pytest.approx(50_000, rel=0.06)


def test_total_counts_everything() -> None:
    meter = RateMeter()
    meter.add(5, 0.0)
    meter.add(7, 100.0)
    assert meter.total == 12


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.floats(0.0, 20.0)), max_size=40), st.floats(0.0, 20.0))
def test_never_negative_and_never_above_all_bytes(steps: list[tuple[int, float]], later: float) -> None:
    meter, now = RateMeter(), 0.0
    for count, pause in steps:
        now += pause
        meter.add(count, now)
    assert 0.0 <= meter.rate(now + later) <= meter.total / SHORTEST
