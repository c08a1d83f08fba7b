"""`wait`: until torrents have come as far as asked."""

from __future__ import annotations

from collections.abc import Sequence

import click

from torrentd.cli.options import Seconds, command
from torrentd.cli.session import Session
from torrentd.cli.torrents import fetch, find_ids, several
from torrentd.cli.waiting import conclude, wait_for

UNTIL = ("metadata", "download", "paused")


@command(
    "wait",
    help="Wait for torrents; exits 4 if the time is over first. 'all' means all that are there now.\n\n"
    "In a pipe the columns are: id, and done, pending or failed.",
)
@several()
@click.option("--until", type=click.Choice(UNTIL), default="download", show_default=True, help="How far.")
@click.option("--timeout", type=Seconds(min=0), metavar="S", help="Give up after S seconds.")
def wait_command(session: Session, torrents: Sequence[str], until: str, timeout: float | None) -> int:
    ids = find_ids(session, torrents)
    named = [known.id for known in fetch(session)] if isinstance(ids, str) else ids
    result = wait_for(session, named, until, timeout)
    if session.output.form == "json":
        session.output.json(result)
    elif session.output.form == "plain":
        session.output.lines([id, word] for word in ("done", "pending") for id in result[word])
        session.output.lines([failure["id"], "failed"] for failure in result["failed"])
    elif result["done"]:
        session.output.remark(f"done: {len(result['done'])}")
    return conclude(session, result)
