"""Torrents without metadata: kept, changed, and replaced by the torrent."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.state.samples import opened, record, result
from torrentd.state.records import ChosenFile, MagnetRecord

LINK = "magnet:?xt=urn:btih:" + "6d" * 20


def magnet(info_hash: bytes = b"m" * 20, **changes: Any) -> MagnetRecord:
    fields = {"info_hash": info_hash, "link": LINK, "download_dir": "/downloads", "added_at": 1.5}
    return MagnetRecord(**{**fields, **changes})


FULL = magnet(
    paused=True,
    sequential=True,
    stop_after="metadata",
    verify="skip",
    files=[ChosenFile(0, glob="*"), ChosenFile(2, index=3)],
    labels=["a"],
    limits={"down": 5, "up": "unlimited"},
    peers=["127.0.0.1:5"],
    trackers=["http://a/announce"],
)


@pytest.mark.parametrize("kept", [magnet(), FULL])
def test_it_survives(tmp_path: Path, kept: MagnetRecord) -> None:
    with opened(tmp_path / "db") as (state, loaded):
        assert (loaded.magnets, loaded.order) == ([], [])
        result(state.put_magnet(kept))
    with opened(tmp_path / "db") as (_, loaded):
        assert (loaded.magnets, loaded.order, loaded.broken) == ([kept], [kept.info_hash], [])


def test_it_changes_in_its_place(tmp_path: Path) -> None:
    with opened(tmp_path / "db") as (state, _):
        result(state.put_magnet(magnet(b"1" * 20)))
        result(state.add(record(b"2" * 20), b""))
        result(state.put_magnet(magnet(b"3" * 20)))
        result(state.put_magnet(magnet(b"1" * 20, paused=True)))
    with opened(tmp_path / "db") as (_, loaded):
        assert [found.paused for found in loaded.magnets] == [True, False]
        assert loaded.order == [b"1" * 20, b"2" * 20, b"3" * 20]


def test_the_torrent_takes_its_place(tmp_path: Path) -> None:
    with opened(tmp_path / "db") as (state, _):
        result(state.put_magnet(magnet(b"1" * 20)))
        result(state.add(record(b"2" * 20), b""))
        result(state.put_magnet(magnet(b"3" * 20)))
        result(state.fulfil(record(b"1" * 20, stop_after="download"), b"metainfo"))
        result(state.add(record(b"4" * 20), b""))
    with opened(tmp_path / "db") as (state, loaded):
        assert loaded.order == [b"1" * 20, b"2" * 20, b"3" * 20, b"4" * 20]
        assert [found.info_hash for found in loaded.torrents] == [b"1" * 20, b"2" * 20, b"4" * 20]
        assert loaded.torrents[0].stop_after == "download"
        assert result(state.metainfo(b"1" * 20)) == b"metainfo"


def test_one_that_was_removed_meanwhile(tmp_path: Path) -> None:
    with opened(tmp_path / "db") as (state, _):
        result(state.put_magnet(magnet()))
        result(state.remove(magnet().info_hash))
        with pytest.raises(LookupError):
            result(state.fulfil(record(magnet().info_hash), b""))
    with opened(tmp_path / "db") as (_, loaded):
        assert (loaded.magnets, loaded.torrents) == ([], [])


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with opened(tmp_path / "db") as (state, _):
        with pytest.raises(ValueError, match="download_dir"):
            result(state.put_magnet(magnet(download_dir="relative")))
        with pytest.raises(ValueError, match="priority"):
            result(state.put_magnet(magnet(files=[ChosenFile(7)])))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"info_hash": 5}'])
def test_one_that_was_tampered_with_is_set_aside(tmp_path: Path, text: str) -> None:
    with opened(tmp_path / "db") as (state, _):
        result(state.put_magnet(magnet(b"1" * 20)))
        result(state.put_magnet(magnet(b"2" * 20)))
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("UPDATE magnet SET record = ? WHERE info_hash = ?", (text, b"1" * 20))
    with opened(tmp_path / "db") as (state, loaded):
        assert [broken.info_hash for broken in loaded.broken] == [b"1" * 20]
        assert [found.info_hash for found in loaded.magnets] == [b"2" * 20]
        result(state.remove(b"1" * 20))
    with opened(tmp_path / "db") as (_, loaded):
        assert loaded.broken == []
