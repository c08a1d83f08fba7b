"""`rpc`: every method of the API from a shell."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

import click

from torrentd.cli.exits import USAGE, Failed
from torrentd.cli.options import command
from torrentd.cli.session import Session

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
"""stays text: one of digits only, or with an e in it, would be a number to JSON"""


@command(
    "rpc",
    help="Call a method of the API.\n\nPARAMS are key=value, where a value is JSON if it can be read as JSON, and text "
    "otherwise; or one JSON object or array; or '-' to read that from stdin.\n\n"
    "  torrentctl rpc torrent.list fields='[\"name\"]' limit=5",
)
@click.argument("method")
@click.argument("params", metavar="[PARAMS]...", nargs=-1)
def rpc_command(session: Session, method: str, params: Sequence[str]) -> None:
    output = session.output
    result = session.call(method, parse_params(params))
    if output.form == "table":
        output.lines([line] for line in json.dumps(result, indent=2).splitlines())
    else:
        output.json(result)


def parse_params(words: Sequence[str]) -> Any:
    """By name, by position, or None. Failed (usage) for what is neither."""
    if len(words) == 1 and (words[0] == "-" or words[0][:1] in ("{", "[")):
        return _parse_json(sys.stdin.read() if words[0] == "-" else words[0])
    return dict(map(parse_pair, words)) or None


def _parse_json(text: str) -> Any:
    try:
        params = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Failed(f"the parameters are not JSON: {error}", USAGE) from None
    if not isinstance(params, dict | list):
        raise Failed("the parameters are a JSON object or array", USAGE)
    return params


def parse_pair(word: str) -> tuple[str, Any]:
    """`key=value`, where a value is JSON if it can be read as JSON. Failed (usage) for what is not."""
    key, equals, value = word.partition("=")
    if not equals or not key:
        raise Failed(f"{word!r} is not key=value", USAGE)
    if _HASH.fullmatch(value):
        return key, value
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError):
        return key, value
