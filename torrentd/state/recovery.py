"""Opening the database, whatever state its file is in.

The whole file is checked at every open (`quick_check`, about a second for a gigabyte, and a start is rare): damage
that is found later would already have been copied into the backup. A damaged file is never deleted: it is renamed to
`torrentd.db.corrupt-N`, its log next to it. Then the backup takes its place; without one (or if that is damaged
too) an empty database does. The same happens when the database is missing or empty while there is a backup. What was
done is told in `notices`.

A backup is older than the files it speaks of: what it claims may have been given up since. So nothing of it is
believed before it was checked again (`checked` is False for every torrent).

Locking is EXCLUSIVE: only one daemon may use the database, and WAL then needs no shared memory file, which would be
one more thing that fails on a full disk.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

from torrentd.state.faults import Damaged, is_damage, translate, translate_os
from torrentd.state.loading import load
from torrentd.state.records import Loaded
from torrentd.state.schema import is_fresh, prepare

BACKUP = ".backup"  # torrentd.db.backup
BUSY_TIMEOUT = 1.0  # seconds: no other daemon has it (see lock), only somebody who looks into it with a shell
_WITH_IT = ("", "-wal", "-shm")  # a database is these files together

_PRAGMAS = (
    "locking_mode = EXCLUSIVE",
    "journal_mode = WAL",
    "synchronous = FULL",  # NORMAL loses commits at a power cut
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "cache_size = -512",  # KiB, not 2,000, twice during a backup: the kernel has the pages as well
)


def open_database(path: str, crashed: bool) -> tuple[sqlite3.Connection, Loaded]:
    """Open, check and read; recover from damage. StorageError when the machine does not let us, or another version of
    torrentd wrote the file."""
    try:
        try:
            return _recovered(path, crashed, "was missing or empty") if _lost(path) else _opened(path, crashed)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            return _recovered(path, crashed, f"is damaged ({error})")
    except sqlite3.Error as error:
        raise translate(error, path) from error
    except OSError as error:
        raise translate_os(error, path) from error


def _opened(path: str, crashed: bool) -> tuple[sqlite3.Connection, Loaded]:
    connection = connect(path)
    try:
        prepare(connection, path)
        return connection, load(connection, crashed)
    except BaseException:
        _abandon(connection, path)
        raise


def connect(path: str) -> sqlite3.Connection:
    """A checked connection in autocommit mode. Damaged, or what SQLite raises."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise Damaged(found)
    except BaseException:
        _abandon(connection, path)
        raise
    return connection


def _abandon(connection: sqlite3.Connection, path: str) -> None:
    """Close, and keep the log: SQLite folds it into the database and removes it, however damaged the database is."""
    log, second_name = Path(path + "-wal"), Path(path + "-wal.kept")
    with suppress(OSError):  # no log, or a file system without links: then it is only in the database
        second_name.unlink(missing_ok=True)
        second_name.hardlink_to(log)
    connection.close()
    with suppress(OSError):
        second_name.rename(log)


def _lost(path: str) -> bool:
    """Whether there is a backup and nothing that it is a backup of."""
    if not Path(path + BACKUP).exists():
        return False
    if not Path(path).exists():
        return True
    connection = connect(path)
    try:
        return is_fresh(connection)
    finally:
        connection.close()


def _recovered(path: str, crashed: bool, reason: str) -> tuple[sqlite3.Connection, Loaded]:
    notices = [f"the state database {path} {reason}"]
    _set_aside(path, notices)
    backup = path + BACKUP
    if Path(backup).exists():
        try:
            _copy(backup, path)
            connection, loaded = _opened(path, crashed)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            notices.append(f"its backup is damaged too ({error})")
            _set_aside(path, [])
            _set_aside(backup, notices)
        else:
            return connection, _doubted(connection, loaded, notices)
    connection, loaded = _opened(path, crashed)
    loaded.notices = [*notices, "starting with an empty state: torrents must be added again; their data is not touched"]
    return connection, loaded


def _doubted(connection: sqlite3.Connection, loaded: Loaded, notices: list[str]) -> Loaded:
    connection.execute("UPDATE torrent SET checked = 0")
    again = load(connection, crashed=False)
    again.suspects = loaded.suspects
    again.notices = [
        *notices,
        f"its last backup is used: {len(again.torrents)} torrents, all of which are checked again; "
        "torrents added since the backup must be added again",
    ]
    return again


def _set_aside(path: str, notices: list[str]) -> None:
    """Rename a database to the first free `.corrupt-N`. Nothing is overwritten."""
    if not Path(path).exists():
        return
    number = 1
    while any(Path(f"{path}.corrupt-{number}{suffix}").exists() for suffix in _WITH_IT):
        number += 1
    aside = f"{path}.corrupt-{number}"
    for suffix in _WITH_IT:
        if Path(path + suffix).exists():
            Path(path + suffix).rename(aside + suffix)
    sync_directory(path)
    notices.append(f"it is kept as {aside}")


def backup(connection: sqlite3.Connection, path: str) -> None:
    """Write all of the database to `path.backup`; the one before stays until the new one is complete and synced."""
    draft = Path(path + BACKUP + ".new")
    draft.unlink(missing_ok=True)
    try:
        connection.execute("VACUUM INTO ?", (str(draft),))
        _put_in_place(draft, path + BACKUP)
    finally:
        draft.unlink(missing_ok=True)


def _copy(source: str, target: str) -> None:
    draft = Path(target + ".new")
    shutil.copyfile(source, draft)
    _put_in_place(draft, target)


def _put_in_place(draft: Path, target: str) -> None:
    draft.chmod(0o600)
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.rename(target)
    sync_directory(target)


def sync_directory(path: str) -> None:
    """Make a new or renamed entry of the directory that holds `path` survive a power cut."""
    descriptor = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
