"""Versions of the database."""

from __future__ import annotations

import sqlite3

import pytest

from torrentd.model.errors import StorageError
from torrentd.state.schema import APPLICATION_ID, VERSION, is_fresh, migrate


def test_a_fresh_database_gets_every_step_and_our_mark() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    assert is_fresh(connection)
    migrate(connection, "db")
    assert not is_fresh(connection)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_a_current_database_is_left_alone() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, "db")
    before = connection.total_changes
    migrate(connection, "db")
    assert connection.total_changes == before


def test_a_newer_database_is_refused() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StorageError, match=f"newer torrentd .format {VERSION + 1}"):
        migrate(connection, "db")
