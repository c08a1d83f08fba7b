"""Damage of every kind: nothing is lost that could be kept, nothing is overwritten, and it is told."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from twisted.internet.defer import execute

from tests.state.samples import HASH, opened, record, result
from torrentd.model.errors import StorageError
from torrentd.state.database import State

OTHER = b"o" * 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed database with one torrent, which is in the backup, and one that is not."""
    found = tmp_path / "torrentd.db"
    with opened(found) as (state, _):
        result(state.add(record(checked=True, have=b"\x80\0"), b"metainfo"))
        result(state.backup())
        result(state.add(record(OTHER), b"y" * 50_000))
    return found


def aside(path: Path, number: int = 1) -> Path:
    return Path(f"{path}.corrupt-{number}")


def backup_of(path: Path) -> Path:
    return Path(f"{path}.backup")


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


DAMAGES = {
    "garbage": lambda path: path.write_bytes(os.urandom(8192)),
    "no header": lambda path: overwrite(path, 0, b"\0" * 100),
    "a page in the middle": lambda path: overwrite(path, 4096 * 3, b"\xff" * 4096),
    "cut off": lambda path: os.truncate(path, 4096 * 5),
    "text": lambda path: path.write_text("this is not a database\n" * 100),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_set_aside_and_its_backup_used(path: Path, damage: str) -> None:
    DAMAGES[damage](path)
    damaged = path.read_bytes()
    with opened(path) as (state, loaded):
        assert [found.info_hash for found in loaded.torrents] == [HASH]
        assert aside(path).read_bytes() == damaged
        assert str(aside(path)) in " ".join(loaded.notices)
        assert "backup is used: 1 torrents" in " ".join(loaded.notices)
        result(state.add(record(OTHER), b"again"))
    with opened(path) as (_, loaded):
        assert len(loaded.torrents) == 2
        assert loaded.notices == []


def test_what_a_backup_claims_is_checked_again(path: Path) -> None:
    DAMAGES["garbage"](path)
    with opened(path) as (_, loaded):
        assert [found.checked for found in loaded.torrents] == [False]
    with opened(path) as (_, loaded):
        assert [found.checked for found in loaded.torrents] == [False]


def test_damage_without_a_backup_starts_empty_and_says_so(path: Path) -> None:
    backup_of(path).unlink()
    DAMAGES["garbage"](path)
    with opened(path) as (_, loaded):
        assert loaded.torrents == []
        assert "added again" in " ".join(loaded.notices)
        assert aside(path).exists()


def test_a_damaged_backup_is_set_aside_too(path: Path) -> None:
    DAMAGES["garbage"](path)
    backup_of(path).write_bytes(b"garbage" * 1000)
    with opened(path) as (_, loaded):
        assert loaded.torrents == []
        assert Path(f"{path}.backup.corrupt-1").read_bytes() == b"garbage" * 1000
        assert aside(path).exists()
        assert "its backup is damaged too" in " ".join(loaded.notices)


def test_every_damaged_file_is_kept(path: Path) -> None:
    for number in (1, 2, 3):
        path.write_bytes(b"garbage %d" % number * 1000)
        with opened(path):
            pass
    assert [aside(path, number).read_bytes()[:9] for number in (1, 2, 3)] == [b"garbage 1", b"garbage 2", b"garbage 3"]


@pytest.mark.parametrize("empty", [True, False])
def test_a_database_that_vanished_is_taken_from_the_backup(path: Path, empty: bool) -> None:
    path.write_bytes(b"") if empty else path.unlink()
    with opened(path) as (_, loaded):
        assert [found.info_hash for found in loaded.torrents] == [HASH]
        assert "missing or empty" in loaded.notices[0]


def test_a_first_start_has_nothing_to_tell(tmp_path: Path) -> None:
    with opened(tmp_path / "torrentd.db") as (_, loaded):
        assert loaded.torrents == loaded.broken == loaded.notices == []


def test_a_missing_table_is_damage(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE torrent")
    connection.close()
    with opened(path) as (_, loaded):
        assert [found.info_hash for found in loaded.torrents] == [HASH]
        assert aside(path).exists()


def test_the_log_of_a_damaged_database_goes_with_it(path: Path) -> None:
    log = Path(f"{path}-wal")
    with opened(path) as (state, _):
        result(state.update(HASH, uploaded=5))
        kept = log.read_bytes()
    path.write_bytes(b"garbage" * 1000)
    log.write_bytes(kept)  # as if it had been killed
    with opened(path) as (_, loaded):
        assert len(loaded.torrents) == 1
    assert Path(f"{aside(path)}-wal").read_bytes() == kept


@pytest.mark.parametrize("found", [0, 1, 1000])
def test_a_database_of_another_format_is_left_untouched(path: Path, found: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {found}")
    connection.execute("ALTER TABLE torrent DROP COLUMN forced")
    connection.close()
    before = path.read_bytes(), backup_of(path).read_bytes()
    with pytest.raises(StorageError, match="another version of torrentd"):
        result(State(execute, str(path)).open())
    assert (path.read_bytes(), backup_of(path).read_bytes()) == before
    assert not aside(path).exists()


def test_a_backup_of_another_format_is_left_untouched(path: Path) -> None:
    connection = sqlite3.connect(backup_of(path))
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    before = backup_of(path).read_bytes()
    path.write_bytes(b"garbage" * 1000)
    for _ in range(2):
        with pytest.raises(StorageError, match="another version of torrentd"):
            result(State(execute, str(path)).open())
    assert backup_of(path).read_bytes() == before
    assert aside(path).read_bytes() == b"garbage" * 1000


def test_a_database_in_use_is_no_damage(path: Path) -> None:
    with opened(path):
        connection = sqlite3.connect(path, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            connection.execute("SELECT * FROM torrent")
        connection.close()


def test_a_database_that_another_program_holds_is_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        result(State(execute, str(path)).open())
    other.close()
    with opened(path) as (_, loaded):
        assert len(loaded.torrents) == 2
        assert not loaded.notices


def test_a_directory_in_the_way_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "torrentd.db").mkdir()
    with pytest.raises(StorageError, match=r"torrentd\.db"):
        result(State(execute, str(tmp_path / "torrentd.db")).open())


def test_a_symlink_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "torrentd.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError):
        result(State(execute, str(tmp_path / "torrentd.db")).open())
    assert not (tmp_path / "elsewhere").exists()


def test_a_missing_directory_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not/there"):
        result(State(execute, str(tmp_path / "not/there/torrentd.db")).open())


def test_only_the_owner_may_read_it(path: Path) -> None:
    with opened(path):
        for name in ("", "-wal", ".backup"):
            assert Path(f"{path}{name}").stat().st_mode & 0o077 == 0


def test_a_backup_replaces_the_one_before_only_when_it_is_complete(path: Path) -> None:
    before = backup_of(path).read_bytes()
    with opened(path) as (state, _):
        draft = Path(f"{path}.backup.new")
        draft.mkdir()  # nothing can be written there
        with pytest.raises(StorageError):
            result(state.backup())
        assert backup_of(path).read_bytes() == before
        draft.rmdir()
        draft.write_bytes(b"left over by a crash")
        result(state.backup())
        assert not draft.exists()
    path.unlink()
    with opened(path) as (_, loaded):
        assert len(loaded.torrents) == 2
