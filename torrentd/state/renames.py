"""Files that are called otherwise than their torrent says. A renaming under way is noted together with the new names,
before the disk is touched, so that a crash in between leads to the same end.

A torrent is called like its file or folder that lies in the download directory, whatever its metainfo says."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import msgspec

from torrentd.state import writes
from torrentd.state.records import Path, Renaming


def begin(connection: sqlite3.Connection, info_hash: bytes, names: Mapping[int, Path], renaming: Renaming) -> None:
    """From here on these files have these paths."""
    torrent = _put(connection, info_hash, names, renaming.new)
    connection.execute(
        "INSERT OR REPLACE INTO renaming VALUES (?, ?, ?)", (torrent, _text(renaming.old), _text(renaming.new))
    )


def undo(connection: sqlite3.Connection, info_hash: bytes, names: Mapping[int, Path], renaming: Renaming) -> None:
    """It did not work: these files have these paths again."""
    _put(connection, info_hash, names, renaming.old)
    end(connection, info_hash)


def end(connection: sqlite3.Connection, info_hash: bytes) -> None:
    """The disk is as the names say."""
    connection.execute(
        "DELETE FROM renaming WHERE torrent IN (SELECT id FROM torrent WHERE info_hash = ?)", (info_hash,)
    )


def names(connection: sqlite3.Connection, torrent: int) -> dict[int, Path]:
    """Of one torrent, by the row that holds it: the number of a file -> its path."""
    rows = connection.execute("SELECT number, path FROM name WHERE torrent = ?", (torrent,))
    return {number: _path(text) for number, text in rows}


def renamed(connection: sqlite3.Connection) -> set[bytes]:
    """The torrents that have such files."""
    rows = connection.execute("SELECT info_hash FROM torrent WHERE id IN (SELECT torrent FROM name)")
    return {bytes(info_hash) for (info_hash,) in rows}


def under_way(connection: sqlite3.Connection) -> dict[bytes, Renaming]:
    rows = connection.execute("SELECT info_hash, old, new FROM renaming JOIN torrent ON torrent.id = renaming.torrent")
    return {bytes(info_hash): Renaming(_path(old), _path(new)) for info_hash, old, new in rows}


def _put(connection: sqlite3.Connection, info_hash: bytes, names: Mapping[int, Path], path: Path) -> int:
    torrent = writes.torrent_id(connection, info_hash)
    connection.executemany(
        "INSERT OR REPLACE INTO name VALUES (?, ?, ?)",
        [(torrent, number, _text(path)) for number, path in names.items()],
    )
    if len(path) == 1:
        writes.update(connection, info_hash, {"name": path[0]})
    return torrent


def _text(path: Path) -> str:
    return msgspec.json.encode(path).decode()


def _path(text: str) -> Path:
    return msgspec.json.decode(text, type=Path)
