"""Which torrent crashes us.

Before a torrent is started it is noted as under way; the note is taken away when it has run well for a while, and at a
clean stop. Notes that are found at the next open, after a run that is known to have *crashed* (`crash.CrashReport`
holds the evidence; a kill -9 or a power cut is nobody's fault), make their torrents suspects: each has one crash more.

At a start many torrents are under way together, and all of them become suspects. So the session starts those without
a crash together, and a suspect alone, one after the other: the second crash then has one suspect. QUARANTINE_AFTER
crashes in a row: the torrent is not started any more until the user resumes it. It keeps its crashes when it gets its
metadata.
"""

from __future__ import annotations

import sqlite3

QUARANTINE_AFTER = 2
"""Crashes in a row. One may be chance, three is a crash loop."""

PROBATION = 60.0
"""Seconds that a torrent runs before its note is taken away."""


def note_started(connection: sqlite3.Connection, info_hash: bytes) -> None:
    """LookupError if the state has no such torrent, nor a magnet link of it."""
    noted = connection.execute(
        "INSERT INTO suspect SELECT info_hash, 0, 1 FROM"
        " (SELECT info_hash FROM torrent UNION ALL SELECT info_hash FROM magnet) WHERE info_hash = ?"
        " ON CONFLICT (info_hash) DO UPDATE SET under_way = 1",
        (info_hash,),
    )
    if not noted.rowcount:
        raise LookupError(f"the state has no torrent {info_hash.hex()}")


def note_ok(connection: sqlite3.Connection, info_hash: bytes) -> None:
    connection.execute("DELETE FROM suspect WHERE info_hash = ?", (info_hash,))


def note_quiet(connection: sqlite3.Connection, info_hash: bytes) -> None:
    """It is not under way any more, and what may bring us down is yet to come: its crashes are not forgotten."""
    connection.execute("UPDATE suspect SET under_way = 0 WHERE info_hash = ?", (info_hash,))
    connection.execute("DELETE FROM suspect WHERE info_hash = ? AND crashes = 0", (info_hash,))


def settle(connection: sqlite3.Connection, crashed: bool) -> None:
    """Turn the notes of the last run into crashes, or forget them if it did not crash."""
    connection.execute("UPDATE suspect SET crashes = crashes + ? * under_way, under_way = 0", (int(crashed),))
    connection.execute("DELETE FROM suspect WHERE crashes = 0")


def suspects(connection: sqlite3.Connection, crashed: bool) -> dict[bytes, int]:
    """Info hash -> crashes in a row, the last run's included. To be asked before `settle`."""
    rows = connection.execute(
        "SELECT info_hash, crashes + ? * under_way AS total FROM suspect WHERE total > 0", (int(crashed),)
    )
    return {bytes(info_hash): int(crashes) for info_hash, crashes in rows}
