"""`token create`, `token list`, `token revoke`, `whoami`: who may do what over TCP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from torrentd.cli.options import command, parsed
from torrentd.cli.session import Session
from torrentd.cli.tables import Column, flatten, moment, text
from torrentd.cli.times import format_time, from_now, parse_duration
from torrentd.cli.torrents import ask

SCOPES = ("read", "control", "settings")

COLUMNS = (
    text("name", "NAME", flexible=True),
    Column("scopes", "SCOPES", ", ".join),
    moment("created_at", "MADE", 2),
    moment("expires", "EXPIRES", 1),
)


@click.group("token", help="Make and revoke tokens for programs that use TCP.", no_args_is_help=False)
def token_command() -> None:
    pass


@command(
    "create",
    help="Make a token, and print its secret: nobody can ask for it again.\n\n"
    "  torrentctl token create dashboard --scope read > dashboard.token\n\n"
    "'read' sees everything, the passkeys of trackers included; 'control' acts on torrents; 'settings' changes the "
    "daemon itself. None of them includes another.",
)
@click.argument("name", metavar="NAME")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True, help="May be repeated; one at least."
)
@click.option(
    "--expires",
    metavar="TIME",
    callback=parsed(parse_duration),
    help="Good for so long, such as 12h, 30d. Else always.",
)
def create_command(session: Session, name: str, scopes: Sequence[str], expires: int | None) -> None:
    params: dict[str, Any] = {"name": name, "scopes": list(scopes)}
    if expires is not None:
        params["expires"] = from_now(expires)
    result = session.call("token.create", params)
    if session.output.form == "json":
        session.output.json(result)
        return
    session.output.lines([[result["secret"]]])
    session.output.remark("keep it where only the program can read it; it is not told again")


@command("list", help="Show the tokens that were made. In a pipe the columns are: name, scopes, made, expires.")
def list_command(session: Session) -> None:
    result = session.call("token.list")
    if session.output.form == "json":
        session.output.json(result)
    elif result["tokens"] or session.output.form == "plain":
        session.output.table(COLUMNS, result["tokens"])
    else:
        session.output.remark("no tokens were made")


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names for the shell's completion."""
    rows = ask(context, "token.list", {}).get("tokens", [])
    return [CompletionItem(row["name"]) for row in rows if row["name"].startswith(incomplete)]


@command("revoke", help="Let nobody in by these tokens any more, and cut who is connected by one.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=_complete)
def revoke_command(session: Session, names: Sequence[str]) -> None:
    for name in names:
        result = session.call("token.revoke", {"name": name})
        if session.output.form == "json":
            session.output.json(result)
        else:
            session.output.remark(f"revoked {name}")


@command("whoami", help="Show as whom the daemon sees you, and what you may do.")
def whoami_command(session: Session) -> None:
    result = session.call("auth.whoami")
    session.output.thing(result, flatten(result), _facts(result))


def _facts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "caller", row["caller"]
    yield "scopes", ", ".join(row["scopes"]) or "none"
    if row["token"] is not None:
        yield "token", row["token"]
    if row["expires"] is not None:
        yield "expires", format_time(row["expires"])


for _one in (create_command, list_command, revoke_command):
    token_command.add_command(_one)
