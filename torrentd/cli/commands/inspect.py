"""`inspect`: what a .torrent file or a magnet link says. Needs no daemon, unless something is to be fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from torrentd.cli.columns import INSPECTED_FILES
from torrentd.cli.completing import files
from torrentd.cli.exits import USAGE, Failed
from torrentd.cli.options import Seconds, command
from torrentd.cli.session import Session
from torrentd.cli.sizes import format_size

FETCH_TIMEOUT = 60.0
"""Seconds: what the daemon would take by default."""


@command(
    "inspect",
    short_help="Show what a .torrent file or a magnet link says.",
    help="Show what a .torrent file ('-' for stdin) or a magnet link says. Needs no daemon.\n\n"
    "With --fetch the daemon gets the metadata of a magnet link from peers, or the .torrent file at an http or https "
    "URL, and adds nothing.\n\n"
    "In a pipe each line is a key and its value; a file is: file, path, size, attr.",
)
@click.argument("source", metavar="FILE, MAGNET or URL", shell_complete=files)
@click.option("--fetch", is_flag=True, help="Have the daemon fetch it.")
@click.option("--timeout", type=Seconds(0, 300), metavar="S", default=FETCH_TIMEOUT, help="Fetch for so long (60).")
def inspect_command(session: Session, source: str, fetch: bool, timeout: float) -> None:
    from torrentd.cli import offline  # the parser is not needed for `--help`

    if offline.is_url(source):
        if not fetch:
            raise Failed(f"{source}: a URL is for the daemon to fetch; add --fetch", USAGE)
        _show(session, session.call("torrent.inspect", {"url": source, "timeout": timeout}, wait=timeout))
        return
    if fetch and not offline.is_magnet(source):
        raise Failed("--fetch is for magnet links and URLs", USAGE)
    if not offline.is_magnet(source):
        _show(session, offline.inspect(source))
        return
    link = offline.read_magnet(source)
    if fetch:
        _show(session, session.call("torrent.inspect", {"magnet": source, "timeout": timeout}, wait=timeout))
    else:
        parts = offline.describe_magnet(link)
        session.output.thing(parts, _lines(parts), _link_facts(parts))


def _show(session: Session, facts: dict[str, Any]) -> None:
    """A torrent, as the file says it or as the daemon does."""
    session.output.thing(facts, _lines(facts), _facts(facts))
    if session.output.form == "table":
        session.output.table(INSPECTED_FILES, [{"attr": "", **row} for row in facts["files"]])


def _lines(facts: dict[str, Any]) -> Iterator[list[str]]:
    from torrentd.cli.tables import exact_text

    for key, value in facts.items():
        if key == "trackers":
            tiers = [[url] for url in value] if value and isinstance(value[0], str) else value
            yield from (["tracker", str(tier), url] for tier, urls in enumerate(tiers) for url in urls)
        elif key == "files":
            yield from (["file", row["path"], str(row["size"]), row.get("attr", "")] for row in value)
        else:
            yield [key, exact_text(value)]


def _facts(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "name", facts["name"]
    yield from _hashes(facts)
    yield "size", f"{format_size(facts['size'])} ({facts['size']} bytes) in {len(facts['files'])} files"
    yield "pieces", f"{facts['piece_count']} of {format_size(facts['piece_size'])}"
    yield "private", "yes" if facts["private"] else "no"
    for tier, urls in enumerate(facts["trackers"]):
        yield f"tier {tier}", " ".join(urls)
    if not facts.get("supported", True):
        yield "supported", "no: torrents of version 2 only cannot be added yet"


def _link_facts(parts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is not said is left out."""
    if parts["name"]:
        yield "name", parts["name"]
    yield from _hashes(parts)
    if parts["size"]:
        yield "size", f"{format_size(parts['size'])} ({parts['size']} bytes)"
    if parts["selection"]:
        yield (
            "files",
            ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in parts["selection"]),
        )
    for key, title in (("trackers", "tracker"), ("peers", "peer"), ("webseeds", "web seed")):
        for value in parts[key]:
            yield title, value
    if not parts["supported"]:
        yield "supported", "no: torrents of version 2 only cannot be added yet"


def _hashes(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, title in (("hash_v1", "hash v1"), ("hash_v2", "hash v2")):
        if facts[key]:
            yield title, facts[key]
