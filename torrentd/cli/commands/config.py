"""`config get`, `config set`: what the daemon runs with, from where each value came, and other values from now on."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from torrentd.cli.commands.daemon import report_changes
from torrentd.cli.commands.rpc import parse_pair
from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.tables import text
from torrentd.cli.torrents import ask


@click.group("config", help="Look at the daemon's configuration, and change it.", no_args_is_help=False)
def config_command() -> None:
    pass


COLUMNS = (text("key", "KEY"), text("value", "VALUE", flexible=True), text("source", "SOURCE", 1))


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Keys for the shell's completion."""
    values = ask(context, "config.get", {}).get("values", {})
    return [CompletionItem(key, help=json.dumps(values[key])) for key in values if key.startswith(incomplete)]


def _complete_pair(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The same, and the value comes behind it."""
    return [CompletionItem(f"{item.value}=", help=item.help) for item in _complete(context, parameter, incomplete)]


@command(
    "get",
    help="Show configuration values: key, value as JSON, source (default, file, runtime). A section means all of its "
    "keys.",
)
@click.argument("keys", metavar="[KEY]...", nargs=-1, shell_complete=_complete)
def get_command(session: Session, keys: Sequence[str]) -> None:
    result = session.call("config.get", {"keys": list(keys)} if keys else {})
    if session.output.form == "json":
        session.output.json(result)
        return
    values, sources = result["values"], result["source"]
    rows = [{"key": key, "value": json.dumps(values[key]), "source": sources.get(key)} for key in values]
    session.output.table(COLUMNS, rows)


@command(
    "set",
    help="Set configuration values while the daemon runs. They beat the file, also after a restart, until they are "
    "set to null. A VALUE is what the file would say; text needs no quotes. Either all are set or none.\n\n"
    "  torrentctl config set peers.max_connections=500 queue.downloads=5\n\n"
    "In a pipe the columns are: applied or restart_required, key.",
)
@click.argument("pairs", metavar="KEY=VALUE...", nargs=-1, required=True, shell_complete=_complete_pair)
def set_command(session: Session, pairs: Sequence[str]) -> None:
    report_changes(session, session.call("config.set", {"values": dict(map(parse_pair, pairs))}), "applied")


config_command.add_command(get_command)
config_command.add_command(set_command)
