"""When a torrent has been seeded enough."""

from __future__ import annotations

import pytest

from torrentd.policy.seeding import NEVER, ROUNDING, Goals, Record, reached, soonest

RECORD = Record(uploaded=150, fetched=100, seeding_time=60.0, idle=10.0)


@pytest.mark.parametrize(
    ("goals", "met"),
    [
        (Goals(), []),
        (Goals(ratio=1.5), ["ratio"]),
        (Goals(ratio=1.51), []),
        (Goals(ratio=0), ["ratio"]),
        (Goals(seed_time=60), ["seed_time"]),
        (Goals(seed_time=61, idle_time=10), ["idle_time"]),
        (Goals(1, 1, 1), ["ratio", "seed_time", "idle_time"]),
    ],
)
def test_the_first_goal_ends_it(goals: Goals, met: list[str]) -> None:
    assert reached(goals, RECORD) == met


def test_a_torrent_of_which_nothing_is_wanted_has_no_ratio() -> None:
    assert reached(Goals(ratio=0.1), Record(5, 0, 0.0, 0.0)) == []


@pytest.mark.parametrize(
    ("goals", "seconds"),
    [
        (Goals(ratio=9), NEVER),
        (Goals(seed_time=100), 40),
        (Goals(seed_time=100, idle_time=15), 5),
        (Goals(seed_time=5), 0),
    ],
)
def test_when_time_reaches_it(goals: Goals, seconds: float) -> None:
    assert soonest(goals, RECORD) == (seconds if seconds == NEVER else seconds + ROUNDING)
