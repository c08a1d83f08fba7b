"""Results as text: Markdown tables that are also readable as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.cases import CASES
from benchmarks.floor import Loop
from benchmarks.machine import Machine
from benchmarks.results import Results, Summary
from benchmarks.sizes import GIB, KIB, MIB

Row = Sequence[str]


def lines(results: Results) -> Iterator[str]:
    """The whole report."""
    for case in results.cases():
        summaries = results.of(case)
        size = results.size // CASES[case].share // MIB
        runs = summaries[0].runs
        yield f"{case}: {CASES[case].title}; {size} MiB in pieces of {results.piece_size // KIB} KiB, median of {runs}"
        yield ""
        columns = BOTH_WAYS if CASES[case].both_ways else ONE_WAY
        rows = case_rows(columns, summaries, results.floor_of(case))
        yield from aligned([_head(columns), *rows, *_beside_rows(columns, summaries, results)])
        yield ""
        yield from _warnings(summaries)
    if results.machine is not None:
        yield "limits of this machine, in the same run"
        yield ""
        yield from aligned([("what", "GB/s", "CPU s/GiB"), *_limit_rows(results, results.machine)])
        yield ""


class Column(NamedTuple):
    """What is told of each client."""

    head: str
    value: Callable[[Summary], float]
    digits: int


RATE = Column("MB/s", lambda summary: summary.rate / 1e6, 0)
CPU = Column("CPU s/GiB", lambda summary: summary.cpu_per_gib, 2)
PEAK_RSS = Column("peak RSS MiB", lambda summary: summary.peak_rss / MIB, 0)
ONE_WAY = (RATE, Column("MB/s after first byte", lambda summary: summary.rate_after_first / 1e6, 0), CPU, PEAK_RSS)
BOTH_WAYS = (
    RATE,
    Column("of it received", lambda summary: summary.received / 1e6, 0),
    CPU,
    PEAK_RSS,
    Column("lag p99 ms", lambda summary: summary.lag * 1e3, 1),
)


def _head(columns: Sequence[Column]) -> Row:
    return "", *(column.head for column in columns)


def case_rows(columns: Sequence[Column], summaries: Sequence[Summary], floor: Loop | None) -> Iterator[Row]:
    """One row per client, then torrentd (the first) as a ratio of each other and of the floor."""
    for summary in summaries:
        yield summary.client, *(f"{column.value(summary):.{column.digits}f}" for column in columns)
    first, *others = summaries
    for other in others:
        ratios = (_ratio(column.value(first), column.value(other)) for column in columns)
        yield f"{first.client} / {other.client}", *ratios
    if floor is not None:
        costs = (_ratio(first.cpu_per_gib, floor.cpu_per_gib) if column is CPU else "" for column in columns)
        yield f"{first.client} / floor", *costs


def _beside_rows(columns: Sequence[Column], summaries: Sequence[Summary], results: Results) -> Iterator[Row]:
    """Each client as a ratio of itself in the case that this one is compared with, if that was measured."""
    plain = {summary.client: summary for summary in results.of(CASES[summaries[0].case].beside)}
    for summary in summaries:
        other = plain.get(summary.client)
        if other is not None:
            ratios = (_ratio(column.value(summary), column.value(other)) for column in columns)
            yield f"{summary.client} / its {other.case}", *ratios


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
    yield "RC4 in place, one core", f"{machine.rc4 / 1e9:.2f}", f"{GIB / machine.rc4:.2f}"
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
