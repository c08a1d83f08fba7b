"""torrentd against libtorrent, in one interleaved run, as ratios.

make bench                                          about two minutes
make bench ARGS='--cases A --runs 5 --plot a.png'
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import content, floor, machine, plot, table
from benchmarks.alone import machine_to_ourselves, wait_for_quiet
from benchmarks.case import Case, Ground, Measurement
from benchmarks.cases import CASES
from benchmarks.clients import Kind, LibtorrentKind, TorrentdKind
from benchmarks.content import Content
from benchmarks.results import Results, all_verified
from benchmarks.sizes import GIB, KIB, MIB

DEFAULT_CASES = "A,B"
DEFAULT_RUNS = 3
TMPFS = "/dev/shm"
ROOM = 3.0
"""Times the content's size that must be free in tmpfs: source, copy, and some air."""

UNITS = {"k": KIB, "m": MIB, "g": GIB}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 if some content was wrong, 2 if nothing could be measured."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that everything is cleaned up
    try:
        with machine_to_ourselves(), _area(options.size) as area:
            results = _measure(options, area)
    except (OSError, RuntimeError, TimeoutError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    print("\n".join(table.lines(results)))
    if options.json:
        Path(options.json).write_text(json.dumps(results.as_json(), indent=1) + "\n")
    if options.plot:
        plot.save(results, options.plot)
    return 0 if all_verified(results.measurements) else 1


def _measure(options: argparse.Namespace, area: Path) -> Results:
    limits = loops = None
    if options.limits:
        _progress("limits of the machine")
        wait_for_quiet()
        limits, loops = machine.measure(), floor.measure(area, options.size)
    kinds: list[Kind] = [TorrentdKind(options.twistd), LibtorrentKind()]
    measurements = []
    contents = {share: _content(area, options, share) for share in {case.share for case in options.cases}}
    for run in range(options.runs):
        for case in options.cases:
            for kind in kinds:  # side by side, so that the machine's moods hit all alike
                measurement = _measured(case, kind, contents[case.share], Ground(area))
                _progress(f"run {run + 1} of {options.runs}: {_words(measurement)}")
                measurements.append(measurement)
    return Results(options.size, options.piece, measurements, limits, loops)


def _measured(case: Case, kind: Kind, made: Content, ground: Ground) -> Measurement:
    """One transfer. A disturbed one is done again, once: after that, this is how the machine is."""
    first = case.run(case, kind, made, ground)
    if not first.disturbed:
        return first
    _progress(f"again, for it was disturbed: {_words(first)}")
    return min(first, case.run(case, kind, made, ground), key=lambda measured: measured.foreign)


def _content(area: Path, options: argparse.Namespace, share: int) -> Content:
    return content.make(area / f"source{share}", options.size // share, options.piece)


def _words(measured: Measurement) -> str:
    return (
        f"{measured.case} {measured.client}: {measured.rate / 1e6:.0f} MB/s, {measured.cpu_per_gib:.2f} CPU s/GiB, "
        f"foreign CPU {measured.foreign:.2f} s" + ("" if measured.verified else ", WRONG CONTENT")
    )


@contextmanager
def _area(size: int) -> Iterator[Path]:
    """A folder in tmpfs with enough room, removed at the end. OSError without the room."""
    free = shutil.disk_usage(TMPFS).free
    if free < size * ROOM:
        raise OSError(
            f"{TMPFS} has {free // MIB} MiB free, {int(size * ROOM) // MIB} are needed: choose a smaller --size"
        )
    with tempfile.TemporaryDirectory(prefix="torrentd-bench-", dir=TMPFS) as area:
        yield Path(area)


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks", description="torrentd against libtorrent, as ratios")
    installed = Path(sys.prefix) / "bench" / "bin" / "twistd"
    parser.add_argument("--cases", type=_cases, default=DEFAULT_CASES, help=f"of {','.join(CASES)}; {DEFAULT_CASES}")
    parser.add_argument("--runs", type=int, default=DEFAULT_RUNS, help=f"of each client in each case; {DEFAULT_RUNS}")
    parser.add_argument("--size", type=_size, default=GIB, help="of the content; 1g")
    parser.add_argument("--piece", type=_size, default=256 * KIB, help="size of a piece, a power of two; 256k")
    parser.add_argument("--json", metavar="FILE", help="write every measurement")
    parser.add_argument("--plot", metavar="FILE.png", help="draw a picture; needs matplotlib")
    parser.add_argument("--no-limits", dest="limits", action="store_false", help="only the transfers")
    parser.add_argument("--twistd", type=Path, default=installed, help=f"of the torrentd to measure; {installed}")
    options = parser.parse_args(arguments)
    options.twistd = options.twistd.absolute()  # it runs in a folder of its own
    if options.plot and not plot.possible():
        parser.error("--plot needs matplotlib: pip install matplotlib")
    if not options.twistd.exists():
        parser.error(f"{options.twistd} does not exist: `make bench` installs it, or name one with --twistd")
    return options


def _cases(text: str) -> list[Case]:
    try:
        return [CASES[name] for name in text.split(",")]
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"there is no case {error}") from None


def _size(text: str) -> int:
    unit = UNITS.get(text[-1:].lower(), 1)
    return int(text[:-1] if unit > 1 else text) * unit


if __name__ == "__main__":
    sys.exit(main())
