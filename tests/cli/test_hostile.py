"""Every command with strangers' text wherever the daemon, a file or the disk may hold some.

A name that moves the cursor, ends the line, turns the writing direction, or is two cells wide: none of it reaches a
terminal, breaks a line, or makes a table wider than the terminal.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from tests.cli.rows import CJK, HOSTILE, cjk, listing, peer, torrent
from tests.cli.test_daemon import STATUS
from torrentd.cli.main import COMMANDS
from torrentd.session.telling.rows import ClosedPeerRow, ErrorRow, FileRow, TrackerRow, TrackerSummary
from torrentd.wire import bencode

EVIL = "[red]ev:il\x1b[31m\x9b1m\u202egpj.exe\nINJECTED\tx\r\x7f\u2066\x1b]0;owned\x07"
WIDE = "映画の題名はとても長いのでここで切れます.mkv"
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
"""All but the newline and the tab."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PROGRESS = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]|\r")
"""how bars are drawn on stderr; what EVIL has besides shows that it came through"""


def row(**changes: Any) -> dict[str, Any]:
    """A torrent with strangers' text in every place that may have some."""
    known = {
        "labels": [EVIL, WIDE],
        "download_dir": f"/srv/{EVIL}",
        "tracker": TrackerSummary(EVIL, "error", None),
        "error": ErrorRow("disk_full", EVIL, "storage"),
    }
    return torrent(HOSTILE, EVIL, **{**known, **changes})


PEER = peer(client=EVIL)
TRACKER = TrackerRow(f"http://{EVIL}/announce", 0, "error", EVIL, None, None, None, 1.7e9, None, 3)
BANS = {"bans": [{"network": EVIL, "reason": EVIL, "automatic": True, "torrent": HOSTILE, "at": 0, "until": None}]}
BULK = {"done": [HOSTILE], "failed": [{"id": HOSTILE, "code": 6, "message": EVIL}]}


def once(answer: dict[str, Any]) -> Callable[[Any], dict[str, Any]]:
    """An answer, and then the end of what follows for ever."""
    answers = [answer]

    def tell(params: Any) -> dict[str, Any]:
        if not answers:
            raise RpcFailure(-32000, EVIL, name="shutting_down")
        return answers.pop()

    return tell


def event(topic: str, **data: Any) -> dict[str, Any]:
    told = {"cursor": "e-1", "time": 1.7e9, "topic": topic, "data": data}
    return {"cursor": "e-1", "events": [told], "gap": False}


def answers() -> dict[str, Any]:
    """What the daemon says to anything."""
    log = {"level": "warn", "namespace": f"torrentd.{EVIL}", "message": EVIL, "traceback": "a\n  \x1b[31m\u202eb"}
    return {
        "torrent.list": listing(row(), cjk()),
        "torrent.get": {"torrent": row()},
        "torrent.add": {"torrent": row(), "added": False},
        "torrent.files": {
            "files": [msgspec.to_builtins(FileRow(0, f"{EVIL}/{WIDE}", 1500, 750, 0.5, "high"))],
            "total": 1,
        },
        "torrent.peers": {
            "peers": [msgspec.to_builtins(PEER)],
            "total": 1,
            "closed": [msgspec.to_builtins(ClosedPeerRow(EVIL, EVIL, 1.7e9))],
        },
        "torrent.trackers": {"trackers": [msgspec.to_builtins(TRACKER)], "total": 1},
        "torrent.set_trackers": {"tiers": [[f"http://{EVIL}/a"], [f"http://{WIDE}/a"]]},
        "torrent.wait": {"done": [CJK], "pending": [HOSTILE], "failed": [{"id": CJK, "code": 6, "message": EVIL}]},
        "torrent.inspect": {"name": EVIL},
        "torrent.rename": {"path": f"{EVIL}/{WIDE}"},
        "torrent.move": {"jobs": [{"id": HOSTILE, "job": 1}], "failed": BULK["failed"]},
        "job.list": {
            "jobs": [{"id": 1, "torrent": HOSTILE, "state": "failed", "error": {"code": EVIL, "message": EVIL}}]
        },
        "token.list": {"tokens": [{"name": EVIL, "scopes": ["read"], "created_at": 1.7e9, "expires": None}]},
        "auth.whoami": {"caller": EVIL, "scopes": ["read"], "token": EVIL, "expires": None},
        "ban.add": BANS,
        "ban.list": BANS,
        "daemon.status": {**STATUS, "disk": [{"path": f"/{EVIL}", "free": 1, "total": 2}], "listen": [EVIL]},
        "daemon.reload": {"changed": [EVIL], "restart_required": [EVIL]},
        "config.get": {"values": {EVIL: EVIL, "a": [WIDE]}, "source": {EVIL: "file", "a": "file"}},
        "config.set": {"applied": [EVIL], "restart_required": [EVIL]},
        "events.poll": once(event("log", **log)),
        **{f"torrent.{name}": BULK for name in ("pause", "resume", "verify", "announce", "remove", "set", "queue")},
    }


