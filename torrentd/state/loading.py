"""Reading everything at start. A torrent that fails its checks is listed as broken; it never stops the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from operator import itemgetter

from torrentd.state import bans, magnets, moves, renames, writes
from torrentd.state.records import Broken, FileStat, Loaded, Stored, TorrentRecord
from torrentd.state.rows import COLUMNS, decode
from torrentd.state.suspects import settle, suspects

_SELECT = (
    f"SELECT torrent.id, {', '.join(COLUMNS)}, metainfo.torrent IS NOT NULL AS has_metainfo"
    " FROM torrent LEFT JOIN metainfo ON metainfo.torrent = torrent.id"
)
_ALL = f"{_SELECT} ORDER BY torrent.id"
_ONE = f"{_SELECT} WHERE torrent.info_hash = ?"


def load(connection: sqlite3.Connection, crashed: bool) -> Loaded:
    """Everything but metainfo and file stats. `crashed`: whether the last run is known to have crashed."""
    loaded = Loaded(suspects=suspects(connection, crashed))
    with suppress(sqlite3.OperationalError):  # a full disk does not keep us from starting
        settle(connection, crashed)
    loaded.ranks = writes.ranks(connection)
    loaded.bans = bans.load(connection)
    loaded.moves = moves.load(connection)
    loaded.renamed, loaded.renamings = renames.renamed(connection), renames.under_way(connection)
    loaded.settings, loaded.totals = writes.settings(connection)
    marks = _marks(connection)
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    for row in cursor.execute(_ALL):
        found = _found(row, marks.get(row["id"], []))
        if isinstance(found, Broken):
            loaded.broken.append(found)
        else:
            loaded.torrents.append(found)
    loaded.magnets, broken = magnets.load(connection)
    loaded.broken += broken
    loaded.order = magnets.order(connection) if loaded.magnets else []
    return loaded


def stored(connection: sqlite3.Connection, info_hash: bytes) -> Stored | Broken:
    """Everything of one torrent. LookupError when it is not there."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute(_ONE, (info_hash,)).fetchone()
    if row is None:
        raise LookupError(f"the state has no torrent {info_hash.hex()}")
    marks = connection.execute("SELECT piece FROM writing WHERE torrent = ? ORDER BY piece", (row["id"],))
    found = _found(row, [piece for (piece,) in marks])
    if isinstance(found, Broken):
        return found
    names = renames.names(connection, row["id"])
    return Stored(found, writes.metainfo(connection, info_hash), writes.files(connection, info_hash), names)


def contents(
    connection: sqlite3.Connection, info_hashes: Iterable[bytes]
) -> list[tuple[bytes, bytes, list[FileStat | None]]]:
    """Metainfo and file stats; torrents that are gone are passed over."""
    found = []
    for info_hash in info_hashes:
        with suppress(LookupError):
            found.append((info_hash, writes.metainfo(connection, info_hash), writes.files(connection, info_hash)))
    return found


def _found(row: sqlite3.Row, marks: list[int]) -> TorrentRecord | Broken:
    found = decode(row, marks)
    if not row["has_metainfo"] and not isinstance(found, Broken):
        return Broken(found.info_hash, found.name, "its metainfo is not in the database")
    return found


def _marks(connection: sqlite3.Connection) -> dict[int, list[int]]:
    rows = connection.execute("SELECT torrent, piece FROM writing ORDER BY torrent, piece")
    return {torrent: [piece for _, piece in marks] for torrent, marks in groupby(rows, key=itemgetter(0))}
