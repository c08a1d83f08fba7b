"""Results as one picture: for each case the rate and the CPU of every client, the machine's limits as lines."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from benchmarks.cases import CASES
from benchmarks.results import Results, Summary

COLOURS = ("#2563eb", "#9ca3af", "#d97706", "#059669")
"""torrentd first; the others step back"""

BAR = 0.6
DPI = 150
PANEL = (4.2, 1.9)
"""Inches of one panel."""


def possible() -> bool:
    """Whether matplotlib is installed: a picture is the only thing that needs it."""
    return find_spec("matplotlib") is not None


def save(results: Results, path: str) -> None:
    """Write the picture as PNG, or what the suffix of `path` says."""
    from matplotlib.figure import Figure  # not at the top: see `possible`

    cases = results.cases()
    figure = Figure(figsize=(2 * PANEL[0], len(cases) * PANEL[1] + 0.4), layout="constrained")
    panels = figure.subplots(len(cases), 2, squeeze=False)
    for case, (rates, costs) in zip(cases, panels, strict=True):
        summaries = results.of(case)
        _bars(rates, summaries, [summary.rate / 1e6 for summary in summaries], "{:.0f}")
        _bars(costs, summaries, [summary.cpu_per_gib for summary in summaries], "{:.2f}")
        rates.set_title(f"{case}: {CASES[case].title}\nMB/s, more is better", loc="left", fontsize=9)
        costs.set_title("CPU seconds per GiB, less is better", loc="left", fontsize=9)
        _floor_line(costs, results, case)
    figure.savefig(path, dpi=DPI)


def _bars(panel: Any, summaries: Sequence[Summary], values: Sequence[float], form: str) -> None:
    places = list(range(len(values)))
    bars = panel.barh(places, values, BAR, color=COLOURS[: len(values)])
    panel.bar_label(bars, [form.format(value) for value in values], padding=3, fontsize=8)
    panel.set_yticks(places, [summary.client for summary in summaries], fontsize=8)
    panel.invert_yaxis()
    panel.set_xlim(0, max(values) * 1.2)  # room for the labels
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(axis="x", labelsize=7)


def _floor_line(panel: Any, results: Results, case: str) -> None:
    """What plain CPython loops need on this machine."""
    floor = results.floor_of(case)
    if floor is not None:
        panel.axvline(floor.cpu_per_gib, color="black", linewidth=0.8, linestyle="--")
        text = panel.annotate(" CPython loop", (floor.cpu_per_gib, 0.5), xycoords=("data", "axes fraction"), fontsize=6)
        text.set_verticalalignment("center")  # in the gap between the two bars
