"""Reading everything at start. A torrent that fails its checks is listed as broken; it never stops the rest."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from itertools import groupby
from operator import itemgetter

from torrentd.state import writes
from torrentd.state.records import Broken, Loaded
from torrentd.state.rows import COLUMNS, decode
from torrentd.state.suspects import settle, suspects

_SELECT = (
    f"SELECT torrent.id, {', '.join(COLUMNS)}, metainfo.torrent IS NOT NULL AS has_metainfo"
    " FROM torrent LEFT JOIN metainfo ON metainfo.torrent = torrent.id ORDER BY torrent.id"
)


def load(connection: sqlite3.Connection, crashed: bool) -> Loaded:
    """Everything but metainfo and file stats. `crashed`: whether the last run is known to have crashed."""
    loaded = Loaded(suspects=suspects(connection, crashed))
    with suppress(sqlite3.OperationalError):  # a full disk does not keep us from starting
        settle(connection, crashed)
    loaded.settings, loaded.totals = writes.settings(connection)
    marks = _marks(connection)
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    for row in cursor.execute(_SELECT):
        found = decode(row, marks.get(row["id"], []))
        if not row["has_metainfo"] and not isinstance(found, Broken):
            found = Broken(found.info_hash, found.name, "its metainfo is not in the database")
        if isinstance(found, Broken):
            loaded.broken.append(found)
        else:
            loaded.torrents.append(found)
    return loaded


def _marks(connection: sqlite3.Connection) -> dict[int, list[int]]:
    rows = connection.execute("SELECT torrent, piece FROM writing ORDER BY torrent, piece")
    return {torrent: [piece for _, piece in marks] for torrent, marks in groupby(rows, key=itemgetter(0))}
