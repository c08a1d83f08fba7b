"""The SQL, on a connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from tests.state.samples import HASH, record
from torrentd.state import writes
from torrentd.state.records import Totals
from torrentd.state.rows import encode_record
from torrentd.state.schema import prepare


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    found = sqlite3.connect(":memory:", isolation_level=None)
    found.execute("PRAGMA foreign_keys = ON")
    prepare(found, "db")
    writes.add(found, encode_record(record()), b"metainfo")
    yield found
    found.close()


def count(connection: sqlite3.Connection, table: str) -> int:
    (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


def test_marks_are_a_set(connection: sqlite3.Connection) -> None:
    writes.mark(connection, HASH, [1, 2, 3])
    writes.mark(connection, HASH, [3, 4])
    writes.unmark(connection, HASH, [1, 4, 9])
    assert connection.execute("SELECT piece FROM writing ORDER BY piece").fetchall() == [(2,), (3,)]


def test_stats_come_back_by_number_and_the_last_ones_count(connection: sqlite3.Connection) -> None:
    assert writes.files(connection, HASH) == [None, None]
    writes.keep_stats(connection, HASH, [(1, 10, 20, 30)])
    writes.keep_stats(connection, HASH, [(1, 11, 21, 31)])
    assert writes.files(connection, HASH) == [None, (11, 21, 31)]


def test_an_inode_number_has_64_bits(connection: sqlite3.Connection) -> None:
    writes.keep_stats(connection, HASH, [(0, 1, -5, 2**64 - 1), (1, 1, 1, 2**63)])
    assert writes.files(connection, HASH) == [(1, -5, 2**64 - 1), (1, 1, 2**63)]


def test_a_time_that_does_not_fit_is_another_time(connection: sqlite3.Connection) -> None:
    writes.keep_stats(connection, HASH, [(0, 1, 2**70, 1), (1, 1, -(2**70), 1)])
    assert writes.files(connection, HASH) == [(1, 2**63 - 1, 1), (1, -(2**63), 1)]


def test_stats_of_files_that_do_not_exist_are_not_given_back(connection: sqlite3.Connection) -> None:
    writes.keep_stats(connection, HASH, [(2, 1, 1, 1), (-1, 1, 1, 1)])
    assert writes.files(connection, HASH) == [None, None]


def test_removing_takes_everything_along(connection: sqlite3.Connection) -> None:
    writes.mark(connection, HASH, [1])
    writes.keep_stats(connection, HASH, [(0, 1, 1, 1)])
    writes.remove(connection, HASH)
    writes.remove(connection, HASH)
    assert [count(connection, table) for table in ("torrent", "metainfo", "writing", "file")] == [0, 0, 0, 0]


def test_what_is_not_there_is_a_lookup_error(connection: sqlite3.Connection) -> None:
    other = b"o" * 20
    for call in (
        lambda: writes.update(connection, other, {"paused": True}),
        lambda: writes.mark(connection, other, [1]),
        lambda: writes.keep_stats(connection, other, []),
        lambda: writes.metainfo(connection, other),
        lambda: writes.files(connection, other),
    ):
        with pytest.raises(LookupError, match=other.hex()):
            call()


def test_metainfo_that_is_gone_is_a_lookup_error(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM metainfo")
    with pytest.raises(LookupError, match="no metainfo"):
        writes.metainfo(connection, HASH)


def test_settings_hold_json(connection: sqlite3.Connection) -> None:
    writes.set_setting(connection, "limits.download", 5)
    writes.set_setting(connection, "odd", {"a": [None, "é"]})
    writes.set_setting(connection, "gone", 1)
    writes.set_setting(connection, "gone", None)
    writes.set_totals(connection, Totals(1, 2, 3, 4))
    assert writes.settings(connection) == ({"limits.download": 5, "odd": {"a": [None, "é"]}}, Totals(1, 2, 3, 4))


def test_settings_that_cannot_be_read_are_left_out(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO setting VALUES ('bad', '{'), ('good', '1'), ('totals', '[]')")
    assert writes.settings(connection) == ({"good": 1}, Totals())
