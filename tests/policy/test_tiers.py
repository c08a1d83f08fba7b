"""BEP 12's order, and back-off within its bounds."""

from __future__ import annotations

from random import Random

import pytest

from torrentd.policy.tiers import (
    DEFAULT_INTERVAL,
    FIRST_BACK_OFF,
    JITTER,
    LONGEST_BACK_OFF,
    LONGEST_INTERVAL,
    NEVER,
    SHORTEST_INTERVAL,
    Tiers,
    Tracker,
    back_off,
    clamp,
)


def urls(tiers: Tiers) -> list[str]:
    return [tracker.url for tracker in tiers]


def test_each_tier_is_shuffled_on_its_own() -> None:
    orders = set()
    for seed in range(50):
        tiers = Tiers([["a", "b", "c"], ["d"], ["e", "f"]], Random(seed))
        order = "".join(urls(tiers))
        assert sorted(order[:3]) == ["a", "b", "c"]
        assert order[3] == "d"
        orders.add(order)
    assert len(orders) == 12


def test_tiers_are_numbered_without_gaps_and_urls_stand_once() -> None:
    tiers = Tiers([["a", "a"], [], ["a", "b"], ["b"], ["c"]], Random(1))
    assert [(tracker.url, tracker.tier) for tracker in tiers] == [("a", 0), ("b", 1), ("c", 2)]
    assert len(tiers) == 3
    assert [tracker.url for tracker in tiers.fronts()] == ["a", "b", "c"]


def test_promotion_is_within_the_tier() -> None:
    tiers = Tiers([["a"], ["b", "c", "d"]], Random(1))
    last = list(tiers)[-1]
    others = urls(tiers)[1:-1]
    tiers.promote(last)
    assert urls(tiers) == ["a", last.url, *others]


def test_replacing_keeps_what_is_known_of_those_that_remain() -> None:
    tiers = Tiers([["a"], ["b"]], Random(1))
    a, b = tiers
    b.failures = 3
    removed = tiers.replace([["c"], ["b", "d"]], Random(1))
    assert removed == [a]
    assert tiers.find("b") is b
    assert (b.failures, b.tier) == (3, 1)
    assert tiers.find("a") is None


def test_back_off_doubles_within_its_jitter_up_to_an_hour() -> None:
    rng = Random(1)
    for failures in range(1, 20):
        nominal = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** (failures - 1))
        waits = [back_off(failures, rng) for _ in range(200)]
        assert nominal * (1 - JITTER) <= min(waits) < max(waits) <= nominal * (1 + JITTER)
    assert back_off(10**6, rng) <= LONGEST_BACK_OFF * (1 + JITTER)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, DEFAULT_INTERVAL),
        (float("nan"), DEFAULT_INTERVAL),
        (0, SHORTEST_INTERVAL),
        (-1, SHORTEST_INTERVAL),
        (900, 900),
        (2**63, LONGEST_INTERVAL),
        (float("inf"), LONGEST_INTERVAL),
    ],
)
def test_intervals_are_clamped(said: float | None, meant: float) -> None:
    assert clamp(said, DEFAULT_INTERVAL) == meant


def test_a_failure_is_remembered_until_a_success() -> None:
    tracker, rng = Tracker("a", 0), Random(1)
    tracker.failed(100.0, "no route", None, rng)
    assert (tracker.status, tracker.message, tracker.failures) == ("failed", "no route", 1)
    assert tracker.next_announce == tracker.retry_at > 100.0
    tracker.succeeded(200.0, 900, 300, b"id")
    assert (tracker.status, tracker.message, tracker.failures, tracker.retry_at) == ("working", "", 0, 0.0)
    assert (tracker.not_before, tracker.next_announce, tracker.tracker_id) == (500.0, 1100.0, b"id")
    tracker.succeeded(300.0, None, None)
    assert tracker.tracker_id == b"id", "a tracker id is kept until another is given"


@pytest.mark.parametrize(
    ("said", "wait"), [(600.0, 600.0), (0.0, SHORTEST_INTERVAL), (1e12, LONGEST_INTERVAL), (NEVER, NEVER)]
)
def test_what_the_tracker_says_about_coming_back_counts(said: float, wait: float) -> None:
    tracker = Tracker("a", 0)
    tracker.failed(100.0, "overloaded", said, Random(1))
    assert tracker.retry_at == 100.0 + wait
    assert (tracker.next_announce is None) == (wait == NEVER)
