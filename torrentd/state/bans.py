"""Who is not talked to, over restarts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from torrentd.state.records import BanRecord


def put(connection: sqlite3.Connection, records: Iterable[BanRecord]) -> None:
    connection.executemany("INSERT OR REPLACE INTO ban VALUES (?, ?, ?, ?, ?)", records)


def lift(connection: sqlite3.Connection, whom: Iterable[str]) -> None:
    connection.executemany("DELETE FROM ban WHERE whom = ?", [(one,) for one in whom])


def load(connection: sqlite3.Connection) -> list[BanRecord]:
    """The oldest first."""
    return [BanRecord(*row) for row in connection.execute("SELECT * FROM ban ORDER BY at, whom")]
