"""`priority`: which files of a torrent are wanted, and how urgently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.torrents import find, one

PRIORITIES = ("skip", "low", "normal", "high")


@command(
    "priority",
    help="Set the priority of files.\n\nA PATTERN is a glob over the file's path, such as '*.mkv', or the number of a "
    "file as 'files' tells it. Priorities are skip, low, normal and high.",
)
@one()
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True)
@click.argument("priority", type=click.Choice(PRIORITIES), metavar="PRIORITY")
def priority_command(session: Session, torrent: str, patterns: Sequence[str], priority: str) -> None:
    choices = [selection(pattern, priority) for pattern in patterns]
    result = session.call("torrent.set_files", {"id": find(session, torrent), "files": choices})
    if session.output.form == "json":
        session.output.json(result)
    elif session.output.form == "table":
        session.output.remark(f"{priority}: {', '.join(patterns)}")


def selection(pattern: str, priority: str) -> dict[str, Any]:
    """One choice of files as the API takes it."""
    if pattern.isascii() and pattern.isdigit():
        return {"index": int(pattern), "priority": priority}
    return {"glob": pattern, "priority": priority}
