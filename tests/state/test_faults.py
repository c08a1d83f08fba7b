"""Whose fault a report is."""

from __future__ import annotations

import errno
import sqlite3

import pytest

from torrentd.model.errors import StorageError
from torrentd.state.faults import Damaged, is_damage, translate, translate_os


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (sqlite3.SQLITE_FULL, "disk_full"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "read_only"),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, "permission"),
        (sqlite3.SQLITE_IOERR_FSYNC, "io_error"),
        (sqlite3.SQLITE_BUSY, "io_error"),
    ],
)
def test_what_the_machine_does_is_a_storage_error(code: int, word: str) -> None:
    error = translate(sqlite_error(code), "/state/db")
    assert isinstance(error, StorageError)
    assert (error.code, error.path, str(error)) == (word, "/state/db", "/state/db: words")


def test_an_error_without_a_code_is_a_storage_error_too() -> None:
    assert isinstance(translate(sqlite3.ProgrammingError("closed"), "db"), StorageError)


def test_a_constraint_is_the_callers_fault() -> None:
    assert isinstance(translate(sqlite3.IntegrityError("CHECK"), "db"), ValueError)


def test_damage_is_told_from_a_full_disk() -> None:
    assert is_damage(Damaged("row 3 missing"))
    assert is_damage(sqlite_error(sqlite3.SQLITE_CORRUPT_INDEX))
    assert is_damage(sqlite_error(sqlite3.SQLITE_NOTADB))
    assert is_damage(sqlite_error(sqlite3.SQLITE_ERROR))
    assert not is_damage(sqlite_error(sqlite3.SQLITE_FULL))
    assert not is_damage(sqlite_error(sqlite3.SQLITE_IOERR_READ))
    assert not is_damage(sqlite_error(sqlite3.SQLITE_BUSY))


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EROFS, "read_only"),
        (errno.EACCES, "permission"),
        (errno.EMFILE, "no_descriptors"),
        (errno.EIO, "io_error"),
    ],
)
def test_the_systems_errors_name_their_path(number: int, word: str) -> None:
    assert translate_os(OSError(number, "why", "/there"), "/here").code == word
    assert str(translate_os(OSError(number, "why", "/there"), "/here")) == "/there: why"
    assert translate_os(OSError(number, "why"), "/here").path == "/here"
