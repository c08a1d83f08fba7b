"""`python -m tests.scenarios.stories`, or `make sim`: many random stories, or one of them again."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from random import SystemRandom

from hypothesis import Phase

from tests.scenarios.stories.generate import story_of, with_seed
from tests.scenarios.stories.tell import replay_of, tell

SEEDS = 50
FRESH = 10**9
"""seeds to choose from"""

TIME = 300
"""Seconds of a story, hundreds of times what one needs: who takes longer is caught in a loop."""

EVERY = 25
"""stories between two lines that say how far we are"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 if something was found."""
    options = _parser().parse_args(arguments)
    if options.seed is not None:
        return _one(options.seed, options.shrink)
    luck = SystemRandom()
    return _many([luck.randrange(FRESH) for _ in range(options.seeds)], options.jobs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.scenarios.stories", description="Random stories in the simulator")
    add = parser.add_argument
    add("--seeds", type=int, default=SEEDS, help=f"so many fresh ones; {SEEDS}")
    add("--jobs", type=int, default=os.cpu_count(), help="stories told at the same time; as many as there are cores")
    add("--seed", type=int, help="this one only")
    add(
        "--shrink",
        action="store_true",
        help="with --seed: look for the simplest story that fails, for up to five minutes",
    )
    return parser


def _one(seed: int, shrink: bool) -> int:
    problem = None
    if shrink:
        try:
            with_seed(seed, tell, Phase.shrink)
        except Exception as error:
            problem = _words(error)
    else:
        print(story_of(seed))
        problem = attempt(seed)
    print(problem or "nothing is wrong")
    return int(problem is not None)


def attempt(seed: int) -> str | None:
    """Tell the story of this seed; what is wrong, in words, with all that is known of it."""
    signal.signal(signal.SIGALRM, _caught)
    signal.alarm(TIME)
    try:
        tell(story_of(seed), replay_of(seed))
    except Exception as error:
        return _words(error)
    finally:
        signal.alarm(0)
    return None


def _caught(*_: object) -> None:
    raise TimeoutError(f"not over after {TIME} s of real time")


def _words(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def _many(seeds: Sequence[int], jobs: int) -> int:
    failed = []
    for count, (seed, problem) in enumerate(_all(seeds, jobs), start=1):
        if problem is not None:
            failed.append(seed)
            print(f"\n=== seed {seed}; replay with {replay_of(seed)}\n{problem}", flush=True)
        if not count % EVERY or count == len(seeds):
            print(f"{count} of {len(seeds)} stories told, {len(failed)} went wrong", flush=True)
    if failed:
        print("failed:", *failed)
    return int(bool(failed))


def _all(seeds: Sequence[int], jobs: int) -> Iterator[tuple[int, str | None]]:
    """In the order in which they end."""
    with ProcessPoolExecutor(jobs) as pool:
        told = {pool.submit(attempt, seed): seed for seed in seeds}
        for future in as_completed(told):
            yield told[future], future.result()


if __name__ == "__main__":
    sys.exit(main())
