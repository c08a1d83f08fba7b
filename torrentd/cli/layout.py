"""Tables for people, drawn by rich. Only a terminal loads this module.

rich knows how wide a CJK character is and where to cut. What it does not know is which columns matter less: on a narrow
terminal those are left out whole, and then the flexible column (the name) takes what is left. Cells are `Text`, never
markup: a torrent named `[red]` is shown as that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from torrentd.cli.tables import Column
from torrentd.wire.escape import escape

GAP = 2
"""blanks between two columns"""
NAME_WIDTH = 20
"""A flexible column gets this much (if its content is that long) before less important columns may stay."""
_LEAST = 4
"""what a flexible column is never cut below"""


def table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], width: int) -> Table:
    """A table of at most `width` columns of a terminal."""
    kept, widths = fit(columns, rows, width)
    drawn = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", collapse_padding=True)
    for column, cells in zip(kept, widths, strict=True):
        drawn.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=cells,
        )
    for row in rows:
        drawn.add_row(*(_cell(column, row) for column in kept))
    return drawn


def record(pairs: Sequence[tuple[str, str]]) -> Table:
    """Names and values; long values are wrapped."""
    drawn = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        drawn.add_row(Text(name), Text(escape(value)))
    return drawn


def fit(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], width: int) -> tuple[list[Column], list[int]]:
    """The columns that have room in `width`, and how wide each is."""
    natural = {
        column.key: max([cell_len(column.title), *(cell_len(column.text(row)) for row in rows)]) for column in columns
    }
    kept = list(columns)
    while _needed(kept, natural) > width:
        dropped = max(kept, key=lambda column: column.rank)
        if not dropped.rank:
            break
        kept.remove(dropped)
    return kept, _widths(kept, natural, width)


def _needed(columns: Sequence[Column], natural: Mapping[str, int]) -> int:
    cells = [min(natural[c.key], NAME_WIDTH) if c.flexible else natural[c.key] for c in columns]
    return sum(cells) + GAP * (len(columns) - 1)


def _widths(columns: Sequence[Column], natural: Mapping[str, int], width: int) -> list[int]:
    """Flexible columns share what the others leave; a short one leaves more to the longer ones."""
    widths = dict(natural)
    flexible = sorted((column for column in columns if column.flexible), key=lambda column: natural[column.key])
    left = width - sum(natural[c.key] for c in columns if not c.flexible) - GAP * (len(columns) - 1)
    for index, column in enumerate(flexible):
        widths[column.key] = max(_LEAST, min(natural[column.key], left // (len(flexible) - index)))
        left -= widths[column.key]
    return [widths[column.key] for column in columns]


def _cell(column: Column, row: Mapping[str, Any]) -> Text:
    value = column.value(row)
    style = column.style(value) if column.style is not None and value is not None else ""
    return Text(column.text(row), style=style)
