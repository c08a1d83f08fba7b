"""Outcomes as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.swarms.outcome import Outcome
from benchmarks.table import aligned

HEAD = (
    "links",
    "leeches",
    "pieces",
    "limit, s",
    "first, s",
    "last, s",
    "last / limit",
    "median / own bound",
    "copies of the seed",
    "CPU, s",
    "us per block",
    "events per block",
)


def lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The whole report."""
    yield from aligned([HEAD, *map(_row, outcomes)])


def _row(outcome: Outcome) -> tuple[str, ...]:
    case = outcome.case
    return (
        case.links,
        f"{case.leeches:,}",
        f"{case.pieces:,}",
        f"{outcome.limit:.1f}",
        f"{min(outcome.completions):.1f}",
        f"{outcome.last:.1f}",
        f"{outcome.ratio:.2f}",
        f"{outcome.typical:.2f}",
        f"{outcome.copies:.2f}",
        f"{outcome.cpu:.1f}",
        f"{outcome.cpu_per_block * 1e6:.0f}",
        f"{outcome.events / outcome.blocks:.1f}",
    )
