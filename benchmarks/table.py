"""Results as text: Markdown tables that are also readable as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.cases import CASES
from benchmarks.floor import Loop
from benchmarks.machine import Machine
from benchmarks.results import Results, Summary
from benchmarks.sizes import KIB, MIB

Row = Sequence[str]


def lines(results: Results) -> Iterator[str]:
    """The whole report."""
    for case in results.cases():
        summaries = results.of(case)
        size = results.size // CASES[case].share // MIB
        runs = summaries[0].runs
        yield f"{case}: {CASES[case].title}; {size} MiB in pieces of {results.piece_size // KIB} KiB, median of {runs}"
        yield ""
        yield from aligned([CASE_HEAD, *case_rows(summaries, results.floor_of(case))])
        yield ""
        yield from _warnings(summaries)
    if results.machine is not None:
        yield "limits of this machine, in the same run"
        yield ""
        yield from aligned([("what", "GB/s", "CPU s/GiB"), *_limit_rows(results, results.machine)])
        yield ""


CASE_HEAD = ("", "MB/s", "MB/s after first byte", "CPU s/GiB", "peak RSS MiB")


def case_rows(summaries: Sequence[Summary], floor: Loop | None) -> Iterator[Row]:
    """One row per client, then torrentd (the first) as a ratio of each other and of the floor."""
    for summary in summaries:
        yield (
            summary.client,
            f"{summary.rate / 1e6:.0f}",
            f"{summary.rate_after_first / 1e6:.0f}",
            f"{summary.cpu_per_gib:.2f}",
            f"{summary.peak_rss / MIB:.0f}",
        )
    first, *others = summaries
    for other in others:
        yield (
            f"{first.client} / {other.client}",
            _ratio(first.rate, other.rate),
            _ratio(first.rate_after_first, other.rate_after_first),
            _ratio(first.cpu_per_gib, other.cpu_per_gib),
            _ratio(first.peak_rss, other.peak_rss),
        )
    if floor is not None:
        yield f"{first.client} / floor", "", "", _ratio(first.cpu_per_gib, floor.cpu_per_gib), ""


def aligned(rows: Sequence[Row]) -> Iterator[str]:
    """A Markdown table with columns of equal width; numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell.rjust(width) if index else cell.ljust(width) for index, (cell, width) in _cells(row, widths)]
        yield f"| {' | '.join(cells)} |"
        if not number:
            yield "|".join(
                ["", *("-" * (width + 1) + (":" if index else "-") for index, width in enumerate(widths)), ""]
            )


def _cells(row: Row, widths: Sequence[int]) -> Iterator[tuple[int, tuple[str, int]]]:
    return enumerate(zip(row, widths, strict=True))


def _limit_rows(results: Results, machine: Machine) -> Iterator[Row]:
    yield "SHA-1, one core", f"{machine.sha1 / 1e9:.2f}", ""
    yield f"SHA-1, {machine.cores} cores", f"{machine.sha1_all / 1e9:.2f}", ""
    yield "memcpy", f"{machine.memcpy / 1e9:.1f}", ""
    yield "loopback TCP into a reused buffer", f"{machine.loopback / 1e9:.2f}", f"{machine.loopback_cpu:.2f}"
    if results.floor is not None:
        down, up = results.floor.download, results.floor.upload
        yield "floor, leech: receive, hash, write", f"{down.rate / 1e9:.2f}", f"{down.cpu_per_gib:.2f}"
        yield "floor, seed: preadv, sendmsg", f"{up.rate / 1e9:.2f}", f"{up.cpu_per_gib:.2f}"


def _warnings(summaries: Sequence[Summary]) -> Iterator[str]:
    for summary in summaries:
        if not summary.verified:
            yield f"WRONG CONTENT: what {summary.client} transferred is not what was to be transferred"
        if summary.disturbed:
            yield f"disturbed: {summary.disturbed} of {summary.runs} runs of {summary.client} shared the CPUs"
    if any(summary.disturbed or not summary.verified for summary in summaries):
        yield ""


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.2f} x" if other else "-"
