"""`config get`: what the daemon runs with, and from where each value came."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.tables import text


@click.group("config", help="Look at the daemon's configuration.", no_args_is_help=False)
def config_command() -> None:
    pass


COLUMNS = (text("key", "KEY"), text("value", "VALUE", flexible=True), text("source", "SOURCE", 1))


@command("get", help="Show configuration values: key, value as JSON, source (default, file, runtime).")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
def get_command(session: Session, keys: Sequence[str]) -> None:
    result = session.call("config.get", {"keys": list(keys)} if keys else {})
    if session.output.form == "json":
        session.output.json(result)
        return
    values, sources = result["values"], result["source"]
    rows = [{"key": key, "value": json.dumps(values[key]), "source": sources.get(key)} for key in values]
    session.output.table(COLUMNS, rows)


config_command.add_command(get_command)
