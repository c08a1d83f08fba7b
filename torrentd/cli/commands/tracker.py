"""`tracker add`, `tracker remove`: the trackers of a torrent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.torrents import find, one


@click.group("tracker", help="Change the trackers of a torrent.", no_args_is_help=False)
def tracker_command() -> None:
    pass


def _changing(name: str, help: str) -> click.Command:
    @command(name, help=help + "\n\nIn a pipe the columns are: tier, URL of the trackers that it has then.")
    @one()
    @click.argument("urls", metavar="URL...", nargs=-1, required=True)
    def change(session: Session, torrent: str, urls: Sequence[str]) -> None:
        result = session.call("torrent.set_trackers", {"id": find(session, torrent), name: list(urls)})
        _tell(session, result)

    return change


def _tell(session: Session, result: dict[str, Any]) -> None:
    tiers = [(str(tier), url) for tier, urls in enumerate(result["tiers"]) for url in urls]
    session.output.thing(result, tiers, ((f"tier {tier}", url) for tier, url in tiers))


tracker_command.add_command(_changing("add", "Announce to further trackers, each in a tier of its own."))
tracker_command.add_command(_changing("remove", "Forget trackers."))
