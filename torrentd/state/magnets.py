"""Torrents whose metadata is not here yet: a record of their own, until the torrent takes its place.

They have nothing that a torrent's row is about (sizes, pieces, files), and there is nothing to be updated often, so a
record is one JSON text in a table of its own. Both tables share one sequence of ids, the order in which torrents were
added.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import msgspec

from torrentd.state.records import Broken, MagnetRecord
from torrentd.state.rows import SqlValue
from torrentd.state.writes import NEXT_ID, add


def encode(record: MagnetRecord) -> str:
    """The text to be stored. ValueError for a record that could not be read again."""
    text = msgspec.json.encode(record)
    msgspec.json.decode(text, type=MagnetRecord)
    return text.decode()


def put(connection: sqlite3.Connection, info_hash: bytes, text: str) -> None:
    """Add, or change in its place."""
    connection.execute(
        f"INSERT INTO magnet (id, info_hash, record) VALUES ({NEXT_ID}, ?, ?)"
        " ON CONFLICT (info_hash) DO UPDATE SET record = excluded.record",
        (info_hash, text),
    )


def fulfil(connection: sqlite3.Connection, columns: Mapping[str, SqlValue], metainfo: bytes) -> None:
    """The torrent takes the magnet's place. LookupError if that is gone."""
    row = connection.execute("SELECT id FROM magnet WHERE info_hash = ?", (columns["info_hash"],)).fetchone()
    if row is None:
        raise LookupError("the magnet is not in the database")
    connection.execute("DELETE FROM magnet WHERE id = ?", row)
    add(connection, columns, metainfo, row[0])


def load(connection: sqlite3.Connection) -> tuple[list[MagnetRecord], list[Broken]]:
    """In the order in which they were added; and those that cannot be used."""
    records: list[MagnetRecord] = []
    broken: list[Broken] = []
    for info_hash, text in connection.execute("SELECT info_hash, record FROM magnet ORDER BY id"):
        try:
            record = msgspec.json.decode(text, type=MagnetRecord)
            if record.info_hash != info_hash:
                raise ValueError("info_hash is not that of the row")
        except ValueError as error:
            broken.append(Broken(bytes(info_hash), bytes(info_hash).hex(), str(error)))
        else:
            records.append(record)
    return records, broken


def order(connection: sqlite3.Connection) -> list[bytes]:
    """Every info hash of both tables, in the order in which they were added."""
    rows = connection.execute("SELECT info_hash, id FROM torrent UNION ALL SELECT info_hash, id FROM magnet ORDER BY 2")
    return [info_hash for info_hash, _ in rows]
