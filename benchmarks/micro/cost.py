"""How one operation is measured, and when its cost is said to grow.

A subject is a generator: it sets up a world of the given size, and from then on each step does some milliseconds of
work and yields the seconds per unit that it took. Steps during which another program had the CPU are left out; of the
others the mean counts, since some have less to do than others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TypeAlias

Samples: TypeAlias = Iterator[float]
Worlds: TypeAlias = Mapping[str, tuple[int, ...]]
"""Dimension to sizes, ascending."""

ROUND = 0.003
"""Seconds of one step: long against the clock's resolution, short against the time that the kernel gives to others."""

INTERRUPTED = 1.05
"""A step was interrupted if it took so many times the CPU time that it used."""

EFFORT = 0.25
"""Seconds of steps for each cost."""

ENOUGH = 3
"""Samples, however long they take; and times the effort after which interrupted ones have to do."""

GROWS = 2.5
"""A cost grows that is so many times larger in the largest world than in the smallest, 50 or 100 times as large. Less
happens by itself: lists that leave the caches cost up to twice as much to look into."""

MUST_NOT_GROW = ("pieces", "torrents")
"""What the path of a block may not depend on."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One operation. `samples(**{dimension: n})` measures it in a world that is `n` large in one dimension."""

    name: str
    unit: str
    samples: Callable[..., Samples]
    worlds: Worlds
    for_each_block: bool = False
    """it is done for each block, or for each piece, of a transfer"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds per unit by size of the world in one dimension."""

    name: str
    unit: str
    dimension: str
    seconds: dict[int, float]
    for_each_block: bool

    @property
    def growth(self) -> float:
        """The cost in the largest world as a multiple of that in the smallest."""
        costs = list(self.seconds.values())
        return costs[-1] / costs[0]

    @property
    def alarming(self) -> bool:
        """Something for each block grows with what it must not depend on."""
        return self.for_each_block and self.dimension in MUST_NOT_GROW and self.growth >= GROWS


def measure(subject: Subject, effort: float = EFFORT) -> Iterator[Cost]:
    """The costs of a subject, one per dimension."""
    for dimension, sizes in subject.worlds.items():
        seconds = {size: typical(subject.samples(**{dimension: size}), effort) for size in sizes}
        yield Cost(subject.name, subject.unit, dimension, seconds, subject.for_each_block)


def typical(samples: Samples, effort: float) -> float:
    """The mean of the uninterrupted samples of `effort` seconds, at least ENOUGH; the first only warms up.

    When all were interrupted, the least of them.
    """
    next(samples)
    began = time.perf_counter()
    calm: list[float] = []
    every: list[float] = []
    while (spent := time.perf_counter() - began) < effort or len(calm) < ENOUGH:
        cpu, wall = time.thread_time(), time.perf_counter()
        every.append(next(samples))
        if time.perf_counter() - wall < INTERRUPTED * (time.thread_time() - cpu):
            calm.append(every[-1])
        if spent > effort * ENOUGH and len(every) >= ENOUGH:
            break
    return fmean(calm) if calm else min(every)


def repeated(run: Callable[[], object], units: int) -> Samples:
    """Samples of something that can be done again and again; one call does `units` units."""
    while True:
        calls, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < ROUND:
            run()
            calls += 1
        yield spent / (calls * units)
