"""What must survive, as the session sees it: one object whose every method returns a Deferred.

A Deferred that fires means: on the disk, power cut included. All SQL runs on the one thread behind `run`; nothing is
opened before `open`, because the constructor runs before the daemon forks. Values are checked on this side, before
they are queued. Errors of every method: StorageError for the machine (the connection stays usable, the change did not
happen), ValueError for a value that is none, LookupError for a torrent that is not (or no longer) there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from torrentd.model.errors import StorageError
from torrentd.state import bans, loading, magnets, moves, recovery, renames, suspects, writes
from torrentd.state.commits import Commits, Run, Statement
from torrentd.state.faults import translate, translate_os
from torrentd.state.records import (
    BanRecord,
    Broken,
    FileStat,
    Loaded,
    MagnetRecord,
    Path,
    Renaming,
    Stored,
    TorrentRecord,
    Totals,
)
from torrentd.state.rows import MUTABLE, SqlValue, encode, encode_record
from torrentd.state.writes import NumberedStat


class State:
    """The database at `path`, usually `<state_dir>/torrentd.db`. `run(f, *args)` always uses the same thread."""

    def __init__(self, run: Run, path: str) -> None:
        self._run = run
        self._path = path
        self._commits: Commits | None = None

    def open(self, crashed: bool = False) -> Deferred[Loaded]:
        """Read everything; recover from damage (see `recovery`). `crashed`: the last run is known to have crashed."""
        opening: Deferred[tuple[sqlite3.Connection, Loaded]] = self._run(recovery.open_database, self._path, crashed)
        return opening.addCallback(self._opened)

    def _opened(self, opened: tuple[sqlite3.Connection, Loaded]) -> Loaded:
        connection, loaded = opened
        self._commits = Commits(self._run, connection)
        return loaded

    @property
    def is_open(self) -> bool:
        """Not so when it could not be opened."""
        return self._commits is not None

    def close(self) -> Deferred[None]:
        """Finish what was asked before, then close. Every later call fails. Does nothing when not open."""
        if self._commits is None:
            return self._run(_nothing)
        self._write(lambda connection: suspects.settle(connection, crashed=False)).addErrback(_unimportant)
        closing = self._query(sqlite3.Connection.close)
        self._commits = None
        return closing

    def backup(self) -> Deferred[None]:
        """Replace `<path>.backup` by a copy of the present state. Meant for once a day and before a clean close."""
        return self._query(lambda connection: recovery.backup(connection, self._path))

    # --- torrents

    def add(self, record: TorrentRecord, metainfo: bytes) -> Deferred[None]:
        """ValueError too when the torrent is there already, as a broken one perhaps: `remove` it first."""
        try:
            columns = encode_record(record)
        except ValueError as error:
            return fail(error)
        marks = list(record.writing)

        def change(connection: sqlite3.Connection) -> None:
            writes.add(connection, columns, metainfo)
            writes.mark(connection, record.info_hash, marks)

        return self._write(change)

    def put_magnet(self, record: MagnetRecord) -> Deferred[None]:
        """A torrent without metadata: a new one, or how it is now."""
        try:
            text = magnets.encode(record)
        except ValueError as error:
            return fail(error)
        return self._write(lambda connection: magnets.put(connection, record.info_hash, text))

    def fulfil(self, record: TorrentRecord, metainfo: bytes) -> Deferred[None]:
        """The metadata of a magnet is here: the torrent takes its place. LookupError if that was removed."""
        try:
            columns = encode_record(record)
        except ValueError as error:
            return fail(error)
        return self._write(lambda connection: magnets.fulfil(connection, columns, metainfo))

    def remove(self, info_hash: bytes) -> Deferred[None]:
        """With everything that belongs to it; fine when it is not there."""
        return self._write(lambda connection: writes.remove(connection, info_hash))

    def update(self, info_hash: bytes, **columns: object) -> Deferred[None]:
        """Set some of the fields in `rows.MUTABLE`."""
        try:
            encoded = _encode_mutable(columns)
        except ValueError as error:
            return fail(error)
        return self._write(lambda connection: writes.update(connection, info_hash, encoded))

    def metainfo(self, info_hash: bytes) -> Deferred[bytes]:
        """As it was added. Compare its info hash: the database cannot know whether the bytes are still right."""
        return self._query(lambda connection: writes.metainfo(connection, info_hash))

    def files(self, info_hash: bytes) -> Deferred[list[FileStat | None]]:
        """What each file looked like when last synced; None for one that never was."""
        return self._query(lambda connection: writes.files(connection, info_hash))

    def stored(self, info_hash: bytes) -> Deferred[Stored | Broken]:
        """Everything of one torrent, as at start."""
        return self._query(lambda connection: loading.stored(connection, info_hash))

    def contents(self, info_hashes: Sequence[bytes]) -> Deferred[list[tuple[bytes, bytes, list[FileStat | None]]]]:
        """(info hash, metainfo, file stats) of some torrents, in one query; those that are gone are passed over."""
        return self._query(lambda connection: loading.contents(connection, info_hashes))

    def at_rest(self, info_hash: bytes, **columns: object) -> Deferred[None]:
        """`update` and `note_ok` in one."""
        try:
            encoded = _encode_mutable(columns)
        except ValueError as error:
            return fail(error)

        def change(connection: sqlite3.Connection) -> None:
            writes.update(connection, info_hash, encoded)
            suspects.note_ok(connection, info_hash)

        return self._write(change)

    def set_seeding_times(self, times: Iterable[tuple[bytes, int]]) -> Deferred[None]:
        """(info hash, seconds) of many torrents at once; those that are gone are passed over."""
        rows = [(seconds, info_hash) for info_hash, seconds in times]
        return self._write(lambda connection: writes.set_seeding_times(connection, rows))

    def set_ranks(self, ranks: Mapping[bytes, float]) -> Deferred[None]:
        """Places in the queue, by info hash; they are forgotten with their torrents."""
        rows = list(ranks.items())
        return self._write(lambda connection: writes.set_ranks(connection, rows))

    # --- other names, see `renames`

    def begin_renaming(self, info_hash: bytes, names: Mapping[int, Path], renaming: Renaming) -> Deferred[None]:
        """These files have other paths now, and the disk is about to follow."""
        paths = dict(names)
        return self._write(lambda connection: renames.begin(connection, info_hash, paths, renaming))

    def undo_renaming(self, info_hash: bytes, names: Mapping[int, Path], renaming: Renaming) -> Deferred[None]:
        """The disk could not follow: these files have these paths again."""
        paths = dict(names)
        return self._write(lambda connection: renames.undo(connection, info_hash, paths, renaming))

    def end_renaming(self, info_hash: bytes) -> Deferred[None]:
        """The disk is as the names say."""
        return self._write(lambda connection: renames.end(connection, info_hash))

    # --- moves, see `moves`

    def begin_move(self, info_hash: bytes, source: str, target: str) -> Deferred[None]:
        """Its files are about to go from one directory to another."""
        return self._write(lambda connection: moves.begin(connection, info_hash, source, target))

    def moved(self, info_hash: bytes, target: str, files: Sequence[NumberedStat]) -> Deferred[None]:
        """They are at the new place; how they look there."""
        stats = list(files)
        return self._write(lambda connection: moves.done(connection, info_hash, target, stats))

    def end_move(self, info_hash: bytes) -> Deferred[None]:
        """Nothing of it is left to be done."""
        return self._write(lambda connection: moves.end(connection, info_hash))

    # --- pieces

    def mark(self, info_hash: bytes, pieces: Iterable[int], *, checked: bool = False) -> Deferred[None]:
        """These pieces are about to be written; `checked`, if it is known what else is there (as of `Record`)."""
        marks = list(pieces)
        return self._write(lambda connection: writes.mark(connection, info_hash, marks, checked))

    def unmark(self, info_hash: bytes, pieces: Iterable[int]) -> Deferred[None]:
        """These pieces were given up, and nothing of them was written."""
        marks = list(pieces)
        return self._write(lambda connection: writes.unmark(connection, info_hash, marks))

    def record(
        self,
        info_hash: bytes,
        have: bytes,
        unmark: Iterable[int],
        files: Sequence[NumberedStat],
        **columns: object,
    ) -> Deferred[None]:
        """After a flush, in one transaction: the bitfield, the marks it settles, the stats of the files that were
        synced ((number, size, mtime_ns, inode)), and fields as in `update`."""
        try:
            encoded = _encode_mutable({**columns, "have": have})
        except ValueError as error:
            return fail(error)
        settled, stats = list(unmark), list(files)

        def change(connection: sqlite3.Connection) -> None:
            writes.update(connection, info_hash, encoded)
            writes.unmark(connection, info_hash, settled)
            writes.keep_stats(connection, info_hash, stats)

        return self._write(change)

    # --- the daemon's own

    def set_setting(self, key: str, value: object) -> Deferred[None]:
        """Keep a JSON value; None takes it away. All of them are in `Loaded.settings`."""
        return self._write(lambda connection: writes.set_setting(connection, key, value))

    def put_bans(self, records: Iterable[BanRecord]) -> Deferred[None]:
        """Keep bans, in the place of earlier ones of the same."""
        rows = list(records)
        return self._write(lambda connection: bans.put(connection, rows))

    def lift_bans(self, whom: Iterable[str]) -> Deferred[None]:
        """Forget bans; fine when they are not there."""
        rows = list(whom)
        return self._write(lambda connection: bans.lift(connection, rows))

    def set_totals(self, totals: Totals) -> Deferred[None]:
        return self._write(lambda connection: writes.set_totals(connection, totals))

    def note_started(self, info_hash: bytes) -> Deferred[None]:
        """This torrent is about to be started; wait for it (see `suspects`)."""
        return self._write(lambda connection: suspects.note_started(connection, info_hash))

    def note_ok(self, info_hash: bytes) -> Deferred[None]:
        """It ran well for `suspects.PROBATION`, was stopped, or the user wants it tried again: forget its crashes."""
        return self._write(lambda connection: suspects.note_ok(connection, info_hash))

    def note_quiet(self, info_hash: bytes) -> Deferred[None]:
        """It is not under way any more, but keeps its crashes."""
        return self._write(lambda connection: suspects.note_quiet(connection, info_hash))

    # --- the queue

    def _write(self, change: Statement) -> Deferred[Any]:
        return self._put(Commits.write, change)

    def _query(self, query: Statement) -> Deferred[Any]:
        return self._put(Commits.query, query)

    def _put(self, how: Any, statement: Statement) -> Deferred[Any]:
        if self._commits is None:
            return fail(StorageError(f"{self._path}: the state database is closed", path=self._path))
        done: Deferred[Any] = how(self._commits, statement)
        return done.addErrback(self._translated)

    def _translated(self, failure: Failure) -> Failure:
        if isinstance(failure.value, sqlite3.Error):
            return Failure(translate(failure.value, self._path))
        if isinstance(failure.value, OSError):
            return Failure(translate_os(failure.value, self._path))
        return failure


def _encode_mutable(columns: dict[str, object]) -> dict[str, SqlValue]:
    unknown = sorted(columns.keys() - MUTABLE)
    if unknown:
        raise ValueError(f"not a field that changes: {', '.join(unknown)}")
    return encode(columns)


def _nothing() -> None:
    """What closing does when nothing is open."""


def _unimportant(failure: Failure) -> None:
    """Notes that could not be settled are settled at the next open."""
