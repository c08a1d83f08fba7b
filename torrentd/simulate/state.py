"""A host's database: the daemon's own SQL, in memory. What was committed is still there after a crash.

Only where the database lies is simulated; the connection stays open while its host is down.
"""

from __future__ import annotations

import sqlite3

from twisted.internet.defer import Deferred

from torrentd.state import suspects
from torrentd.state.commits import Run
from torrentd.state.database import State
from torrentd.state.loading import load
from torrentd.state.records import Loaded
from torrentd.state.schema import prepare

COMMIT = 0.0005
"""Seconds of a commit: what SQLite with `synchronous=FULL` needs on a good disk."""

_PLACE = ":memory:"


class Archive:
    """The database file."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None

    def open(self, crashed: bool) -> tuple[sqlite3.Connection, Loaded]:
        """As `state.recovery.open_database`."""
        if self._connection is None:
            self._connection = sqlite3.connect(_PLACE, isolation_level=None, cached_statements=32)
            self._connection.execute("PRAGMA foreign_keys = ON")
            prepare(self._connection, _PLACE)
        return self._connection, load(self._connection, crashed)

    def close(self) -> None:
        """Throw it away."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SimulatedState(State):
    """`State` over an archive. `run` as there; it decides how long a commit takes."""

    def __init__(self, run: Run, archive: Archive) -> None:
        super().__init__(run, _PLACE)
        self._archive = archive

    def open(self, crashed: bool = False) -> Deferred[Loaded]:
        opening: Deferred[tuple[sqlite3.Connection, Loaded]] = self._run(self._archive.open, crashed)
        return opening.addCallback(self._opened)

    def close(self) -> Deferred[None]:
        settled = self._write(lambda connection: suspects.settle(connection, crashed=False))
        self._commits = None
        return settled

    def backup(self) -> Deferred[None]:
        """An archive does not fail, and nobody looks at its copies."""
        return self._query(lambda connection: None)
