"""Outcomes as one picture: time and copies over the number of leeches, CPU over leeches and over pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.plot import COLOURS, DPI
from benchmarks.swarms.cases import ALIKE, CROWDS, MIXED
from benchmarks.swarms.outcome import Outcome

PANEL = (4.2, 3.0)
"""Inches."""

SMALLEST = min(CROWDS)


def save(outcomes: Sequence[Outcome], path: str) -> None:
    """Write it as PNG, or what the suffix of `path` says."""
    from matplotlib.figure import Figure  # not at the top: see benchmarks.plot.possible

    figure = Figure(figsize=(2 * PANEL[0], 2 * PANEL[1]), layout="constrained")
    (times, copies), (by_leeches, by_pieces) = figure.subplots(2, 2)
    _by_leeches(times, outcomes, "last completion, in fluid limits", lambda outcome: outcome.ratio)
    _by_leeches(
        copies, outcomes, "copies that the seed sent before\nthe swarm held one", lambda outcome: outcome.copies
    )
    _by_leeches(by_leeches, outcomes, "CPU, us per block moved", lambda outcome: outcome.cpu_per_block * 1e6)
    few = sorted(with_pieces(outcomes), key=lambda outcome: outcome.case.pieces)
    pieces = [outcome.case.pieces for outcome in few]
    by_pieces.plot(pieces, [outcome.cpu_per_block * 1e6 for outcome in few], "o-", color=COLOURS[0])
    _panel(by_pieces, f"CPU, us per block moved, {SMALLEST} leeches", "pieces", pieces)
    for panel in (times, copies):
        panel.axhline(1.0, color="black", linewidth=0.8, linestyle="--")
    figure.savefig(path, dpi=DPI)


def crowds(outcomes: Sequence[Outcome], links: str) -> list[Outcome]:
    """Those that differ in the number of leeches."""
    return [
        outcome
        for outcome in outcomes
        if outcome.case.links == links and CROWDS.get(outcome.case.leeches) == outcome.case.pieces
    ]


def with_pieces(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that differ in the number of pieces."""
    return [outcome for outcome in outcomes if outcome.case.links == ALIKE and outcome.case.leeches == SMALLEST]


def _by_leeches(panel: Any, outcomes: Sequence[Outcome], title: str, value: Callable[[Outcome], float]) -> None:
    for links, colour in ((ALIKE, COLOURS[0]), (MIXED, COLOURS[2])):
        some = crowds(outcomes, links)
        leeches = [outcome.case.leeches for outcome in some]
        panel.plot(leeches, [value(outcome) for outcome in some], "o-", color=colour, label=f"links {links}")
    _panel(panel, title, "leeches", sorted({outcome.case.leeches for outcome in outcomes}))
    panel.legend(fontsize=7, frameon=False)


def _panel(panel: Any, title: str, unit: str, ticks: Sequence[int]) -> None:
    panel.set_title(title, loc="left", fontsize=9)
    panel.set_xscale("log")
    panel.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    panel.minorticks_off()
    panel.set_xlabel(unit, fontsize=8)
    panel.set_ylim(bottom=0, auto=True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=7)
