"""`move`, `rename`: where the content is, and what it is called."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import click

from torrentd.cli.columns import SHORT_ID
from torrentd.cli.completing import directories
from torrentd.cli.exits import FAILED, OK, code_of_rpc_error
from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.torrents import EVERY_ROW, find, find_ids, one, several
from torrentd.cli.waiting import GLANCE

Row = dict[str, Any]

_FORGOTTEN = {"code": "job_not_found", "message": "the daemon forgot how it ended"}


@command(
    "move",
    short_help="Move the content of torrents to another directory.",
    help="Move the content of torrents to another directory, also across file systems. The daemon says which "
    "directories are allowed (paths.allowed_roots). 'all' means all.\n\n"
    "In a pipe the columns are: id and job; with --wait: id, job and how it ended (done, failed, cancelled).",
)
@several()
@click.argument("directory", metavar="DIR", shell_complete=directories)
@click.option("--point", is_flag=True, help="Move nothing: the content is there already.")
@click.option("--wait", "waits", is_flag=True, help="Wait until it is moved; with --point, until it was found there.")
def move_command(session: Session, torrents: Sequence[str], directory: str, point: bool, waits: bool) -> int:
    path = directory if session.is_remote else os.path.abspath(directory)  # noqa: PTH100  resolve() follows symlinks
    params = {"ids": find_ids(session, torrents), "path": path, "mode": "point" if point else "move"}
    result = session.call("torrent.move", params)
    ended = _wait(session, result["jobs"]) if waits else []
    lacking = _lacking(session, [job["torrent"] for job in ended if job["state"] == "done"], path) if point else {}
    right = sum(job["state"] == "done" and job["torrent"] not in lacking for job in ended)
    _show(session, result, ended, path, f"{'found in' if point else 'moved to'} {path}: {right} of {len(ended)}")
    for failure in result["failed"]:
        session.output.complain(f"{failure['id'][:SHORT_ID]}: {failure['message']}")
    for job in ended:
        if job["state"] != "done":
            session.output.complain(f"{job['torrent'][:SHORT_ID]}: {_reason(job)}")
    for torrent, words in lacking.items():
        session.output.complain(f"{torrent[:SHORT_ID]}: {words}")
    if result["failed"]:
        return code_of_rpc_error(result["failed"][0]["code"])
    return OK if all(job["state"] == "done" for job in ended) and not lacking else FAILED


def _show(session: Session, result: Row, ended: list[Row], path: str, summary: str) -> None:
    output, jobs = session.output, result["jobs"]
    if output.form == "json":
        output.json({"jobs": ended, "failed": result["failed"]} if ended else result)
    elif output.form == "plain" and ended:
        output.lines([job["torrent"], str(job["id"]), job["state"]] for job in ended)
    elif output.form == "plain":
        output.lines([job["id"], str(job["job"])] for job in jobs)
    elif ended:
        output.remark(summary)
    elif jobs:
        numbers = f"job {jobs[0]['job']}" if len(jobs) == 1 else f"{len(jobs)} jobs"
        output.remark(f"moving to {path} ({numbers})")


def _wait(session: Session, begun: Sequence[Row]) -> list[Row]:
    """The jobs, as they were when they had ended."""
    waited = {job["job"]: job["id"] for job in begun}
    ended: dict[int, Row] = {}
    with ExitStack() as stack:
        draw = _drawing(session, stack)
        while True:
            known = {job["id"]: job for job in session.call("job.list")["jobs"] if job["id"] in waited}
            for id, torrent in waited.items():
                job = known.get(id, {"id": id, "torrent": torrent, "state": "failed", "error": _FORGOTTEN})
                if id not in ended and job["state"] not in ("running", "cancelling"):
                    ended[id] = job
            if len(ended) == len(waited):
                return [ended[id] for id in waited]
            draw([*known.values()])
            session.sleep(GLANCE)


def _lacking(session: Session, torrents: list[str], path: str) -> dict[str, str]:
    """Those that were not found where they are now, and what is wrong; what is there is hashed first."""
    params = {"filter": {"ids": torrents}, "fields": ["id", "state", "done", "error"], "limit": EVERY_ROW}
    while torrents:
        rows = session.call("torrent.list", params)["torrents"]
        if not any(row["state"] in ("moving", "checking") for row in rows):
            broken = {row["id"]: row["error"]["message"] for row in rows if row["error"]}
            empty = [row["id"] for row in rows if not row["done"] and row["state"] != "metadata"]
            return dict.fromkeys(empty, f"nothing of it is in {path}") | broken
        session.sleep(GLANCE)
    return {}


def _drawing(session: Session, stack: ExitStack) -> Callable[[Sequence[Row]], None]:
    """What draws the progress of some jobs, if somebody watches."""
    if not session.output.shows_progress:
        return lambda jobs: None
    from torrentd.cli.progress import Bars

    bars = stack.enter_context(Bars(session.output.console(on_stderr=True)))

    def draw(jobs: Sequence[Row]) -> None:
        size = sum(job["total"] for job in jobs)
        done = sum(job["done"] for job in jobs)
        bars.show_share("moving", done / size if size else 0.0, size)

    return draw


def _reason(job: Row) -> str:
    return str(job["error"]["message"]) if job["error"] else "was cancelled"


@command(
    "rename",
    short_help="Rename a file or folder of a torrent.",
    help="Rename a file or folder of a torrent, here and on the disk; the torrent, too, if it is the outermost. PATH "
    "is as 'files' tells it, NAME its new last part. Tells the new path.",
)
@one()
@click.argument("path", metavar="PATH")
@click.argument("name", metavar="NAME")
def rename_command(session: Session, torrent: str, path: str, name: str) -> None:
    result = session.call("torrent.rename", {"id": find(session, torrent), "path": path, "name": name})
    if session.output.form == "json":
        session.output.json(result)
    else:
        session.output.lines([[result["path"]]])
