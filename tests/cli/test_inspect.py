"""`inspect`: what a .torrent file says, without a daemon."""

from __future__ import annotations

import json
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from torrentd.wire import bencode
from torrentd.wire.magnet import parse

INFO = {
    b"name": b"film\x1b",
    b"piece length": 16384,
    b"pieces": b"\x01" * 20,
    b"private": 1,
    b"files": [
        {b"length": 5000, b"path": [b"a b.mkv"], b"attr": b"x"},
        {b"length": 24, b"path": [b".pad", b"24"], b"attr": b"p"},
        {b"length": 7, b"path": [b"c", b"d.txt"]},
    ],
}
ROOT = {b"info": INFO, b"announce-list": [[b"http://a/announce", b"udp://b:1/"], [b"http://c/announce"]]}
V1 = sha1(bencode.encode(INFO)).hexdigest()


@pytest.fixture
def film(tmp_path: Path) -> str:
    path = tmp_path / "film.torrent"
    path.write_bytes(bencode.encode(ROOT))
    return str(path)


def test_json(nobody: Torrentctl, film: str) -> None:
    outcome = nobody("inspect", film, "--json")
    facts = json.loads(outcome.out)
    assert outcome.code == 0
    assert facts == {
        "id": V1,
        "hash_v1": V1,
        "hash_v2": None,
        "name": "film_",
        "size": 5031,
        "piece_size": 16384,
        "piece_count": 1,
        "private": True,
        "trackers": facts["trackers"],
        "files": [
            {"path": "film_/a b.mkv", "size": 5000, "attr": "x"},
            {"path": "film_/.pad/24", "size": 24, "attr": "p"},
            {"path": "film_/c/d.txt", "size": 7, "attr": ""},
        ],
        "supported": True,
    }
    assert [sorted(tier) for tier in facts["trackers"]] == [["http://a/announce", "udp://b:1/"], ["http://c/announce"]]


def test_pipe(nobody: Torrentctl, film: str) -> None:
    lines = nobody("inspect", film).out.splitlines()
    assert lines[0] == f"id\t{V1}"
    assert "tracker\t1\thttp://c/announce" in lines
    assert "file\tfilm_/a b.mkv\t5000\tx" in lines
    assert lines[-1] == "supported\ttrue"


def test_terminal(nobody: Torrentctl, film: str) -> None:
    lines = nobody.on_terminal()("inspect", film).lines
    assert lines[:2] == ["name     film_", f"hash v1  {V1}"]
    assert "size     4.9 KiB (5031 bytes) in 3 files" in lines
    assert "private  yes" in lines
    assert lines[-4:] == [
        "PATH              SIZE  ATTR",
        "film_/a b.mkv  4.9 KiB  x",
        "film_/.pad/24     24 B  p",
        "film_/c/d.txt      7 B",
    ]


def test_stdin(nobody: Torrentctl) -> None:
    nobody.stdin_bytes = bencode.encode(ROOT)
    assert json.loads(nobody("inspect", "-", "--json").out)["id"] == V1


def test_v2_only_is_well_formed_but_not_supported(nobody: Torrentctl, tmp_path: Path) -> None:
    tree: dict[bytes, Any] = {b"a.bin": {b"": {b"length": 100, b"pieces root": b"\x02" * 32}}}
    info = {b"name": b"v2", b"piece length": 16384, b"meta version": 2, b"file tree": tree}
    path = tmp_path / "v2.torrent"
    path.write_bytes(bencode.encode({b"info": info, b"piece layers": {}}))
    outcome = nobody("inspect", "--json", str(path))
    facts = json.loads(outcome.out)
    assert outcome.code == 0
    assert facts["supported"] is False
    assert facts["id"] == facts["hash_v2"] == sha256(bencode.encode(info)).hexdigest()
    assert facts["size"] == 100
    assert "cannot be added yet" in nobody.on_terminal()("inspect", str(path)).out


@pytest.mark.parametrize(
    ("content", "code"), [(b"", 1), (b"<html>", 1), (b"d4:infode" * 2, 1), (b"d4:infodee", 1), (None, 2)]
)
def test_what_is_no_torrent(nobody: Torrentctl, tmp_path: Path, content: bytes | None, code: int) -> None:
    path = tmp_path / "x.torrent"
    if content is not None:
        path.write_bytes(content)
    outcome = nobody("inspect", "--json", str(path))
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (code, "", 1)
    assert outcome.err.startswith(f"torrentctl: {path}: ")


