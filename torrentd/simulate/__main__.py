"""`python -m torrentd.simulate`: a flash crowd in a simulated world."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from torrentd.model.sizes import parse_size
from torrentd.simulate.crowd import Crowd, Plan
from torrentd.simulate.internet.links import Link
from torrentd.simulate.report import as_json, as_text
from torrentd.simulate.swarm import SimulationError, Swarm
from torrentd.simulate.torrents import MIN_PIECE

LINES = 20
"""Lines of the timeline, about, if all goes well."""

PATIENCE = 100
"""Fluid limits after which a swarm counts as stuck,"""

AT_LEAST = 600.0
"""and seconds that it has in any case: trackers and peers are asked again after minutes."""

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    options = _parser().parse_args(arguments)
    leech = Link(up=options.rate, down=options.down, latency=options.latency / 2, loss=options.loss)
    seed = Link(up=options.seed_rate or options.rate, latency=options.latency / 2, loss=options.loss)
    plan = Plan([seed] * options.seeds, [leech] * options.leeches, options.size, options.piece_size)
    crowd = Crowd(Swarm(options.seed), plan)
    try:
        crowd.run(AT_LEAST + PATIENCE * plan.limit, looks=max(0.1, plan.limit / LINES))
    except SimulationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write((as_json(crowd) if options.json else as_text(crowd)) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m torrentd.simulate",
        description="Leeches that all come at once download from seeds, in a simulated world. "
        "Sizes and rates are written like 500k, 1GiB or 10MB/s.",
    )
    add = parser.add_argument
    add("--seeds", type=_whole("at least one"), default=1, help="who has everything (default 1)")
    add("--leeches", type=_whole("at least one"), default=10, help="who has nothing (default 10)")
    add("--size", type=_checked(_amount), default=64 * 1024 * 1024, help="of the torrent (default 64MiB)")
    add("--rate", type=_checked(_amount), default=1_000_000, help="upload of everybody (default 1MB/s)")
    add("--down", type=_checked(_amount), help="download of a leech (default: no limit)")
    add("--seed-rate", type=_checked(_amount), help="upload of a seed (default: as everybody)")
    add("--piece-size", type=_checked(_piece_size), help="a power of two from 16KiB on (default: as usual)")
    add("--latency", type=float, default=0.02, help="seconds from host to host (default 0.02)")
    add("--loss", type=_share, default=0.0, help="share of the packets that each link loses (default 0)")
    add("--seed", type=int, default=1, help="of all luck (default 1): the same seed, the same run")
    add("--json", action="store_true", help="print ratio, limit, completions, copies_sent and digest as JSON")
    return parser


def _whole(words: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if value < 1:
            raise argparse.ArgumentTypeError(words)
        return value

    return read


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 0.5:
        raise argparse.ArgumentTypeError("a share of packets from 0 to 0.5")
    return value


def _amount(text: str) -> int:
    amount = parse_size(text)
    if not amount:
        raise ValueError("nothing would ever be done with 0 bytes")
    return amount


def _piece_size(text: str) -> int:
    size = parse_size(text)
    if size < MIN_PIECE or size & (size - 1):
        raise ValueError("a piece size is a power of two from 16KiB on")
    return size


def _checked(read: Callable[[str], T]) -> Callable[[str], T]:
    """ValueError's words reach the user."""

    def checked(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


if __name__ == "__main__":
    sys.exit(main())
