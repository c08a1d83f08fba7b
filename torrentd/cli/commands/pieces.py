"""`pieces`: which pieces are there, as a map for people and piece by piece for pipes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.sizes import format_size
from torrentd.cli.torrents import find, one
from torrentd.model.bitfield import Bitfield

MAP_LINES = 8
"""The map has at most this many lines; beyond that a character stands for several pieces."""
ALL, SOME, NONE = "#", "+", "."


@command(
    "pieces",
    short_help="Show which pieces are there.",
    help=f"Show which pieces are there: {ALL} all, {SOME} some, {NONE} none of what a character stands for.\n\n"
    "In a pipe the columns are: piece, have (1 or 0), availability.",
)
@one()
def pieces_command(session: Session, torrent: str) -> None:
    result = session.call("torrent.pieces", {"id": find(session, torrent)})
    output = session.output
    if output.form == "json":
        output.json(result)
        return
    have = Bitfield.from_bytes(result["count"], base64.b64decode(result["have"]))
    if output.form == "plain":
        output.lines(_lines(have, result["availability"]))
        return
    output.record([("have", f"{have.count} of {have.size} pieces of {format_size(result['size'])}"), *_spread(result)])
    for line in piece_map(have, output.width):
        output.lines([[line]])


def piece_map(have: Bitfield, width: int) -> Iterator[str]:
    """The map, line by line: at most MAP_LINES lines of `width` characters."""
    pieces_each = -(-have.size // (width * MAP_LINES)) if have.size else 1
    marks = "".join(_mark(have, start, pieces_each) for start in range(0, have.size, pieces_each))
    for start in range(0, len(marks), width):
        yield marks[start : start + width]


def _mark(have: Bitfield, start: int, length: int) -> str:
    pieces = range(start, min(start + length, have.size))
    there = sum(piece in have for piece in pieces)
    return ALL if there == len(pieces) else SOME if there else NONE


def _lines(have: Bitfield, availability: list[int] | None) -> Iterator[list[str]]:
    for piece in range(have.size):
        seen = "" if availability is None else str(availability[piece])
        yield [str(piece), "1" if piece in have else "0", seen]


def _spread(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """How many connected peers have the rarest piece."""
    if result["availability"]:
        yield "rarest", f"{min(result['availability'])} of the connected peers"
