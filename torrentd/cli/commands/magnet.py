"""`magnet`: the link of a .torrent file. Needs no daemon."""

from __future__ import annotations

import click

from torrentd.cli.completing import files
from torrentd.cli.options import command
from torrentd.cli.session import Session


@command("magnet", help="Print the magnet link of a .torrent file, '-' for stdin. Needs no daemon.")
@click.argument("file", shell_complete=files)
def magnet_command(session: Session, file: str) -> None:
    from torrentd.cli import offline  # the parser is not needed for `--help`
    from torrentd.wire.magnet import make, of_metainfo

    link = make(of_metainfo(offline.read_metainfo(file)))
    if session.output.form == "json":
        session.output.json({"magnet": link})
    else:
        session.output.lines([[link]])
