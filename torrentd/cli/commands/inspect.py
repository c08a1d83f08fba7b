"""`inspect`: what a .torrent file says. Needs no daemon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from torrentd.cli.columns import INSPECTED_FILES
from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.sizes import format_size


@command(
    "inspect",
    help="Show what a .torrent file says, '-' for stdin. Needs no daemon.\n\n"
    "In a pipe each line is a key and its value; a file is: file, path, size, attr.",
)
@click.argument("file")
def inspect_command(session: Session, file: str) -> None:
    from torrentd.cli import offline  # the parser is not needed for `--help`

    offline.refuse_links(file)
    facts = offline.inspect(file)
    session.output.thing(facts, _lines(facts), _facts(facts))
    if session.output.form == "table":
        session.output.table(INSPECTED_FILES, facts["files"])


def _lines(facts: dict[str, Any]) -> Iterator[list[str]]:
    from torrentd.cli.tables import exact_text

    for key, value in facts.items():
        if key == "trackers":
            yield from (["tracker", str(tier), url] for tier, urls in enumerate(value) for url in urls)
        elif key == "files":
            yield from (["file", row["path"], str(row["size"]), row["attr"]] for row in value)
        else:
            yield [key, exact_text(value)]


def _facts(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "name", facts["name"]
    for key, title in (("hash_v1", "hash v1"), ("hash_v2", "hash v2")):
        if facts[key]:
            yield title, facts[key]
    yield "size", f"{format_size(facts['size'])} ({facts['size']} bytes) in {len(facts['files'])} files"
    yield "pieces", f"{facts['piece_count']} of {format_size(facts['piece_size'])}"
    yield "private", "yes" if facts["private"] else "no"
    for tier, urls in enumerate(facts["trackers"]):
        yield f"tier {tier}", " ".join(urls)
    if not facts["supported"]:
        yield "supported", "no: torrents of version 2 only cannot be added yet"
