"""`check`: whether files on this machine are what a .torrent file says. Needs no daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from torrentd.cli.completing import directories, files
from torrentd.cli.exits import FAILED, OK, USAGE, Failed
from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.sizes import format_share, format_size
from torrentd.cli.tables import size, text

if TYPE_CHECKING:
    from torrentd.wire.metainfo import Metainfo

COLUMNS = (text("status", "STATUS"), size("size", "SIZE", 1), text("path", "PATH", flexible=True))
REDRAW = 0.1
"""seconds between two looks of the progress bar"""


@command(
    "check",
    short_help="Compare the files in a directory with a .torrent file.",
    help="Hash the files in DIR and say which of them are what the .torrent FILE ('-' for stdin) promises. Needs no "
    "daemon and changes nothing. DIR is the directory that holds the torrent's file or folder.\n\n"
    "A file is ok, missing, size (of the wrong length), bad (a piece in it does not fit its hash) or unreadable. "
    "Exits 0 if everything is ok, otherwise 1. In a pipe the columns are: status, size, path.",
)
@click.argument("file", metavar="FILE", shell_complete=files)
@click.argument("directory", metavar="DIR", shell_complete=directories, type=click.Path(path_type=Path))
def check_command(session: Session, file: str, directory: Path) -> int:
    from torrentd.cli.content import check  # hashing and threads are not needed for `--help`
    from torrentd.cli.offline import read_metainfo

    metainfo = read_metainfo(file)
    if metainfo.v2_only:
        raise Failed(f"{file}: torrents of version 2 only cannot be checked yet")
    if not directory.is_dir():
        raise Failed(f"{directory}: not a directory", USAGE)
    with _bar(session, metainfo) as progress:
        found = check(metainfo, directory, progress)
    rows = [
        {"path": "/".join(entry.path), "size": entry.size, "status": found.status(index)}
        for index, entry in enumerate(metainfo.layout.files)
        if not entry.padding and entry.symlink is None
    ]
    is_whole = found.good == metainfo.geometry.piece_count and all(row["status"] == "ok" for row in rows)
    _tell(session, metainfo, rows, {"good": found.good, "done": found.good_bytes, "ok": is_whole})
    return OK if is_whole else FAILED


def _tell(session: Session, metainfo: Metainfo, rows: list[dict[str, Any]], outcome: dict[str, Any]) -> None:
    output, count, whole = session.output, metainfo.geometry.piece_count, metainfo.geometry.size
    if output.form == "json":
        facts = {"id": metainfo.info_hash.hex(), "name": metainfo.name, "piece_count": count, "size": whole}
        output.json({**facts, **outcome, "files": rows})
        return
    output.table(COLUMNS, rows if output.form == "plain" else list(_worth_telling(rows)))
    if output.form == "table":
        share = format_share(outcome["done"] / whole)
        output.remark(
            f"{outcome['good']} of {count} pieces are right: {format_size(outcome['done'])} of {format_size(whole)}"
            f" ({share})"
        )


def _worth_telling(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A person looks for what is wrong; if nothing is, everything is shown."""
    wrong = [row for row in rows if row["status"] != "ok"]
    return iter(wrong or rows)


@contextmanager
def _bar(session: Session, metainfo: Metainfo) -> Iterator[Callable[[int], None]]:
    """What hears how many pieces are done: a bar if somebody is watching."""
    if not session.output.shows_progress:
        yield lambda done: None
        return
    from torrentd.cli.progress import Bars

    with Bars(session.output.console(on_stderr=True)) as bars:
        drawn = session.clock()

        def progress(done: int) -> None:
            nonlocal drawn
            if session.clock() - drawn >= REDRAW:
                drawn = session.clock()
                bars.show_share(metainfo.name, done / metainfo.geometry.piece_count, metainfo.geometry.size)

        yield progress
