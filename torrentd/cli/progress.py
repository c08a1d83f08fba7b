"""Live progress bars on stderr while something is waited for.

Drawn when new facts arrive, not by a thread. Up to a screenful of torrents get a bar each; more share one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from torrentd.cli.sizes import format_rate, format_share, format_size
from torrentd.cli.times import format_eta
from torrentd.wire.escape import escape

FIELDS = [
    "id",
    "name",
    "state",
    "progress",
    "wanted",
    "left",
    "rate_down",
    "eta",
    "check_progress",
    "metadata_progress",
]
"""what a bar needs of a torrent"""

MOST_BARS = 8
"""more bars than this nobody reads"""
WIDE = 70
"""columns of a terminal that has room for more than name, bar and share"""
_NAME_SHARE = 3
"""a name gets one column in three"""

_LEAST_NAME = 8
DETAILS = ("share", "size", "rate", "eta")

Row = Mapping[str, Any]
Line = tuple[str, float, dict[str, str]]
"""a name, the share that is done, and what DETAILS tell"""


class Bars:
    """A context manager; `show` redraws. The bars vanish at the end: the outcome is told in words."""

    def __init__(self, console: Console) -> None:
        self._width = console.width
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.stop()

    def show(self, rows: Sequence[Row]) -> None:
        """Redraw from the torrents still waited for."""
        lines = [line(row) for row in rows] if len(rows) <= MOST_BARS else [summary(rows)]
        self._live.update(self._table(lines), refresh=True)

    def show_share(self, name: str, done: float, size: int) -> None:
        """Redraw for something that torrentctl does itself: the share of `size` bytes that is done."""
        cells = {"share": format_share(done), "size": format_size(size), "rate": "", "eta": ""}
        self._live.update(self._table([(escape(name), done, cells)]), refresh=True)

    def _table(self, lines: Sequence[Line]) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=max(_LEAST_NAME, self._width // _NAME_SHARE), no_wrap=True, overflow="ellipsis")
        table.add_column(ratio=1)
        details = DETAILS if self._width >= WIDE else ("share",)
        for _ in details:
            table.add_column(justify="right", no_wrap=True)
        for name, done, cells in lines:
            bar = ProgressBar(total=1.0, completed=done)
            table.add_row(Text(name), bar, *(Text(cells[detail]) for detail in details))
        return table


def line(row: Row) -> Line:
    """One torrent; while it is checked, or its metadata is fetched, the bar shows that."""
    instead = {"checking": row["check_progress"], "metadata": row["metadata_progress"]}.get(row["state"])
    done = row["progress"] if instead is None else instead
    cells = {
        "share": format_share(done),
        "size": "" if row["wanted"] is None else format_size(row["wanted"]),
        "rate": format_rate(row["rate_down"]) if row["state"] == "downloading" else row["state"],
        "eta": "" if row["eta"] is None else format_eta(row["eta"]),
    }
    return escape(row["name"]), done, cells


def summary(rows: Sequence[Row]) -> Line:
    """Many torrents in one bar."""
    wanted = sum(row["wanted"] or 0 for row in rows)
    done = 1 - sum(row["left"] or 0 for row in rows) / wanted if wanted else 0.0
    cells = {
        "share": format_share(done),
        "size": format_size(wanted),
        "rate": format_rate(sum(row["rate_down"] for row in rows)),
        "eta": "",
    }
    return f"{len(rows)} torrents", done, cells
