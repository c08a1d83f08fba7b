"""`ban`, `unban`, `bans`: addresses and networks that are not talked to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from torrentd.cli.options import command, parsed
from torrentd.cli.session import Session
from torrentd.cli.tables import moment, text, yes
from torrentd.cli.times import parse_duration

COLUMNS = (
    text("network", "NETWORK"),
    yes("automatic", "AUTOMATIC", 3),
    moment("at", "SINCE", 2),
    moment("until", "UNTIL", 1),
    text("reason", "REASON", flexible=True),
)


def _span(given: str) -> int:
    seconds = parse_duration(given)
    if not seconds:
        raise ValueError("a ban of no time is none")
    return seconds


@command(
    "ban",
    short_help="Talk no more to addresses or networks.",
    help="Talk no more to addresses or networks such as 192.0.2.0/24; who is connected is left at once. An IPv6 "
    "address stands for its owner's /64 network. A port is ignored, so that what 'peers' shows can be given.\n\n"
    "In a pipe the columns are those of 'bans'.",
)
@click.argument("networks", metavar="ADDRESS...", nargs=-1, required=True)
@click.option(
    "--for", "seconds", metavar="TIME", callback=parsed(_span), help="So long, such as 2h or 7d; else for good."
)
@click.option("--reason", metavar="TEXT", help="Why, to be shown by 'bans'.")
def ban_command(session: Session, networks: Sequence[str], seconds: int | None, reason: str | None) -> None:
    params: dict[str, Any] = {"networks": list(networks), "seconds": seconds, "reason": reason}
    _show(session, session.call("ban.add", {key: value for key, value in params.items() if value is not None}))


@command(
    "unban",
    short_help="Talk to addresses or networks again.",
    help="Talk to ADDRESSES or networks again, whether you or torrentd banned them.",
)
@click.argument("networks", metavar="ADDRESS...", nargs=-1, required=True)
def unban_command(session: Session, networks: Sequence[str]) -> None:
    result = session.call("ban.remove", {"networks": list(networks)})
    if session.output.form == "json":
        session.output.json(result)
    else:
        session.output.remark(f"lifted {result['removed']} {'ban' if result['removed'] == 1 else 'bans'}")


@command(
    "bans",
    short_help="Show who is banned.",
    help="Show who is banned: by you, or because he did harm (for a week). The blocklist is not in it.\n\n"
    "In a pipe the columns are: network, automatic (true or false), since, until, reason.",
)
def bans_command(session: Session) -> None:
    _show(session, session.call("ban.list"))


def _show(session: Session, result: dict[str, Any]) -> None:
    if session.output.form == "json":
        session.output.json(result)
    elif result["bans"] or session.output.form == "plain":
        session.output.table(COLUMNS, result["bans"])
    else:
        session.output.remark("nobody is banned")
