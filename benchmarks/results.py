"""Medians of the runs, and torrentd as a ratio of the others."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.case import Measurement
from benchmarks.cases import CASES
from benchmarks.floor import Floor, Loop
from benchmarks.machine import Machine


@dataclass(frozen=True, slots=True)
class Summary:
    """The medians of one client in one case: bytes per second, CPU seconds per GiB, bytes."""

    case: str
    client: str
    runs: int
    rate: float
    rate_after_first: float
    cpu_per_gib: float
    peak_rss: float
    verified: bool
    disturbed: int
    """runs with much foreign CPU"""
    received: float
    """bytes per second of `rate`, where both ways count"""
    lag: float
    """seconds in which 99 of 100 calls were answered, where calls were made"""


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that one call measured. `machine` and `floor` are None when they were not asked for."""

    size: int
    piece_size: int
    measurements: Sequence[Measurement]
    machine: Machine | None
    floor: Floor | None

    def cases(self) -> list[str]:
        """The cases that were measured, in the order of CASES."""
        measured = {measurement.case for measurement in self.measurements}
        return [name for name in CASES if name in measured]

    def of(self, case: str) -> list[Summary]:
        """One summary per client, torrentd first."""
        runs: dict[str, list[Measurement]] = {}
        for measurement in self.measurements:
            if measurement.case == case:
                runs.setdefault(measurement.client, []).append(measurement)
        return [_summary(measured) for measured in runs.values()]

    def floor_of(self, case: str) -> Loop | None:
        """The plain loop to compare a case with, if it was measured."""
        if self.floor is None or CASES[case].both_ways or CASES[case].demands.encrypted:
            return None
        return self.floor.upload if CASES[case].uploads else self.floor.download

    def as_json(self) -> dict[str, Any]:
        """For scripts: every measurement, and what was made of them."""
        return {
            "system": {"python": platform.python_version(), "kernel": platform.release(), "cpu": platform.machine()},
            "size": self.size,
            "piece_size": self.piece_size,
            "machine": asdict(self.machine) if self.machine else None,
            "floor": asdict(self.floor) if self.floor else None,
            "measurements": [asdict(measurement) for measurement in self.measurements],
            "summaries": [asdict(summary) for case in self.cases() for summary in self.of(case)],
        }


def _summary(runs: Sequence[Measurement]) -> Summary:
    return Summary(
        case=runs[0].case,
        client=runs[0].client,
        runs=len(runs),
        rate=median(run.rate for run in runs),
        rate_after_first=median(run.rate_after_first for run in runs),
        cpu_per_gib=median(run.cpu_per_gib for run in runs),
        peak_rss=median(run.peak_rss for run in runs),
        verified=all(run.verified for run in runs),
        disturbed=sum(run.disturbed for run in runs),
        received=median(run.received / run.seconds for run in runs),
        lag=median(run.lag for run in runs),
    )


def all_verified(measurements: Iterable[Measurement]) -> bool:
    """Whether every transfer delivered the right bytes."""
    return all(measurement.verified for measurement in measurements)
