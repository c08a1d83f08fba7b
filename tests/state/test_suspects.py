"""Crashes in a row, from the notes of the runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.defer import execute

from tests.state.samples import HASH, opened, record, result
from tests.state.test_magnets import magnet
from torrentd.state.database import State
from torrentd.state.suspects import QUARANTINE_AFTER

OTHER = b"o" * 20


def die(path: Path, *started: bytes, ok: tuple[bytes, ...] = (), crashed: bool = False) -> dict[bytes, int]:
    """A run that starts torrents and ends without closing; the suspects that it found at its start."""
    state = State(execute, str(path))
    loaded = result(state.open(crashed))
    for info_hash in started:
        result(state.note_started(info_hash))
    for info_hash in ok:
        result(state.note_ok(info_hash))
    left = {name: name.read_bytes() for name in (path, Path(f"{path}-wal")) if name.exists()}
    result(state.close())
    for name, data in left.items():
        name.write_bytes(data)
    return loaded.suspects


def prepared(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    with opened(path) as (state, _):
        for info_hash in (HASH, OTHER):
            result(state.add(record(info_hash), b"metainfo"))
    return path


def test_two_crashes_in_a_row_are_counted(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    die(path, HASH)
    assert die(path, HASH, crashed=True) == {HASH: 1}
    assert die(path, crashed=True) == {HASH: QUARANTINE_AFTER}


def test_a_kill_is_no_crash(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    die(path, HASH)
    assert die(path, HASH, crashed=False) == {}
    assert die(path, HASH, crashed=False) == {}


def test_a_kill_does_not_forget_a_crash(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    die(path, HASH)
    die(path, HASH, crashed=True)
    assert die(path, crashed=False) == {HASH: 1}


def test_one_that_ran_well_is_no_suspect(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    die(path, HASH, OTHER, ok=(OTHER,))
    assert die(path, crashed=True) == {HASH: 1}


def test_running_well_forgets_earlier_crashes(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    die(path, HASH)
    die(path, HASH, ok=(HASH,), crashed=True)
    assert die(path, crashed=True) == {}


def test_a_clean_stop_settles_the_notes(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    with opened(path) as (state, _):
        result(state.note_started(HASH))
    assert die(path, crashed=True) == {}


def test_a_quarantined_torrent_stays_listed_and_suspect(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    die(path, HASH)
    die(path, HASH, crashed=True)
    die(path, crashed=True)
    with opened(path) as (_, loaded):
        assert loaded.suspects == {HASH: 2}
        assert [found.info_hash for found in loaded.torrents] == [HASH, OTHER]


def test_removing_a_torrent_removes_its_crashes(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    die(path, HASH)
    with opened(path, crashed=True) as (state, loaded):
        assert loaded.suspects == {HASH: 1}
        result(state.remove(HASH))
        result(state.add(record(), b"again"))
    with opened(path) as (_, loaded):
        assert loaded.suspects == {}


# --- magnets


def test_a_magnet_keeps_its_crashes_when_it_becomes_a_torrent(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with opened(path) as (state, _):
        result(state.put_magnet(magnet(HASH)))
    die(path, HASH)
    assert die(path, HASH, crashed=True) == {HASH: 1}
    with opened(path, crashed=True) as (state, loaded):
        assert loaded.suspects == {HASH: 2}
        result(state.fulfil(record(), b"metainfo"))
    with opened(path) as (state, loaded):
        assert loaded.suspects == {HASH: 2}
        result(state.remove(HASH))
        result(state.put_magnet(magnet(HASH)))
    with opened(path) as (state, loaded):
        assert loaded.suspects == {}


def test_a_quiet_one_is_not_under_way_and_keeps_its_crashes(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with opened(path) as (state, _):
        result(state.put_magnet(magnet(HASH)))
    die(path, HASH)
    state = State(execute, str(path))
    assert result(state.open(crashed=True)).suspects == {HASH: 1}
    result(state.note_started(HASH))
    result(state.note_quiet(HASH))
    result(state.close())
    assert die(path, crashed=True) == {HASH: 1}


def test_what_is_quiet_and_never_crashed_is_forgotten(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    with opened(path) as (state, _):
        result(state.note_started(HASH))
        result(state.note_quiet(HASH))
        assert result(state._query(lambda connection: connection.execute("SELECT * FROM suspect").fetchall())) == []


def test_what_the_state_does_not_have_is_not_noted(tmp_path: Path) -> None:
    with opened(tmp_path / "db") as (state, _), pytest.raises(LookupError):
        result(state.note_started(HASH))
