"""`list`: many torrents, one line each, once or again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from torrentd.cli.columns import LIST, chosen, sort_key
from torrentd.cli.filters import STATES, parse_filter
from torrentd.cli.options import Seconds, command, parsed
from torrentd.cli.session import Session
from torrentd.cli.tables import Column
from torrentd.cli.torrents import EVERY_ROW, ask
from torrentd.wire.escape import escape

WATCH_INTERVAL = 2.0
"""seconds between two looks: a rate is an average over a few seconds anyway"""


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Filters for the shell's completion."""
    words = [*STATES, "active", "label:", "tracker:", "text:"]
    if incomplete.startswith("label:"):
        rows = ask(context, "torrent.list", {"fields": ["labels"], "limit": EVERY_ROW}).get("torrents", [])
        labels = sorted({label for row in rows for label in row["labels"]})
        words = [f"label:{label}" for label in labels if escape(label) == label]
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


@command(
    "list",
    help="List torrents.\n\n"
    f"A FILTER is a state ({', '.join(STATES)}), 'active', 'label:NAME', 'tracker:HOST', or a part of a name. "
    "In a pipe the columns are: " + ", ".join(column.key for column in LIST) + ".",
)
@click.argument("filters", metavar="[FILTER]...", nargs=-1, shell_complete=_complete)
@click.option(
    "--sort",
    metavar="KEY",
    callback=parsed(sort_key),
    help="Sort by a column; '-KEY' is descending. A wrong one tells all.",
)
@click.option("--columns", metavar="KEY,...", help="Show these columns; a wrong one tells all.")
@click.option(
    "--watch",
    metavar="[S]",
    type=Seconds(min=0.1),
    is_flag=False,
    flag_value=WATCH_INTERVAL,
    help=f"Show again every S seconds (default: {WATCH_INTERVAL:g}), until interrupted.",
)
def list_command(
    session: Session, filters: Sequence[str], sort: str | None, columns: str | None, watch: float | None
) -> None:
    shown = chosen(columns) if columns is not None else LIST
    params: dict[str, Any] = {"limit": EVERY_ROW}
    wanted = parse_filter(filters)
    if wanted is not None:
        params["filter"] = wanted
    if sort is not None:
        params["sort"] = sort
    if columns is not None or session.output.form != "json":
        params["fields"] = list(dict.fromkeys(column.key.partition(".")[0] for column in shown))
    if watch is None:
        _show(session, shown, session.call("torrent.list", params))
    elif session.output.form == "table":
        _watch_live(session, shown, params, watch)
    else:
        _watch_lines(session, shown, params, watch)


def _show(session: Session, columns: Sequence[Column], result: dict[str, Any]) -> None:
    if session.output.form == "json":
        session.output.json(result)
    elif result["torrents"] or session.output.form == "plain":
        session.output.table(columns, result["torrents"])
    else:
        session.output.remark("no torrents")


def _watch_lines(session: Session, columns: Sequence[Column], params: dict[str, Any], interval: float) -> None:
    """A document per look with --json; otherwise the lines of a look, and an empty line after it."""
    while True:
        _show(session, columns, session.call("torrent.list", params))
        if session.output.form == "plain":
            session.output.lines([[]])
        session.sleep(interval)


def _watch_live(session: Session, columns: Sequence[Column], params: dict[str, Any], interval: float) -> None:
    """One table, redrawn in place; what does not fit into the window is left out."""
    from rich.live import Live

    with Live(console=session.output.console(), auto_refresh=False, vertical_overflow="ellipsis") as live:
        while True:
            rows = session.call("torrent.list", params)["torrents"]
            live.update(session.output.renderable(columns, rows), refresh=True)
            session.sleep(interval)
