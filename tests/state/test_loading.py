"""Everything comes back in order; what was tampered with is set aside and stops nobody."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.state.samples import opened, record, result

HASHES = [bytes([number]) * 20 for number in range(1, 6)]


def filled(tmp_path: Path) -> Path:
    path = tmp_path / "torrentd.db"
    with opened(path) as (state, _):
        for info_hash in reversed(HASHES):
            result(state.add(record(info_hash, name=f"torrent {info_hash[0]}", writing=[info_hash[0]]), b"m"))
    return path


def tamper(path: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    assert connection.execute(sql, values).rowcount
    connection.commit()
    connection.close()


def test_torrents_come_back_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    with opened(filled(tmp_path)) as (_, loaded):
        assert [found.info_hash for found in loaded.torrents] == HASHES[::-1]
        assert [found.writing for found in loaded.torrents] == [[5], [4], [3], [2], [1]]
        assert loaded.broken == loaded.notices == []


def test_a_bad_row_is_set_aside_and_the_rest_starts(tmp_path: Path) -> None:
    path = filled(tmp_path)
    tamper(path, "UPDATE torrent SET have = x'ffff' WHERE info_hash = ?", HASHES[2])
    for _ in range(2):  # it is still there the next time
        with opened(path) as (_, loaded):
            assert [found.info_hash for found in loaded.torrents] == [HASHES[4], HASHES[3], HASHES[1], HASHES[0]]
            (broken,) = loaded.broken
            assert (broken.info_hash, broken.name) == (HASHES[2], "torrent 3")
            assert "spare bit" in broken.reason


def test_a_broken_torrent_can_be_removed_and_added_again(tmp_path: Path) -> None:
    path = filled(tmp_path)
    tamper(path, "UPDATE torrent SET size = 5 WHERE info_hash = ?", HASHES[0])
    with opened(path) as (state, _):
        result(state.remove(HASHES[0]))
        result(state.add(record(HASHES[0]), b"again"))
    with opened(path) as (_, loaded):
        assert not loaded.broken
        assert len(loaded.torrents) == len(HASHES)


def test_a_torrent_without_metainfo_is_set_aside(tmp_path: Path) -> None:
    path = filled(tmp_path)
    tamper(path, "DELETE FROM metainfo WHERE torrent = 1")
    with opened(path) as (_, loaded):
        assert [found.reason for found in loaded.broken] == ["its metainfo is not in the database"]


def test_a_mark_outside_the_torrent_sets_it_aside(tmp_path: Path) -> None:
    path = filled(tmp_path)
    tamper(path, "INSERT INTO writing VALUES (1, 5000)")
    with opened(path) as (_, loaded):
        assert [found.reason for found in loaded.broken] == ["writing: there is no piece 5000"]


def test_marks_of_nobody_are_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path)
    tamper(path, "INSERT INTO writing VALUES (77, 1)")
    with opened(path) as (_, loaded):
        assert len(loaded.torrents) == len(HASHES)


def test_every_row_broken_still_starts(tmp_path: Path) -> None:
    path = filled(tmp_path)
    tamper(path, "UPDATE torrent SET download_dir = 'relative', labels = 'x'")
    with opened(path) as (_, loaded):
        assert loaded.torrents == []
        assert len(loaded.broken) == len(HASHES)
