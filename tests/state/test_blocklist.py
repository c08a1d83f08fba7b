"""The user's file is read, and what came of it is kept, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from torrentd.model.errors import StorageError
from torrentd.state import blocklist
from torrentd.wire.blocklist import BlocklistError


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"Name:1.2.3.0-1.2.3.255\nrubbish\n")
    ranges, ignored = blocklist.read(f"{tmp_path}/list")
    assert ranges.covers("1.2.3.4")
    assert ignored == 1


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("pipe", "is not a file"), (".", "directory"), ("missing", "No such file")):
        with pytest.raises(StorageError, match=words):
            blocklist.read(f"{tmp_path}/{name}")


def test_a_file_that_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(os.urandom(100_000))
    with pytest.raises(BlocklistError):
        blocklist.read(f"{tmp_path}/list")


def test_what_is_kept_comes_back_until_it_is_forgotten(tmp_path: Path) -> None:
    path = f"{tmp_path}/kept"
    assert blocklist.kept(path) is None
    for text in (b"1.2.3.4", b"5.6.7.8"):
        ranges, _ = blocklist.parse(text)
        blocklist.keep(path, ranges)
        again = blocklist.kept(path)
        assert again is not None
        assert again.covers(text.decode())
        assert again.count == 1
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600
    blocklist.forget(path)
    blocklist.forget(path)
    assert blocklist.kept(path) is None


def test_what_cannot_be_kept_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(StorageError):
        blocklist.keep(f"{tmp_path}/kept", blocklist.parse(b"1.2.3.4")[0])
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]


def test_what_is_damaged_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"something else")
    with pytest.raises(StorageError, match="damaged"):
        blocklist.kept(f"{tmp_path}/kept")
