"""A folder into which users put files for us."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.disk.fakes import open_descriptors
from torrentd.disk.inbox import LONGEST_NAME, put_away, read
from torrentd.model.errors import StorageError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_that_was_put_away_is_replaced(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / "a.torrent").write_text(str(number))
        put_away(str(tmp_path), "a.torrent", ".added")
    assert names(tmp_path) == ["a.torrent.added", "a.torrent.added.1", "a.torrent.added.2"]
    assert (tmp_path / "a.torrent.added.1").read_text() == "1"


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600"])
def test_a_name_that_leaves_no_room_is_cut_and_replaces_nothing(tmp_path: Path, letter: str) -> None:
    long = letter * ((LONGEST_NAME - len(".torrent")) // len(letter.encode())) + ".torrent"
    for number in range(12):
        (tmp_path / long).write_text(str(number))
        put_away(str(tmp_path), long, ".invalid")
    assert sorted(int(path.read_text()) for path in tmp_path.iterdir()) == list(range(12))
    assert long not in names(tmp_path)
    assert sum(name.endswith(".invalid") for name in names(tmp_path)) == 1


def test_without_a_suffix_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / "a.torrent").touch()
    put_away(str(tmp_path), "a.torrent", "")
    put_away(str(tmp_path), "a.torrent", "")
    put_away(str(tmp_path), "a.torrent", ".added")
    assert names(tmp_path) == []


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_read_and_not_left_open(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a.torrent")
    with pytest.raises(StorageError):
        read(str(tmp_path), "a.torrent", 10)
    assert open_descriptors(tmp_path) == []
