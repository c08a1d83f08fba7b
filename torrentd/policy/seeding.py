"""When a torrent has been seeded enough."""

from __future__ import annotations

from typing import NamedTuple

NEVER = float("inf")


ROUNDING = 0.01
"""Seconds: who looks exactly then shall not be too early by the last bit of a number."""


class Goals(NamedTuple):
    """What is enough; None: no end is set. Seeding ends when the first of them is reached."""

    ratio: float | None = None
    seed_time: float | None = None
    """seconds"""
    idle_time: float | None = None
    """seconds in which nothing was sent or received"""


ENDLESS = Goals()


class Record(NamedTuple):
    """How a torrent was seeded so far."""

    uploaded: int
    """bytes"""
    fetched: int
    """bytes that the ratio refers to: those that were downloaded, or the torrent's own where nothing was"""
    seeding_time: float
    idle: float
    """seconds"""


def reached(goals: Goals, record: Record) -> list[str]:
    """The goals that are reached, by name."""
    measured = {
        "ratio": record.uploaded / record.fetched if record.fetched else 0.0,
        "seed_time": record.seeding_time,
        "idle_time": record.idle,
    }
    aims = goals._asdict()
    return [name for name, value in measured.items() if aims[name] is not None and value >= aims[name]]


def soonest(goals: Goals, record: Record) -> float:
    """Seconds until time alone has reached a goal, if nothing moves; infinity if it does not."""
    left = [
        goal - spent
        for goal, spent in ((goals.seed_time, record.seeding_time), (goals.idle_time, record.idle))
        if goal is not None
    ]
    return max(0.0, min(left, default=NEVER)) + ROUNDING
