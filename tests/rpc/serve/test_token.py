from __future__ import annotations

import random
import re
import stat
from pathlib import Path

import pytest

from torrentd.rpc.serve.token import TokenError, load_token


def test_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = load_token(str(path), random.Random(1))
    assert re.fullmatch("[0-9a-f]{64}", token)
    assert path.read_text() == token + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_token(str(path), random.Random(2)) == token
    assert [entry.name for entry in tmp_path.iterdir()] == ["token"]


@pytest.mark.parametrize("text", ["", "\n", "secret", "g" * 64, "0" * 63, "0" * 65, "é" * 64])
def test_what_is_no_token(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TokenError, match="64 hex digits") as caught:
        load_token(str(path), random.Random(1))
    assert str(caught.value).startswith(str(path))
    assert not text.strip() or text.strip() not in str(caught.value).replace(str(path), "")


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="no such file or directory"):
        load_token(str(tmp_path / "no" / "token"), random.Random(1))


def test_a_directory_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="is a directory"):
        load_token(str(tmp_path), random.Random(1))
