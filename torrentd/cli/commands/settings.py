"""`set`: limits, labels, priority and order of torrents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from torrentd.cli.commands.acts import report
from torrentd.cli.exits import USAGE, Failed
from torrentd.cli.options import command, parsed
from torrentd.cli.session import Session
from torrentd.cli.sizes import INHERIT, UNLIMITED, parse_override
from torrentd.cli.times import parse_duration
from torrentd.cli.torrents import EVERY_ROW, find_ids, several

Value = int | float | str


def _or_word(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """The value of a limit, or one of the two words that every limit takes."""

    def read(text: str) -> Value:
        word = text.strip().lower()
        return word if word in (INHERIT, UNLIMITED) else parse(text)

    return read


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a number, {UNLIMITED} or {INHERIT}")
    return int(text)


def _ratio(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError(f"{text!r} is not a ratio such as 1.5, {UNLIMITED} or {INHERIT}")
    return value


LIMITS: dict[str, tuple[str, str, Callable[[str], Value], str]] = {
    "down": ("--down-limit", "RATE", parse_override, "Download at most this many bytes per second."),
    "up": ("--up-limit", "RATE", parse_override, "Upload at most this many bytes per second."),
    "peers": ("--peers", "N", _or_word(_count), "Connections at most."),
    "ratio": ("--ratio", "X", _or_word(_ratio), "Seed until so much was uploaded for each byte downloaded."),
    "seed_time": ("--seed-time", "TIME", _or_word(parse_duration), "Seed for so long, such as 90m, 12h, 7d."),
    "idle_time": ("--idle-time", "TIME", _or_word(parse_duration), "Seed until nobody wanted anything for so long."),
}
"""The API's name of a limit -> option, metavar, how its value is read, what it says."""


def _limits(function: Callable[..., Any]) -> Callable[..., Any]:
    for name, (flag, metavar, parse, text) in reversed(LIMITS.items()):
        function = click.option(flag, name, metavar=metavar, callback=parsed(parse), help=text)(function)
    return function


@command(
    "set",
    help="Set limits, labels, priority and order of torrents. 'all' means all.\n\n"
    "A limit may also be 'unlimited', or 'inherit': what holds for the whole daemon. --label +NAME adds a label, "
    "-NAME takes it away; without a sign the labels named replace those that were there, and --label '' takes all "
    "away.",
)
@several()
@_limits
@click.option("--label", "labels", metavar="[+|-]NAME", multiple=True, help="Change the labels; may be repeated.")
@click.option("--sequential/--no-sequential", default=None, help="Download the pieces in order, or the rarest first.")
@click.option(
    "--priority",
    type=click.Choice(["low", "normal", "high"]),
    help="Of a limit of the whole daemon, of connections and upload slots, high gets more than low.",
)
def set_command(
    session: Session,
    torrents: Sequence[str],
    labels: Sequence[str],
    sequential: bool | None,
    priority: str | None,
    **limits: Value | None,
) -> int:
    changes: dict[str, Any] = {}
    given = {name: None if value == INHERIT else value for name, value in limits.items() if value is not None}
    if given:
        changes["limits"] = given
    if sequential is not None:
        changes["sequential"] = sequential
    if priority is not None:
        changes["priority"] = priority
    if not changes and not labels:
        raise Failed("nothing to set (see 'torrentctl set --help')", USAGE)
    replacing, adding, removing = _signs(labels)
    ids = find_ids(session, torrents)
    if not adding and not removing:
        if labels:
            changes["labels"] = replacing
        return report(session, session.call("torrent.set", {"ids": ids, **changes}), "changed")
    result: dict[str, list[Any]] = {"done": [], "failed": []}
    for had, those in _by_labels(session, ids).items():
        wanted = [label for label in dict.fromkeys((*had, *adding)) if label not in removing]
        answer = session.call("torrent.set", {"ids": those, **changes, "labels": wanted})
        for key, found in result.items():
            found.extend(answer[key])
    return report(session, result, "changed")


def _signs(labels: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Labels without a sign, with a plus, with a minus. Failed if they contradict each other."""
    plain = [label for label in labels if label[:1] not in ("+", "-")]
    adding = [label[1:] for label in labels if label[:1] == "+"]
    removing = [label[1:] for label in labels if label[:1] == "-"]
    if plain and (adding or removing):
        raise Failed("--label NAME replaces all labels, +NAME and -NAME change them: not both at once", USAGE)
    return [label for label in plain if label], adding, removing


def _by_labels(session: Session, ids: list[str] | str) -> dict[tuple[str, ...], list[str]]:
    """The torrents that have the same labels: those are changed with one call."""
    params: dict[str, Any] = {"fields": ["id", "labels"], "limit": EVERY_ROW}
    if isinstance(ids, list):
        params["filter"] = {"ids": ids}
    found: dict[tuple[str, ...], list[str]] = {}
    for row in session.call("torrent.list", params)["torrents"]:
        found.setdefault(tuple(row["labels"]), []).append(row["id"])
    return found
