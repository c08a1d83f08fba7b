"""The tables, and whether a database has them as they are here.

`PRAGMA user_version` holds FORMAT, which follows from the text of the tables, so that no change of them can forget it.
A database of another format is damaged in no way: it is refused and left as it is. CHECK constraints repeat what
`records` promises where SQL can say it, so that no bug of ours persists a bitfield of the wrong length.

Metainfo has a table of its own: it is large, and reading the torrents at start must not read through it. Integer keys
keep the many rows of `writing` and `file` small; those two are WITHOUT ROWID because they *are* their key.
"""

from __future__ import annotations

import sqlite3
import zlib

from torrentd.model.errors import StorageError

APPLICATION_ID = 0x54447374  # "TDst", shown by file(1); tells our databases from others

TABLES = """
    CREATE TABLE torrent (
        id INTEGER PRIMARY KEY,
        info_hash BLOB NOT NULL UNIQUE,
        hash_v1 BLOB,
        hash_v2 BLOB,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        piece_size INTEGER NOT NULL,
        piece_count INTEGER NOT NULL,
        file_count INTEGER NOT NULL,
        private INTEGER NOT NULL CHECK (private IN (0, 1)),
        download_dir TEXT NOT NULL,
        added_at REAL NOT NULL,
        started_at REAL,
        completed_at REAL,
        active_at REAL,
        edited_at REAL NOT NULL,
        seeding_time INTEGER NOT NULL CHECK (seeding_time >= 0),
        downloading_time INTEGER NOT NULL CHECK (downloading_time >= 0),
        uploaded INTEGER NOT NULL CHECK (uploaded >= 0),
        downloaded INTEGER NOT NULL CHECK (downloaded >= 0),
        wasted INTEGER NOT NULL CHECK (wasted >= 0),
        paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
        forced INTEGER NOT NULL CHECK (forced IN (0, 1)),
        finished INTEGER NOT NULL CHECK (finished IN (0, 1)),
        sequential INTEGER NOT NULL CHECK (sequential IN (0, 1)),
        priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
        stop_after TEXT,
        priorities BLOB NOT NULL CHECK (length(priorities) IN (0, file_count)),
        labels TEXT NOT NULL,
        limits TEXT NOT NULL,
        peers TEXT NOT NULL,
        tiers TEXT NOT NULL,
        have BLOB NOT NULL CHECK (length(have) = (piece_count + 7) / 8),
        checked INTEGER NOT NULL CHECK (checked IN (0, 1))
    ) STRICT;
    CREATE TABLE metainfo (
        torrent INTEGER PRIMARY KEY REFERENCES torrent ON DELETE CASCADE,
        data BLOB NOT NULL
    ) STRICT;
    CREATE TABLE writing (
        torrent INTEGER NOT NULL REFERENCES torrent ON DELETE CASCADE,
        piece INTEGER NOT NULL,
        PRIMARY KEY (torrent, piece)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE file (
        torrent INTEGER NOT NULL REFERENCES torrent ON DELETE CASCADE,
        number INTEGER NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        PRIMARY KEY (torrent, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE name (
        torrent INTEGER NOT NULL REFERENCES torrent ON DELETE CASCADE,
        number INTEGER NOT NULL,
        path TEXT NOT NULL,
        PRIMARY KEY (torrent, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE renaming (
        torrent INTEGER PRIMARY KEY REFERENCES torrent ON DELETE CASCADE,
        old TEXT NOT NULL,
        new TEXT NOT NULL
    ) STRICT;
    CREATE TABLE move (
        torrent INTEGER PRIMARY KEY REFERENCES torrent ON DELETE CASCADE,
        source TEXT NOT NULL,
        target TEXT NOT NULL,
        moved INTEGER NOT NULL CHECK (moved IN (0, 1))
    ) STRICT;
    CREATE TABLE suspect (
        info_hash BLOB PRIMARY KEY,
        crashes INTEGER NOT NULL,
        under_way INTEGER NOT NULL CHECK (under_way IN (0, 1))
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE magnet (
        id INTEGER PRIMARY KEY,
        info_hash BLOB NOT NULL UNIQUE,
        record TEXT NOT NULL
    ) STRICT;
    CREATE TABLE queue (info_hash BLOB PRIMARY KEY, rank REAL NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE ban (
        whom TEXT PRIMARY KEY,
        reason TEXT NOT NULL,
        at REAL NOT NULL,
        until REAL,
        torrent BLOB
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""

FORMAT = zlib.crc32(" ".join(TABLES.split()).encode()) & 0x7FFFFFFF
"""Which tables these are, however the text is laid out."""


def is_fresh(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever written: a new file, or one that lost everything."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return not tables


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Make the tables in a fresh database, all or none. StorageError for one that has others, which is not touched."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found == FORMAT:
        return
    if found or not is_fresh(connection):
        raise StorageError(
            f"{path}: written by another version of torrentd (format {found:x}; this one's is {FORMAT:x}). It was left "
            f"as it is: run that version again, or move it and its .backup away to begin with an empty state, in which "
            f"torrents are added again and find their files",
            path=path,
        )
    # executescript leaves the transaction open when a statement fails; the caller closes the connection then
    connection.executescript(
        f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {FORMAT}; PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
    )