TABLES = (
    "list",
    "list --columns name,labels,download_dir,tracker.host,error.message",
    f"show {HOSTILE}",
    f"files {HOSTILE}",
    f"peers {HOSTILE}",
    f"trackers {HOSTILE}",
    f"tracker add {HOSTILE} http://x/announce",
    "inspect evil.torrent",
    "check evil.torrent .",
    "status",
    "config get",
    "ban ::1",
    "bans",
    "token list",
    "whoami",
)
"""What is drawn within the width of the terminal."""
LINES = (
    "add evil.torrent --label x",
    f"pause {HOSTILE}",
    f"resume {HOSTILE}",
    f"verify {HOSTILE}",
    f"announce {HOSTILE}",
    f"remove {HOSTILE} --yes",
    f"set {HOSTILE} --label x",
    f"queue {HOSTILE} top",
    f"move {HOSTILE} /srv/x --wait",
    f"rename {HOSTILE} a b",
    f"wait {HOSTILE} --timeout 0",
    "config set a=b",
    "reload",
    "events --topic log",
    "log -f",
    "magnet evil.torrent",
    "rpc torrent.get id=x",
)
SAYS_NO_NAME = {"unban", "pieces", "priority", "limits", "shutdown", "completion", "version"}


def test_no_command_is_forgotten() -> None:
    assert set(COMMANDS) <= {line.split()[0] for line in (*TABLES, *LINES)} | SAYS_NO_NAME


@pytest.fixture
def evil(torrentctl: Torrentctl, fake: FakeDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Torrentctl:
    """torrentctl in a directory with a .torrent file of hostile names, and a daemon that says the like."""
    fake.answers = answers()
    files = [{b"length": 5, b"path": [EVIL.encode(), WIDE.encode()]}]
    info = {b"name": EVIL.encode(), b"piece length": 16384, b"pieces": sha1(b"x").digest(), b"files": files}
    root = {b"announce": f"http://{EVIL}/a".encode(), b"info": info}
    (tmp_path / "evil.torrent").write_bytes(bencode.encode(root))
    monkeypatch.chdir(tmp_path)
    return torrentctl


@pytest.mark.parametrize(
    ("line", "form"),
    [
        *((line, form) for line in TABLES for form in ("plain", "json", "40", "80", "coloured")),
        *((line, form) for line in LINES for form in ("plain", "json", "40")),
    ],
)
def test_strangers_text(evil: Torrentctl, line: str, form: str) -> None:
    if form not in ("plain", "json"):
        evil.on_terminal(80 if form == "coloured" else int(form), NO_COLOR="" if form == "coloured" else "1")
    outcome = evil(*line.split(), *(["--json"] if form == "json" else []))
    assert outcome.out or outcome.err
    out = COLOUR.sub("", outcome.out) if form == "coloured" else outcome.out
    err = PROGRESS.sub("", outcome.err) if evil.terminal else outcome.err
    for shown in (out, err):
        assert not UNSAFE.search(shown), ascii(shown)
        assert not re.search(r"^\s*INJECTED", shown, re.MULTILINE)
    if form == "json" and outcome.out:
        for document in outcome.out.splitlines():
            json.loads(document)
    if form == "40" and line in TABLES:
        assert max(map(_cells, outcome.lines), default=0) <= 40


def _cells(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def test_a_question_shows_what_was_typed_escaped(evil: Torrentctl) -> None:
    evil.on_terminal().stdin = "n\n"
    outcome = evil("remove", "\x1b[31m\u202egpj")
    assert outcome.code == 3
    assert not UNSAFE.search(outcome.err)
