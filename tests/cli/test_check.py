"""`check`: the files of this machine against a .torrent file, without a daemon."""

from __future__ import annotations

import json
import os
from hashlib import sha1
from pathlib import Path
from random import Random

import pytest

from tests.cli.conftest import Torrentctl
from torrentd.wire import bencode

PIECE = 16384
FILES = {"a.bin": 40_000, "sub/b.bin": 50_000, "empty": 0}
PADDING = 2 * PIECE + 8192
"""so that the padding crosses pieces"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A torrent's file, and its folder beside it."""
    random, folder, stream, listed = Random(7), tmp_path / "downloads" / "film", bytearray(), []
    for name, size in FILES.items():
        data = random.randbytes(size)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        stream += data
        listed.append({b"length": size, b"path": name.encode().split(b"/")})
        if name == "a.bin":
            stream += bytes(PADDING)
            listed.append({b"length": PADDING, b"path": [b".pad", b"1"], b"attr": b"p"})
    hashes = b"".join(sha1(stream[at : at + PIECE]).digest() for at in range(0, len(stream), PIECE))
    info = {b"name": b"film", b"piece length": PIECE, b"pieces": hashes, b"files": listed}
    (tmp_path / "film.torrent").write_bytes(bencode.encode({b"info": info}))
    return tmp_path


def run(torrentctl: Torrentctl, content: Path, *more: str) -> tuple[int, str]:
    outcome = torrentctl("check", str(content / "film.torrent"), str(content / "downloads"), *more)
    assert outcome.err == ""
    return outcome.code, outcome.out


def statuses(torrentctl: Torrentctl, content: Path) -> dict[str, str]:
    code, out = run(torrentctl, content)
    rows = [line.split("\t") for line in out.splitlines()]
    assert code == (0 if all(row[0] == "ok" for row in rows) else 1)
    return {path.removeprefix("film/"): status for status, _, path in rows}


def test_everything_is_there(nobody: Torrentctl, content: Path) -> None:
    assert statuses(nobody, content) == dict.fromkeys(FILES, "ok")
    code, out = run(nobody, content, "--json")
    facts = json.loads(out)
    assert (code, facts["ok"], facts["good"], facts["done"]) == (0, True, facts["piece_count"], facts["size"])


def test_one_byte_is_wrong(nobody: Torrentctl, content: Path) -> None:
    with (content / "downloads/film/sub/b.bin").open("r+b") as file:
        file.seek(49_999)
        last = file.read(1)[0]
        file.seek(49_999)
        file.write(bytes([last ^ 1]))
    assert statuses(nobody, content) == {"a.bin": "ok", "sub/b.bin": "bad", "empty": "ok"}
    facts = json.loads(run(nobody, content, "--json")[1])
    assert facts["good"] == facts["piece_count"] - 1


def test_what_is_missing_or_of_another_length(nobody: Torrentctl, content: Path) -> None:
    (content / "downloads/film/empty").unlink()
    os.truncate(content / "downloads/film/a.bin", 39_999)
    found = statuses(nobody, content)
    assert found == {"a.bin": "size", "sub/b.bin": "ok", "empty": "missing"}


def test_longer_than_promised(nobody: Torrentctl, content: Path) -> None:
    with (content / "downloads/film/a.bin").open("ab") as file:
        file.write(b"more")
    assert statuses(nobody, content)["a.bin"] == "size"


def test_a_folder_or_a_pipe_where_a_file_should_be(nobody: Torrentctl, content: Path) -> None:
    for name, make in (("a.bin", os.mkdir), ("empty", os.mkfifo)):
        path = content / "downloads/film" / name
        path.unlink()
        make(path)
    assert statuses(nobody, content) == {"a.bin": "unreadable", "sub/b.bin": "ok", "empty": "unreadable"}


def test_people_see_what_is_wrong_and_how_much_is_right(nobody: Torrentctl, content: Path) -> None:
    (content / "downloads/film/sub/b.bin").unlink()
    outcome = nobody.on_terminal()("check", str(content / "film.torrent"), str(content / "downloads"))
    assert outcome.code == 1
    assert outcome.lines == ["STATUS       SIZE  PATH", "missing  48.8 KiB  film/sub/b.bin"]
    assert "4 of 8 pieces are right" in outcome.err


@pytest.mark.parametrize("words", [["film.torrent", "nowhere"], ["downloads/film/a.bin", "downloads"], ["no", "."]])
def test_nonsense(nobody: Torrentctl, content: Path, words: list[str]) -> None:
    outcome = nobody("check", *(str(content / word) for word in words))
    assert outcome.code in (1, 2)
    assert (outcome.out, outcome.err.count("\n")) == ("", 1)
