"""Torrents whose files are on their way to another directory: noted before the first step, so that a crash at any
point leads to the same end."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from torrentd.state import writes
from torrentd.state.records import Move
from torrentd.state.rows import encode
from torrentd.state.writes import NumberedStat


def begin(connection: sqlite3.Connection, info_hash: bytes, source: str, target: str) -> None:
    torrent = writes.torrent_id(connection, info_hash)
    connection.execute("INSERT OR REPLACE INTO move VALUES (?, ?, ?, 0)", (torrent, source, target))


def done(connection: sqlite3.Connection, info_hash: bytes, target: str, stats: Sequence[NumberedStat]) -> None:
    """From here on the torrent is at its new place."""
    torrent = writes.torrent_id(connection, info_hash)
    writes.update(connection, info_hash, encode({"download_dir": target}))
    writes.keep_stats(connection, info_hash, stats)
    connection.execute("UPDATE move SET moved = 1 WHERE torrent = ?", (torrent,))


def end(connection: sqlite3.Connection, info_hash: bytes) -> None:
    """Nothing is left to be done, or it was given up."""
    connection.execute("DELETE FROM move WHERE torrent IN (SELECT id FROM torrent WHERE info_hash = ?)", (info_hash,))


def load(connection: sqlite3.Connection) -> dict[bytes, Move]:
    rows = connection.execute(
        "SELECT info_hash, source, target, moved FROM move JOIN torrent ON torrent.id = move.torrent"
    )
    return {bytes(info_hash): Move(source, target, bool(moved)) for info_hash, source, target, moved in rows}
