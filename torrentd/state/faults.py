"""What SQLite and the system report, in the words of `StorageError`; and which reports mean a damaged file."""

from __future__ import annotations

import errno
import sqlite3

from torrentd.model.errors import StorageError

PRIMARY = 0xFF  # the low byte of an extended result code is the primary one

_CODES = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_CANTOPEN: "permission",
    sqlite3.SQLITE_PERM: "permission",
    sqlite3.SQLITE_AUTH: "permission",
}

_ERRNO_CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EMFILE: "no_descriptors",
    errno.ENFILE: "no_descriptors",
}

# SQLITE_ERROR is what a missing table or column gives: a file that opens and is not what we wrote
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


class Damaged(sqlite3.DatabaseError):
    """Found by a check of ours."""


def _code(error: sqlite3.Error) -> int:
    # errors that Python's module raises by itself (a closed connection) carry no code
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & PRIMARY


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the database file is at fault, and not the disk, its permissions or the call."""
    return isinstance(error, Damaged) or _code(error) in _DAMAGE


def translate_os(error: OSError, path: str) -> StorageError:
    """StorageError that names the path the system named, else `path`."""
    code = _ERRNO_CODES.get(error.errno or 0, "io_error")
    where = str(error.filename or path)
    return StorageError(f"{where}: {error.strerror}", code=code, path=where)


def translate(error: sqlite3.Error, path: str) -> Exception:
    """StorageError for the machine's faults; ValueError for a value that a constraint refused."""
    if isinstance(error, sqlite3.IntegrityError):
        return ValueError(str(error))
    return StorageError(f"{path}: {error}", code=_CODES.get(_code(error), "io_error"), path=path)
