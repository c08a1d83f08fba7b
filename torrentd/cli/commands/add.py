"""`add`: torrents from files, from stdin, from magnet links and from URLs, many at once.

The files are read here: the daemon never opens a path that a caller names. Each file succeeds or fails by itself; what
can be seen to be wrong in the command line itself is refused before anything is added.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from typing import Any

import click

from torrentd.cli.columns import SHORT_ID
from torrentd.cli.completing import directories, files
from torrentd.cli.exits import OK, Failed, explain
from torrentd.cli.options import command, parsed
from torrentd.cli.session import Session
from torrentd.model.address import parse_address

MOST_OF_SOURCE = 100
"""Characters of a name in a complaint: links may be long."""

FETCH_TIME = 60.0
"""Seconds that the daemon may take to fetch a URL, with those that it fetches for others before."""

FIELDS = ["id", "name", "state"]
FLAGS = {
    "download_dir": "--dir",
    "labels": "--label",
    "paused": "--paused",
    "files": "--only",
    "sequential": "--sequential",
    "priority": "--priority",
    "stop_after": "--stop-after",
}
"""Parameters that mean nothing for a torrent which is there already, and their options."""


def _peer(text: str) -> str:
    """`1.2.3.4:6881` or `[::1]:6881`, checked here so that a typing error is known before anything is added."""
    return str(parse_address(text))


@command(
    "add",
    short_help="Add torrents: files, magnet links, URLs.",
    help="Add torrents from .torrent files ('-' for stdin), magnet links, and http or https URLs of .torrent files, "
    "which the daemon fetches.\n\n"
    "In a pipe the columns are: id, added (true or false), name.",
)
@click.argument("sources", metavar="FILE, MAGNET or URL...", nargs=-1, required=True, shell_complete=files)
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    shell_complete=directories,
    help="Put the content here instead of the daemon's directory.",
)
@click.option("--label", "labels", metavar="NAME", multiple=True, help="Give it a label; may be repeated.")
@click.option("--paused", is_flag=True, help="Do not start.")
@click.option("--only", "globs", metavar="GLOB", multiple=True, help="Download only these files; may be repeated.")
@click.option("--sequential", is_flag=True, help="Download the pieces in order.")
@click.option("--priority", type=click.Choice(("low", "normal", "high")), help="Its share beside other torrents.")
@click.option(
    "--peer", "peers", metavar="IP:PORT", multiple=True, callback=parsed(_peer), help="Connect to this peer, too."
)
@click.option("--stop-after", type=click.Choice(("metadata", "download")), help="Pause it when so much of it is there.")
@click.option("--wait", is_flag=True, help="Wait until everything (up to --stop-after) is downloaded.")
def add_command(
    session: Session,
    sources: Sequence[str],
    directory: str | None,
    labels: Sequence[str],
    paused: bool,
    globs: Sequence[str],
    sequential: bool,
    priority: str | None,
    peers: Sequence[str],
    stop_after: str | None,
    wait: bool,
) -> int:
    from torrentd.cli import offline

    for source in sources:
        if not offline.is_url(source) and offline.is_magnet(source):
            offline.read_magnet(source)
    given = {
        "download_dir": directory and _absolute(session, directory),
        "labels": list(labels),
        "paused": paused,
        "files": list(_only(globs)),
        "sequential": sequential,
        "priority": priority,
        "peers": list(peers),
        "stop_after": stop_after,
    }
    params = {key: value for key, value in given.items() if value}
    results, code = _add_all(session, sources, params)
    if wait and results:
        return code or _wait(session, [result["torrent"]["id"] for result in results], stop_after or "download")
    return code


def _add_all(session: Session, sources: Sequence[str], params: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """The results of those that were added, and the exit code of the first that was not."""
    output = session.output
    if output.form != "json":
        params = {**params, "fields": FIELDS}
    results, code = [], OK
    for source in sources:
        try:
            results.append(_add(session, source, params))
        except Exception as error:
            explained = explain(error)
            if explained is None or not _concerns_one(error):
                raise
            output.complain(_naming(source, explained[0]))
            code = code or explained[1]
        else:
            if output.form != "json":
                _tell(session, results[-1])
            if not results[-1]["added"]:
                _tell_ignored(session, results[-1], params)
    if output.form == "json" and results:
        output.json({"results": results})
    return results, code


def _add(session: Session, source: str, params: dict[str, Any]) -> dict[str, Any]:
    from torrentd.cli.offline import is_magnet, is_url, read_file

    wait = 0.0
    if is_magnet(source):
        given = {"magnet": source}
    elif is_url(source):
        given, wait = {"url": source}, FETCH_TIME
    else:
        given = {"metainfo": base64.b64encode(read_file(source)).decode()}
    result: dict[str, Any] = session.call("torrent.add", {**given, **params}, wait=wait)
    if not result["added"] and "peers" in params:
        session.call("torrent.add_peers", {"id": result["torrent"]["id"], "peers": params["peers"]})
    return result


def _concerns_one(error: Exception) -> bool:
    """Whether the next file may fare better: not so when the daemon is gone or does not let us."""
    from torrentd.rpc.client import RpcFailed

    return isinstance(error, RpcFailed | Failed)


def _naming(source: str, line: str) -> str:
    short = source if len(source) <= MOST_OF_SOURCE else f"{source[:MOST_OF_SOURCE]}..."
    return line if not source.strip() or line.startswith(f"{source}:") else f"{short}: {line}"


def _tell(session: Session, result: dict[str, Any]) -> None:
    output, torrent = session.output, result["torrent"]
    if output.form == "plain":
        output.lines([[torrent["id"], "true" if result["added"] else "false", torrent["name"]]])
    else:
        word = "added" if result["added"] else "already there"
        output.lines([[f"{word}: {torrent['id'][:SHORT_ID]}  {torrent['name']}"]])


def _tell_ignored(session: Session, result: dict[str, Any], params: dict[str, Any]) -> None:
    ignored = [flag for key, flag in FLAGS.items() if key in params]
    if ignored:
        session.output.remark(f"{result['torrent']['name']}: is here already; {', '.join(ignored)} ignored")


def _wait(session: Session, ids: list[str], until: str) -> int:
    from torrentd.cli.waiting import conclude, wait_for

    result = wait_for(session, list(dict.fromkeys(ids)), until, None)
    if session.output.form == "table" and result["done"]:
        session.output.remark("done" if len(ids) == 1 else f"done: {len(result['done'])} of {len(ids)}")
    return conclude(session, result)


def _only(globs: Sequence[str]) -> Iterator[dict[str, str]]:
    """Everything is skipped, then these are wanted after all: a later choice beats an earlier one."""
    if globs:
        yield {"glob": "*", "priority": "skip"}
        for glob in globs:
            yield {"glob": glob, "priority": "normal"}


def _absolute(session: Session, directory: str) -> str:
    """A relative path is meant from here; only the far side of a URL knows its own directories."""
    return directory if session.is_remote else os.path.abspath(directory)  # noqa: PTH100  resolve() follows symlinks
