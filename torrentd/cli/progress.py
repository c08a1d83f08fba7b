"""Live progress bars on stderr while something is waited for.

Drawn when new facts arrive, not by a thread. Up to a screenful of torrents get a bar each; more share one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID
from rich.text import Text

from torrentd.cli.sizes import format_rate, format_share, format_size
from torrentd.cli.times import format_eta
from torrentd.wire.escape import escape

FIELDS = ["id", "name", "state", "progress", "wanted", "left", "rate_down", "eta", "check_progress"]
"""what a bar needs of a torrent"""

MOST_BARS = 8
"""more bars than this nobody reads"""
WIDE = 70
"""columns of a terminal that has room for more than name, bar and share"""
_NAME_SHARE = 3
"""a name gets one column in three"""

Row = Mapping[str, Any]


class Bars:
    """A context manager; `show` redraws."""

    def __init__(self, console: Console) -> None:
        name_width = max(8, console.width // _NAME_SHARE)
        columns: list[ProgressColumn] = [_Cell("name", name_width), BarColumn(bar_width=None), _Cell("share", 6)]
        if console.width >= WIDE:
            columns += [_Cell("size", 10), _Cell("rate", 11), _Cell("eta", 8)]
        self._progress = Progress(*columns, console=console, auto_refresh=False, expand=True, transient=True)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def show(self, rows: Sequence[Row]) -> None:
        """Redraw from the torrents still waited for."""
        lines = [line(row) for row in rows] if len(rows) <= MOST_BARS else [summary(rows)]
        for key in self._tasks.keys() - {key for key, _, _ in lines}:
            self._progress.remove_task(self._tasks.pop(key))
        for key, completed, cells in lines:
            if key not in self._tasks:
                self._tasks[key] = self._progress.add_task("", total=1.0)
            self._progress.update(self._tasks[key], completed=completed, cells=cells)
        self._progress.refresh()


Line = tuple[str, float, dict[str, str]]
"""a key, the share that is done, and the cells"""


def line(row: Row) -> Line:
    """One torrent; while it is checked, the bar shows that."""
    checked = row["check_progress"] if row["state"] == "checking" else None
    done = row["progress"] if checked is None else checked
    word = row["state"] if row["state"] != "downloading" else format_rate(row["rate_down"])
    cells = {
        "name": escape(row["name"]),
        "share": format_share(done),
        "size": format_size(row["wanted"]),
        "rate": word,
        "eta": "" if row["eta"] is None else format_eta(row["eta"]),
    }
    return row["id"], done, cells


def summary(rows: Sequence[Row]) -> Line:
    """Many torrents in one bar."""
    wanted = sum(row["wanted"] for row in rows)
    done = 1 - sum(row["left"] for row in rows) / wanted if wanted else 0.0
    cells = {
        "name": f"{len(rows)} torrents",
        "share": format_share(done),
        "size": format_size(wanted),
        "rate": format_rate(sum(row["rate_down"] for row in rows)),
        "eta": "",
    }
    return "", done, cells


class _Cell(ProgressColumn):
    """A cell of fixed width; rich measures and cuts it, CJK and all."""

    def __init__(self, name: str, width: int) -> None:
        super().__init__()
        self._name = name
        self._width = width

    def render(self, task: Task) -> Text:
        text = Text(task.fields["cells"][self._name], no_wrap=True)
        text.truncate(self._width, overflow="ellipsis", pad=True)
        return text
