"""`python -m benchmarks.micro [--json FILE] [--effort SECONDS] [NAME...]`: every cost, and a word on what grows."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.alone import machine_to_ourselves, wait_for_quiet
from benchmarks.micro import blocklist, choices, listing, swarms, wire
from benchmarks.micro.cost import EFFORT, GROWS, Cost, Subject, measure
from benchmarks.table import aligned

SUBJECTS: tuple[Subject, ...] = (
    *wire.SUBJECTS,
    *swarms.SUBJECTS,
    *choices.SUBJECTS,
    *listing.SUBJECTS,
    *blocklist.SUBJECTS,
)

HEAD = ("what", "per", "in worlds of", "microseconds", "growth", "")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 if something on the path of a block grows with pieces or torrents."""
    parser = argparse.ArgumentParser("benchmarks.micro", description="What single operations cost, and what grows")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only subjects whose name begins with one of these")
    parser.add_argument("--effort", type=float, default=EFFORT, help=f"seconds for each cost; {EFFORT}")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    chosen = [subject for subject in SUBJECTS if subject.name.startswith(tuple(options.names) or "")]
    with machine_to_ourselves():
        wait_for_quiet()
        costs = [cost for subject in chosen for cost in measure(subject, options.effort)]
    print("\n".join(lines(costs)))
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(cost) for cost in costs], indent=1) + "\n")
    return int(any(cost.alarming for cost in costs))


def lines(costs: Sequence[Cost]) -> Iterator[str]:
    """The table, and what is wrong."""
    yield from aligned([HEAD, *map(_row, costs)])
    yield ""
    alarming = [f"{cost.name} (by {cost.dimension})" for cost in costs if cost.alarming]
    if alarming:
        yield f"GROWS on the path of a block, {GROWS:g} times or more: {', '.join(alarming)}"
    else:
        yield "nothing on the path of a block grows with pieces or torrents"


def _row(cost: Cost) -> tuple[str, ...]:
    by_size = ",  ".join(f"{size:,}: {seconds * 1e6:.3g}" for size, seconds in cost.seconds.items())
    mark = "GROWS" if cost.alarming else "path of a block" if cost.for_each_block else ""
    return cost.name, cost.unit, cost.dimension, by_size, f"{cost.growth:.2f} x", mark


if __name__ == "__main__":
    sys.exit(main())