LINK = (
    f"magnet:?xt=urn:btih:{V1.upper()}&dn=film%1b&xl=5031&tr=http%3A%2F%2Fa%2Fannounce&tr=udp://b:1/"
    "&x.pe=127.0.0.1:5&ws=http://w/&so=0,4-6"
)


class TestLinks:
    def test_json(self, nobody: Torrentctl) -> None:
        outcome = nobody("inspect", LINK, "--json")
        assert json.loads(outcome.out) == {
            "id": V1,
            "hash_v1": V1,
            "hash_v2": None,
            "name": "film_",
            "size": 5031,
            "trackers": ["http://a/announce", "udp://b:1/"],
            "webseeds": ["http://w/"],
            "peers": ["127.0.0.1:5"],
            "selection": [[0, 0], [4, 6]],
            "supported": True,
        }

    def test_pipe(self, nobody: Torrentctl) -> None:
        lines = nobody("inspect", LINK).out.splitlines()
        assert lines[0] == f"id\t{V1}"
        assert "tracker\t1\tudp://b:1/" in lines
        assert "selection\t[[0, 0], [4, 6]]" in lines

    def test_terminal(self, nobody: Torrentctl) -> None:
        lines = nobody.on_terminal()("inspect", LINK).lines
        assert lines == [
            "name      film_",
            f"hash v1   {V1}",
            "size      4.9 KiB (5031 bytes)",
            "files     0, 4-6",
            "tracker   http://a/announce",
            "tracker   udp://b:1/",
            "peer      127.0.0.1:5",
            "web seed  http://w/",
        ]

    def test_v2_is_well_formed_but_not_supported(self, nobody: Torrentctl) -> None:
        link = "magnet:?xt=urn:btmh:1220" + "ab" * 32
        assert json.loads(nobody("inspect", link, "--json").out)["supported"] is False
        assert "cannot be added yet" in nobody.on_terminal()("inspect", link).out

    def test_what_is_none(self, nobody: Torrentctl) -> None:
        outcome = nobody("inspect", "magnet:?dn=x")
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)

    def test_fetch(self, torrentctl: Torrentctl, fake: FakeDaemon) -> None:
        fake.answers["torrent.inspect"] = {
            "id": V1, "hash_v1": V1, "hash_v2": None, "name": "film", "size": 5031, "piece_count": 1,
            "piece_size": 16384, "private": False, "trackers": [["http://a/announce"]], "webseeds": [],
            "httpseeds": [], "comment": "", "created_by": "", "created_at": None,
            "files": [{"index": 0, "path": "film/a", "size": 5031, "done": 0, "progress": 0, "priority": "normal"}],
        }  # fmt: skip
        lines = torrentctl.on_terminal()("inspect", LINK, "--fetch", "--timeout", "5").lines
        assert lines[:2] == ["name     film", f"hash v1  {V1}"]
        assert lines[-1] == "film/a  4.9 KiB"
        assert fake.asked("torrent.inspect") == [{"magnet": LINK, "timeout": 5}]

    def test_fetch_needs_a_link_or_a_url(self, nobody: Torrentctl, film: str) -> None:
        assert nobody("inspect", film, "--fetch").code == 2
        assert "--fetch" in nobody("inspect", "http://h/film.torrent").err

    def test_a_url(self, torrentctl: Torrentctl, fake: FakeDaemon) -> None:
        fake.answers["torrent.inspect"] = lambda params: failing()
        outcome = torrentctl("inspect", "http://h/film.torrent", "--fetch")
        assert (outcome.code, outcome.out, outcome.err) == (1, "", "torrentctl: HTTP status 404\n")
        assert fake.asked("torrent.inspect") == [{"url": "http://h/film.torrent", "timeout": 60}]


class TestMagnet:
    def test_the_link_of_a_file(self, nobody: Torrentctl, film: str) -> None:
        link = nobody("magnet", film).out.strip()
        found = parse(link)
        assert (found.id, found.name, found.size) == (V1, "film_", 5031)
        assert set(found.trackers) == {"http://a/announce", "udp://b:1/", "http://c/announce"}
        assert json.loads(nobody("magnet", film, "--json").out).keys() == {"magnet"}

    def test_what_is_no_torrent(self, nobody: Torrentctl, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"<html>")
        outcome = nobody("magnet", str(tmp_path / "x"))
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)


def failing() -> None:
    raise RpcFailure(7, "HTTP status 404", name="fetch_failed")
