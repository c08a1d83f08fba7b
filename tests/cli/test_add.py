"""`add`: many files, each by itself."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from tests.cli.rows import DEBIAN, HOSTILE_NAME, UBUNTU, torrent


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake: FakeDaemon) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ubuntu", "debian", "broken"):
        Path(f"{name}.torrent").write_bytes(name.encode())
    fake.answers["torrent.add"] = add


def add(params: dict[str, Any]) -> dict[str, Any]:
    """A daemon that knows two torrents, one of them already."""
    name = base64.b64decode(params["metainfo"]).decode()
    if name == "broken":
        raise RpcFailure(2, "This is not an acceptable torrent", name="invalid_torrent", detail="info: missing")
    row = torrent({"ubuntu": UBUNTU, "debian": DEBIAN}[name], name)
    return {"torrent": {key: row[key] for key in params.get("fields", row)}, "added": name != "debian"}


def test_pipe(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("add", "ubuntu.torrent", "debian.torrent")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{UBUNTU}\ttrue\tubuntu\n{DEBIAN}\tfalse\tdebian\n"
    assert fake.calls[0] == ("torrent.add", {"metainfo": "dWJ1bnR1", "fields": ["id", "name", "state"]})
    assert fake.connections == 1


def test_terminal(torrentctl: Torrentctl) -> None:
    outcome = torrentctl.on_terminal()("add", "ubuntu.torrent", "debian.torrent")
    assert outcome.lines == ["added: 0a1b2c3d  ubuntu", "already there: 0a1b2cff  debian"]


def test_json(torrentctl: Torrentctl) -> None:
    outcome = torrentctl("add", "ubuntu.torrent", "--json")
    assert json.loads(outcome.out) == {"results": [{"torrent": torrent(UBUNTU, "ubuntu"), "added": True}]}


def test_every_option(torrentctl: Torrentctl, fake: FakeDaemon, tmp_path: Path) -> None:
    words = "add ubuntu.torrent --dir data --label a --label b --paused --only *.mkv --only *.srt --sequential"
    outcome = torrentctl(*words.split(), "--priority", "high", "--peer", "192.0.2.1:6881", "--peer", "[2001:DB8::1]:1")
    assert outcome.code == 0
    params = fake.asked("torrent.add")[0]
    del params["metainfo"], params["fields"]
    assert params == {
        "download_dir": str(tmp_path / "data"),
        "labels": ["a", "b"],
        "paused": True,
        "files": [
            {"glob": "*", "priority": "skip"},
            {"glob": "*.mkv", "priority": "normal"},
            {"glob": "*.srt", "priority": "normal"},
        ],
        "sequential": True,
        "priority": "high",
        "peers": ["192.0.2.1:6881", "[2001:db8::1]:1"],
    }


def test_of_one_that_is_there_the_peers_count_and_the_rest_is_told(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.add_peers"] = {"added": 1}
    words = "add ubuntu.torrent debian.torrent --only *.mkv --dir data --peer 192.0.2.1:6881"
    outcome = torrentctl(*words.split())
    assert (outcome.code, outcome.err) == (0, "debian: is here already; --dir, --only ignored\n")
    assert fake.asked("torrent.add_peers") == [{"id": DEBIAN, "peers": ["192.0.2.1:6881"]}]
    assert torrentctl("--quiet", *words.split()).err == ""
    assert torrentctl("add", "debian.torrent", "--peer", "192.0.2.1:6881").err == ""


def test_one_that_fails_does_not_hold_the_others(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("add", "broken.torrent", "missing.torrent", "ubuntu.torrent")
    assert outcome.code == 1
    assert outcome.out == f"{UBUNTU}\ttrue\tubuntu\n"
    assert outcome.err == (
        "torrentctl: broken.torrent: This is not an acceptable torrent: info: missing\n"
        "torrentctl: missing.torrent: No such file or directory\n"
    )


def test_nothing_on_stdout_when_all_fail(torrentctl: Torrentctl) -> None:
    outcome = torrentctl("add", "--json", "missing.torrent")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)


def test_stdin(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    torrentctl.stdin_bytes = b"ubuntu"
    assert torrentctl("add", "-").code == 0
    assert fake.asked("torrent.add")[0]["metainfo"] == "dWJ1bnR1"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("MAGNET:?x", "xt=urn:btih:... is missing"),
        ("magnet:?xt=urn:btih:12", "40 hex digits"),
        ("ftp://h/x.torrent", "http and https URLs only"),
        ("file:///x.torrent", "http and https URLs only"),
    ],
)
def test_what_is_seen_to_be_wrong_is_refused_first(
    torrentctl: Torrentctl, fake: FakeDaemon, source: str, words: str
) -> None:
    outcome = torrentctl("add", "ubuntu.torrent", source)
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err
    assert outcome.err.count("\n") == 1
    assert fake.calls == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "the name of the file is empty"),
        ("c" * 40, f"{'c' * 40}: No such file or directory; as a magnet link it is magnet:?xt=urn:btih:{'c' * 40}"),
        ("C" * 32, f"{'C' * 32}: No such file or directory; as a magnet link it is magnet:?xt=urn:btih:{'C' * 32}"),
        ("c" * 39, f"{'c' * 39}: No such file or directory"),
    ],
)
def test_what_is_no_file(torrentctl: Torrentctl, fake: FakeDaemon, source: str, words: str) -> None:
    outcome = torrentctl("add", source)
    assert (outcome.code, outcome.err) == (2, f"torrentctl: {words}\n")
    assert fake.calls == []


def test_a_magnet_link(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    link = f"magnet:?xt=urn:btih:{UBUNTU}&dn=ubuntu"
    fake.answers["torrent.add"] = {"torrent": {"id": UBUNTU, "name": "ubuntu", "state": "metadata"}, "added": True}
    fake.answers["torrent.wait"] = lambda params: {"done": params["ids"], "pending": [], "failed": []}
    outcome = torrentctl("add", link, "--stop-after", "metadata", "--wait")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{UBUNTU}\ttrue\tubuntu\n", "")
    assert fake.asked("torrent.add") == [{"magnet": link, "stop_after": "metadata", "fields": ["id", "name", "state"]}]
    assert fake.asked("torrent.wait")[0]["until"] == "metadata"


def test_a_url_is_for_the_daemon_to_fetch(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.add"] = {"torrent": {"id": UBUNTU, "name": "ubuntu", "state": "checking"}, "added": True}
    outcome = torrentctl("add", "https://h/ubuntu.torrent?key=x", "--paused")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{UBUNTU}\ttrue\tubuntu\n", "")
    (asked,) = fake.asked("torrent.add")
    assert asked == {"url": "https://h/ubuntu.torrent?key=x", "paused": True, "fields": ["id", "name", "state"]}


def test_a_long_link_is_not_repeated_in_a_complaint(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.add"] = lambda params: failing()
    outcome = torrentctl("add", f"magnet:?xt=urn:btih:{UBUNTU}&dn={'x' * 2000}")
    assert outcome.code == 1
    assert len(outcome.err) < 250


def failing() -> None:
    raise RpcFailure(8, "Magnet links of v2 torrents are not supported yet", name="unsupported")


def test_a_wrong_peer_is_known_before_anything_is_added(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("add", "ubuntu.torrent", "--peer", "::1:6881")
    assert outcome.code == 2
    assert "an IPv6 address is written [ADDRESS]:PORT" in outcome.err
    assert fake.calls == []


def test_a_film_named_by_mistake(torrentctl: Torrentctl, fake: FakeDaemon, tmp_path: Path) -> None:
    with (tmp_path / "film.mkv").open("wb") as film:
        film.truncate(2**40)
    outcome = torrentctl("add", "film.mkv")
    assert (outcome.code, outcome.err) == (1, "torrentctl: film.mkv: larger than 32 MiB; no .torrent file is\n")


def test_a_name_from_a_stranger(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.add"] = {"torrent": {"id": UBUNTU, "name": HOSTILE_NAME, "state": "paused"}, "added": True}
    for outcome in (torrentctl("add", "ubuntu.torrent"), torrentctl.on_terminal()("add", "ubuntu.torrent")):
        assert "[red]evil\\x1b[31m\\u202egpj.exe\\x09end\\x0a\n" in outcome.out


def test_a_daemon_that_went_away_is_told_once(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.reply = lambda handler, body: setattr(handler, "close_connection", True)
    outcome = torrentctl("add", "ubuntu.torrent", "debian.torrent")
    assert (outcome.code, outcome.err.count("\n")) == (5, 1)


def test_wait(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.wait"] = lambda params: {"done": params["ids"], "pending": [], "failed": []}
    assert torrentctl("add", "--wait", "ubuntu.torrent", "debian.torrent").code == 0
    assert fake.asked("torrent.wait") == [{"ids": [UBUNTU, DEBIAN], "until": "download", "timeout": 60.0}]
