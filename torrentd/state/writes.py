"""The SQL of each change and query. Everything here runs on the state thread, inside a transaction of `commits`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from torrentd.state.records import FileStat, Totals
from torrentd.state.rows import COLUMNS, SqlValue

NumberedStat: TypeAlias = tuple[int, int, int, int]
"""(file number, size, mtime_ns, inode)"""

_TOTALS = "totals"  # a setting of our own, out of the way of dotted configuration keys

NEXT_ID = "max((SELECT ifnull(max(id), 0) FROM torrent), (SELECT ifnull(max(id), 0) FROM magnet)) + 1"
"""Torrents and magnets share one sequence: the order in which they were added."""

_INSERT = (
    f"INSERT INTO torrent (id, {', '.join(COLUMNS)})"
    f" VALUES (ifnull(:id, {NEXT_ID}), {', '.join(':' + name for name in COLUMNS)})"
)


def torrent_id(connection: sqlite3.Connection, info_hash: bytes) -> int:
    """The row that holds a torrent. LookupError when there is none (any more)."""
    row = connection.execute("SELECT id FROM torrent WHERE info_hash = ?", (info_hash,)).fetchone()
    if row is None:
        raise LookupError(f"the state has no torrent {info_hash.hex()}")
    return int(row[0])


def add(
    connection: sqlite3.Connection, columns: Mapping[str, SqlValue], metainfo: bytes, id: int | None = None
) -> None:
    """`id`: its place among the others, the last one by default."""
    torrent = connection.execute(_INSERT, {"id": id, **columns}).lastrowid
    connection.execute("INSERT INTO metainfo VALUES (?, ?)", (torrent, metainfo))


def remove(connection: sqlite3.Connection, info_hash: bytes) -> None:
    """With all that belongs to it; nothing happens when it is not there."""
    connection.execute("DELETE FROM torrent WHERE info_hash = ?", (info_hash,))
    connection.execute("DELETE FROM magnet WHERE info_hash = ?", (info_hash,))
    connection.execute("DELETE FROM queue WHERE info_hash = ?", (info_hash,))
    connection.execute("DELETE FROM suspect WHERE info_hash = ?", (info_hash,))


def update(connection: sqlite3.Connection, info_hash: bytes, columns: Mapping[str, SqlValue]) -> None:
    torrent = torrent_id(connection, info_hash)
    if columns:
        assignments = ", ".join(f"{name} = :{name}" for name in columns)
        connection.execute(f"UPDATE torrent SET {assignments} WHERE id = :id", {**columns, "id": torrent})


def set_seeding_times(connection: sqlite3.Connection, rows: Iterable[tuple[int, bytes]]) -> None:
    """(seconds, info hash); torrents that are gone are passed over."""
    connection.executemany("UPDATE torrent SET seeding_time = ? WHERE info_hash = ?", rows)


def set_ranks(connection: sqlite3.Connection, rows: Iterable[tuple[bytes, float]]) -> None:
    """(info hash, place in the queue)"""
    connection.executemany("INSERT OR REPLACE INTO queue VALUES (?, ?)", rows)


def ranks(connection: sqlite3.Connection) -> dict[bytes, float]:
    return {bytes(info_hash): rank for info_hash, rank in connection.execute("SELECT info_hash, rank FROM queue")}


def mark(connection: sqlite3.Connection, info_hash: bytes, pieces: Iterable[int], checked: bool = False) -> None:
    torrent = torrent_id(connection, info_hash)
    connection.executemany("INSERT OR IGNORE INTO writing VALUES (?, ?)", [(torrent, piece) for piece in pieces])
    if checked:
        connection.execute("UPDATE torrent SET checked = 1 WHERE id = ? AND NOT checked", (torrent,))


def unmark(connection: sqlite3.Connection, info_hash: bytes, pieces: Iterable[int]) -> None:
    torrent = torrent_id(connection, info_hash)
    connection.executemany(
        "DELETE FROM writing WHERE torrent = ? AND piece = ?", [(torrent, piece) for piece in pieces]
    )


def keep_stats(connection: sqlite3.Connection, info_hash: bytes, files: Sequence[NumberedStat]) -> None:
    torrent = torrent_id(connection, info_hash)
    connection.executemany(
        "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)",
        [(torrent, number, size, _clamped(mtime_ns), _signed(inode)) for number, size, mtime_ns, inode in files],
    )


def files(connection: sqlite3.Connection, info_hash: bytes) -> list[FileStat | None]:
    torrent = torrent_id(connection, info_hash)
    (count,) = connection.execute("SELECT file_count FROM torrent WHERE id = ?", (torrent,)).fetchone()
    stats: list[FileStat | None] = [None] * count
    rows = connection.execute(
        "SELECT number, size, mtime_ns, inode FROM file WHERE torrent = ? AND number BETWEEN 0 AND ?",
        (torrent, count - 1),
    )
    for number, size, mtime_ns, inode in rows:
        stats[number] = (size, mtime_ns, inode % 2**64)
    return stats


def metainfo(connection: sqlite3.Connection, info_hash: bytes) -> bytes:
    row = connection.execute(
        "SELECT data FROM metainfo WHERE torrent = ?", (torrent_id(connection, info_hash),)
    ).fetchone()
    if row is None:
        raise LookupError(f"the state has no metainfo of {info_hash.hex()}")
    return bytes(row[0])


def set_setting(connection: sqlite3.Connection, key: str, value: object) -> None:
    """None takes the setting away."""
    if value is None:
        connection.execute("DELETE FROM setting WHERE key = ?", (key,))
    else:
        text = msgspec.json.encode(value).decode()
        connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, text))


def set_totals(connection: sqlite3.Connection, totals: Totals) -> None:
    set_setting(connection, _TOTALS, totals)


def settings(connection: sqlite3.Connection) -> tuple[dict[str, object], Totals]:
    """All settings that can be read, and the totals; a value that is not JSON is left out."""
    found: dict[str, object] = {}
    for key, value in connection.execute("SELECT key, value FROM setting ORDER BY key"):
        try:
            found[key] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            continue
    try:
        totals = msgspec.convert(found.pop(_TOTALS, {}), Totals)
    except msgspec.ValidationError:
        totals = Totals()
    return found, totals


def _clamped(mtime_ns: int) -> int:
    """A time beyond the year 2262 does not fit; the file then counts as changed at the next start."""
    return max(-(2**63), min(mtime_ns, 2**63 - 1))


def _signed(inode: int) -> int:
    """Inode numbers are unsigned; SQLite's integers are not."""
    return inode - 2**64 if inode >= 2**63 else inode
