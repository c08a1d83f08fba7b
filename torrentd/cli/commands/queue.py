"""`queue`: where torrents stand while they wait for their turn."""

from __future__ import annotations

from collections.abc import Sequence

import click

from torrentd.cli.commands.acts import report
from torrentd.cli.options import command, parsed
from torrentd.cli.session import Session
from torrentd.cli.torrents import find_ids, several

WORDS = ("top", "up", "down", "bottom")


def _place(text: str) -> str | int:
    if text in WORDS:
        return text
    if text.isascii() and text.isdigit():
        return int(text)
    raise ValueError(f"{text!r} is not {', '.join(WORDS)} or a position")


@command(
    "queue",
    help="Move torrents in the queue. WHERE is top, up, down, bottom, or a position; the first is 0. Several keep "
    "their order among themselves. 'all' means all.",
)
@several()
@click.argument("to", metavar="WHERE", callback=parsed(_place))
def queue_command(session: Session, torrents: Sequence[str], to: str | int) -> int:
    return report(session, session.call("torrent.queue", {"ids": find_ids(session, torrents), "to": to}), "moved")
