"""The state as the session uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, execute

from tests.state.samples import HASH, HeldRun, opened, record, result, thread_run
from torrentd.model.errors import StorageError
from torrentd.state.database import State
from torrentd.state.records import Broken, TorrentRecord, Totals

OTHER = b"o" * 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "torrentd.db"


def reloaded(path: Path) -> TorrentRecord:
    with opened(path) as (_, loaded):
        (found,) = loaded.torrents
    assert isinstance(found, TorrentRecord)
    return found


def test_what_was_added_is_there_again(path: Path) -> None:
    full = record(
        hash_v2=b"2" * 32,
        private=True,
        started_at=5.5,
        priorities=b"\0\3",
        labels=["a"],
        limits={"down": 1, "up": "unlimited"},
        tiers=[["http://a"], ["udp://b"]],
        have=b"\x80\x40",
        writing=[1, 3],
        checked=True,
    )
    with opened(path) as (state, _):
        result(state.add(full, b"metainfo"))
    assert reloaded(path) == full


def test_nothing_is_touched_before_open(path: Path) -> None:
    run = HeldRun()
    State(run, str(path))
    assert not run.calls
    assert not path.exists()


def test_a_closed_state_says_so(path: Path) -> None:
    state = State(execute, str(path))
    calls: list[Any] = [lambda: state.remove(HASH), lambda: state.metainfo(HASH), state.backup]
    for call in calls:
        with pytest.raises(StorageError, match="closed"):
            result(call())
    result(state.close())
    result(state.open())
    result(state.close())
    result(state.close())
    for call in calls:
        with pytest.raises(StorageError, match="closed"):
            result(call())


def test_close_finishes_what_was_asked_before(path: Path) -> None:
    run = HeldRun()
    state = State(run, str(path))
    opening = state.open()
    run.step()
    result(opening)
    asked: list[Deferred[Any]] = [state.add(record(), b"m"), state.update(HASH, paused=True), state.metainfo(HASH)]
    closing = state.close()
    while run.calls:
        run.step()
    assert [result(deferred) for deferred in asked] == [None, None, b"m"]
    result(closing)
    assert reloaded(path).paused


def test_one_thread_does_all_the_work(path: Path) -> None:
    with thread_run() as run:
        state = State(run, str(path))  # SQLite itself refuses a connection that is used by two threads
        result(state.open())
        result(state.add(record(), b"metainfo"))
        assert result(state.metainfo(HASH)) == b"metainfo"
        result(state.backup())
        result(state.close())
    assert reloaded(path) == record()


def test_a_torrent_is_added_once(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(), b"one"))
        with pytest.raises(ValueError, match="info_hash"):
            result(state.add(record(name="another"), b"two"))
        assert result(state.metainfo(HASH)) == b"one"


def test_what_is_not_valid_is_not_written(path: Path) -> None:
    with opened(path) as (state, _):
        for bad in (record(have=b""), record(uploaded=-1), record(download_dir="here"), record(priorities=b"\1")):
            with pytest.raises(ValueError):
                result(state.add(bad, b"m"))
        result(state.add(record(), b"m"))
        for columns in ({"uploaded": -1}, {"hash_v1": OTHER}, {"nonsense": 1}, {"have": b"\0"}, {"writing": [1]}):
            with pytest.raises(ValueError):
                result(state.update(HASH, **columns))
        with pytest.raises(ValueError):
            result(state.record(HASH, b"\0\0\0", [], []))
        with pytest.raises(ValueError):
            result(state.record(HASH, b"\0\0", [], [], uploaded=-1))
        with pytest.raises(ValueError):
            result(state.update(HASH, name="\ud800"))
    assert reloaded(path) == record()


def test_update_sets_only_what_it_names(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(uploaded=1, labels=["a"]), b"m"))
        result(state.update(HASH, downloaded=2, paused=True, tiers=[["x"]], completed_at=7))
        result(state.update(HASH))
    assert reloaded(path) == record(
        uploaded=1, labels=["a"], downloaded=2, paused=True, tiers=[["x"]], completed_at=7.0
    )


def test_a_flush_is_recorded_in_one_step(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(), b"m"))
        result(state.mark(HASH, [0, 1, 9]))
        result(state.record(HASH, b"\x80\0", [0], [(0, 10, 20, 30)], uploaded=5, completed_at=8.0))
        assert result(state.files(HASH)) == [(10, 20, 30), None]
    assert reloaded(path) == record(have=b"\x80\0", writing=[1, 9], uploaded=5, completed_at=8.0)


def test_a_flush_that_cannot_be_recorded_leaves_everything(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(writing=[0]), b"m"))
        with pytest.raises(ValueError):
            result(state.record(HASH, b"\x80\0\0", [0], [(0, 1, 1, 1)]))
        assert result(state.files(HASH)) == [None, None]
    assert reloaded(path) == record(writing=[0])


def test_marks_can_be_taken_back(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(), b"m"))
        result(state.mark(HASH, iter([4, 5])))
        result(state.unmark(HASH, iter([4])))
    assert reloaded(path).writing == [5]


@pytest.mark.parametrize("checked", [False, True])
def test_marks_tell_whether_the_files_were_looked_at(path: Path, checked: bool) -> None:
    with opened(path) as (state, _):
        result(state.add(record(checked=False), b"m"))
        result(state.mark(HASH, [4], checked=checked))
    assert reloaded(path).checked == checked


def test_what_was_looked_at_stays_so(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(checked=True), b"m"))
        result(state.mark(HASH, [4]))
    assert reloaded(path).checked


def test_a_torrent_that_was_removed_is_gone_for_everybody(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(), b"m"))
        result(state.remove(HASH))
        result(state.remove(HASH))
        for late in (
            state.mark(HASH, [1]),
            state.update(HASH, paused=True),
            state.record(HASH, b"\0\0", [], []),
            state.metainfo(HASH),
            state.files(HASH),
            state.note_started(HASH),
        ):
            with pytest.raises(LookupError):
                result(late)
    with opened(path) as (_, loaded):
        assert loaded.torrents == []


def test_settings_and_totals_survive(path: Path) -> None:
    with opened(path) as (state, loaded):
        assert (loaded.settings, loaded.totals) == ({}, Totals())
        result(state.set_setting("limits.download", 1000))
        result(state.set_totals(Totals(1, 2, 3, 4)))
    with opened(path) as (state, loaded):
        assert (loaded.settings, loaded.totals) == ({"limits.download": 1000}, Totals(1, 2, 3, 4))
        result(state.set_setting("limits.download", None))
    with opened(path) as (_, loaded):
        assert loaded.settings == {}


def test_all_of_one_torrent(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(writing=[1]), b"de"))
        stats = (100, 5, 7)
        result(state.record(HASH, record().have, [], [(0, *stats)]))
        stored = result(state.stored(HASH))
        assert (stored.record.writing, stored.metainfo, stored.files[0]) == ([1], b"de", stats)
        assert result(state.contents([OTHER, HASH])) == [(HASH, b"de", stored.files)]
        with pytest.raises(LookupError):
            result(state.stored(OTHER))


def test_what_cannot_be_used_is_told_as_broken(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(), b"de"))
        result(state._write(lambda connection: connection.execute("DELETE FROM metainfo")))
        assert result(state.stored(HASH)) == Broken(HASH, record().name, "its metainfo is not in the database")


def test_at_rest_writes_and_clears_the_suspicion(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(), b"de"))
        result(state.note_started(HASH))
        result(state.at_rest(HASH, uploaded=7))
        with pytest.raises(ValueError, match="name"):
            result(state.at_rest(HASH, name="other"))
        assert result(state.stored(HASH)).record.uploaded == 7
        assert result(state._query(lambda connection: connection.execute("SELECT * FROM suspect").fetchall())) == []


def test_seeding_times_of_many(path: Path) -> None:
    with opened(path) as (state, _):
        result(state.add(record(), b"de"))
        result(state.set_seeding_times([(OTHER, 1), (HASH, 77)]))
    assert reloaded(path).seeding_time == 77
