"""`pause`, `resume`, `verify`, `announce`, `remove`: what is done to many torrents at once.

Each torrent succeeds or fails by itself. The ids of those that succeeded are the data for a pipe; a person gets a
sentence instead.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from torrentd.cli.columns import SHORT_ID
from torrentd.cli.exits import OK, USAGE, Failed, code_of_rpc_error
from torrentd.cli.options import Command, command
from torrentd.cli.session import Session
from torrentd.cli.torrents import ALL, find_ids, several


def report(session: Session, result: dict[str, Any], verb: str) -> int:
    """Show a bulk result; the exit code. `verb` is what happened: "paused"."""
    output, done = session.output, result["done"]
    if output.form == "json":
        output.json(result)
    elif output.form == "plain":
        output.lines([id] for id in done)
    elif done:
        output.remark(f"{verb} {_count(len(done))}")
    for failure in result["failed"]:
        output.complain(f"{failure['id'][:SHORT_ID]}: {failure['message']}")
    return code_of_rpc_error(result["failed"][0]["code"]) if result["failed"] else OK


def _act_command(name: str, help: str, verb: str) -> Command:
    @command(name, help=help)
    @several()
    def act(session: Session, torrents: Sequence[str]) -> int:
        result = session.call(f"torrent.{name}", {"ids": find_ids(session, torrents)})
        return report(session, result, verb)

    return act


pause_command = _act_command("pause", "Pause torrents until they are resumed. 'all' means all.", "paused")
verify_command = _act_command("verify", "Hash all data again. 'all' means all.", "verifying")
announce_command = _act_command("announce", "Ask the trackers for peers now. 'all' means all.", "announcing")


@command("resume", help="Resume paused torrents. 'all' means all.")
@several()
@click.option("--force", is_flag=True, help="Start now, whatever the queue says.")
def resume_command(session: Session, torrents: Sequence[str], force: bool) -> int:
    params: dict[str, Any] = {"ids": find_ids(session, torrents)}
    if force:
        params["force"] = True
    return report(session, session.call("torrent.resume", params), "resumed")


@command("remove", help="Forget torrents; their data stays, unless told otherwise. 'all' means all.")
@several()
@click.option("--delete-data", is_flag=True, help="Delete their files, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove_command(session: Session, torrents: Sequence[str], delete_data: bool, yes: bool) -> int:
    if not yes and not sys.stdin.isatty():
        raise Failed("nobody is there to be asked: give --yes to remove", USAGE)
    ids = find_ids(session, torrents)
    if not yes and not click.confirm(_question(ids, torrents, delete_data), err=True):
        session.output.remark("nothing was removed")
        return OK
    return report(session, session.call("torrent.remove", {"ids": ids, "delete_data": delete_data}), "removed")


def _question(ids: list[str] | str, names: Sequence[str], delete_data: bool) -> str:
    what = "all torrents" if ids == ALL else f"{_count(len(ids))} ({', '.join(names)})"
    return f"Remove {what}{' and DELETE THE DATA' if delete_data else ''}?"


def _count(number: int) -> str:
    return f"{number} torrent" if number == 1 else f"{number} torrents"
