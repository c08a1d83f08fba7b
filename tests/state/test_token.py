"""The token is made once, privately, and a wrong one is never replaced."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from torrentd.model.errors import StorageError
from torrentd.state.token import load_token


def test_it_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = load_token(str(path), Random(1))
    assert path.read_text() == token + "\n"
    assert len(bytes.fromhex(token)) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_token(str(path), Random(2)) == token
    assert os.listdir(tmp_path) == ["token"]


def test_it_comes_from_the_generator(tmp_path: Path) -> None:
    assert load_token(str(tmp_path / "a"), Random(1)) == load_token(str(tmp_path / "b"), Random(1))
    assert load_token(str(tmp_path / "c"), Random(2)) != load_token(str(tmp_path / "a"), Random(1))


def test_it_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_token(str(tmp_path / "token"), Random(1))
    finally:
        os.umask(before)
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_what_a_crash_left_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "token.new").write_text("half")
    assert len(load_token(str(tmp_path / "token"), Random(1))) == 64
    assert os.listdir(tmp_path) == ["token"]


@pytest.mark.parametrize(
    "text", ["", "\n", "ab" * 31 + "\n", "ab" * 33 + "\n", "AB" * 32 + "\n", "zz" * 32, "ab" * 32 + "\n\n", "é" * 64]
)
def test_a_wrong_one_is_an_error_and_stays(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(StorageError, match="remove it") as caught:
        load_token(str(path), Random(1))
    assert str(path) in str(caught.value)
    assert not text.strip() or text.strip() not in str(caught.value)
    assert path.read_text() == text


def test_the_newline_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("ab" * 32)
    path.chmod(0o640)  # the group may have been let in on purpose
    assert load_token(str(path), Random(1)) == "ab" * 32


def test_one_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("ab" * 32 + "\n")
    path.chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        load_token(str(path), Random(1))


def test_only_a_file_is_a_token(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("directory", "fifo", "link"):
        with pytest.raises(StorageError, match=name):
            load_token(str(tmp_path / name), Random(1))
    assert not (tmp_path / "elsewhere").exists()


def test_a_missing_directory_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not/there"):
        load_token(str(tmp_path / "not/there"), Random(1))
