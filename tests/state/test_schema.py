"""Formats of the database."""

from __future__ import annotations

import sqlite3

import pytest

from torrentd.model.errors import StorageError
from torrentd.state.schema import APPLICATION_ID, FORMAT, is_fresh, prepare


def test_a_fresh_database_gets_the_tables_and_our_mark() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    assert is_fresh(connection)
    prepare(connection, "db")
    assert not is_fresh(connection)
    assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_a_current_database_is_left_alone() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    prepare(connection, "db")
    before = connection.total_changes
    prepare(connection, "db")
    assert connection.total_changes == before


@pytest.mark.parametrize("found", [0, 1, FORMAT - 1, FORMAT + 1])
def test_another_format_is_refused(found: int) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE torrent (id INTEGER PRIMARY KEY)")
    connection.execute(f"PRAGMA user_version = {found}")
    with pytest.raises(StorageError, match=f"^db: written by another version .*format {found:x}; this one's is"):
        prepare(connection, "db")
    assert connection.execute("PRAGMA table_info(torrent)").fetchall() == [(0, "id", "INTEGER", 0, None, 1)]
