"""`python -m benchmarks.swarms [--quick] [--json FILE] [--plot FILE]`: swarms against the fluid limit."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks import plot
from benchmarks.swarms import picture
from benchmarks.swarms.cases import Case, cases
from benchmarks.swarms.outcome import Outcome, facts, measure
from benchmarks.swarms.report import lines


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    options = _parser().parse_args(arguments)
    if options.plot and not plot.possible():
        print("--plot needs matplotlib: pip install -e '.[bench]'", file=sys.stderr)
        return 2
    chosen = [case for case in cases(options.quick) if case.leeches <= options.most]
    outcomes = []
    for outcome in run(chosen, options.seed):
        case = outcome.case
        print(
            f"{case.leeches:,} leeches, {case.pieces:,} pieces, links {case.links}: {outcome.cpu:.0f} s of CPU",
            file=sys.stderr,
        )
        outcomes.append(outcome)
    print("\n".join(lines(outcomes)))
    if options.json:
        Path(options.json).write_text(json.dumps([dict(facts(outcome)) for outcome in outcomes], indent=1) + "\n")
    if options.plot:
        picture.save(outcomes, options.plot)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("benchmarks.swarms", description="Swarms in the simulator against the fluid limit")
    add = parser.add_argument
    add("--quick", action="store_true", help="10 and 50 leeches only")
    add("--most", type=int, default=1000, metavar="LEECHES", help="no swarm with more")
    add("--seed", type=int, default=1, help="of all luck: the same seed, the same swarms")
    add("--json", metavar="FILE", help="all that was noted")
    add("--plot", metavar="FILE", help="a picture")
    return parser


def run(chosen: Sequence[Case], seed: int) -> Iterator[Outcome]:
    """One after the other, each in a process of its own: what one left in memory costs the next nothing."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for case in chosen:
            yield pool.submit(measure, case, seed).result()


if __name__ == "__main__":
    sys.exit(main())
