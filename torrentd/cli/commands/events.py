"""`events`, `log`: what happens in the daemon, as it happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from torrentd.cli.columns import SHORT_ID
from torrentd.cli.following import follow
from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.tables import flatten
from torrentd.cli.times import format_time

TOPICS = (
    "torrent.added",
    "torrent.removed",
    "torrent.state",
    "torrent.metadata",
    "torrent.completed",
    "torrent.error",
    "torrent.moved",
    "torrent.file_completed",
    "tracker.error",
    "job",
    "config",
    "torrent.changed",
    "stats",
    "log",
)
RESTLESS = ("torrent.changed", "stats", "log")
"""Topics that never stand still: shown only if they are named."""
USUAL = tuple(topic for topic in TOPICS if topic not in RESTLESS)


@command(
    "events",
    short_help="Show what happens, as it happens.",
    help="Show what happens, as it happens: one JSON object a line in a pipe. Unless topics are named, all are shown "
    f"but {', '.join(RESTLESS)}.\n\nA TOPIC is one of {', '.join(TOPICS)}.",
)
@click.option(
    "--topic",
    "topics",
    metavar="TOPIC",
    type=click.Choice(TOPICS),
    multiple=True,
    help="Only this, such as torrent.completed; may be repeated.",
)
@click.option("--since", metavar="CURSOR", help="Begin after this event; each event has its cursor.")
def events_command(session: Session, topics: tuple[str, ...], since: str | None) -> None:
    for event in follow(session, topics or USUAL, since):
        if session.output.form == "table":
            session.output.lines([[_sentence(event)]])
        else:
            session.output.json(event)


@command("log", help="Follow the daemon's log, from now on. What it wrote before is in its file, or in the journal.")
@click.option("-f", "--follow", "_", is_flag=True, required=True, help="Go on until interrupted.")
def log_command(session: Session, _: bool) -> None:
    for event in follow(session, ["log"]):
        if session.output.form == "json":
            session.output.json(event)
        else:
            session.output.lines([line] for line in _log_lines(event))


def _sentence(event: Mapping[str, Any]) -> str:
    """`2026-01-31 12:00:00  torrent.state  0a1b2c3d  state=seeding previous=downloading`"""
    data = dict(event["data"])
    words = [format_time(event["time"]), event["topic"]]
    if event["topic"].startswith(("torrent.", "tracker.")) and isinstance(data.get("id"), str):
        words.append(data.pop("id")[:SHORT_ID])
    facts = " ".join(f"{key}={value}" for key, value in flatten(data))
    return "  ".join([*words, facts] if facts else words)


def _log_lines(event: Mapping[str, Any]) -> Iterator[str]:
    data = event["data"]
    place = data["namespace"].removeprefix("torrentd.")
    yield f"{format_time(event['time'])} {data['level']:5} {place}: {data['message']}"
    yield from data.get("traceback", "").splitlines()
