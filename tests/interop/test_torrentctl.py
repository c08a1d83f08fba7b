"""A user's afternoon with torrentctl and a real daemon, command by command."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import MIB, Torrent, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import PYTHON


class Torrentctl:
    """Runs the installed program in a pipe."""

    def __init__(self, daemon: Torrentd) -> None:
        self._options = ["--socket", str(daemon.folder / "rpc.sock")]

    def __call__(self, *words: str | Path, code: int = 0) -> str:
        """What it printed; it must end with this code, and be silent on stderr only if that is 0."""
        program = [PYTHON.parent / "torrentctl", *self._options, *words]
        done = subprocess.run(program, capture_output=True, text=True, timeout=WAIT, check=False)
        assert done.returncode == code, done.stderr
        assert done.stderr.count("\n") == (1 if code else 0), done.stderr
        return done.stdout


@pytest.fixture
def torrentctl(torrentd: Torrentd) -> Torrentctl:
    return Torrentctl(torrentd)


@pytest.fixture
def torrent(stage: Stage) -> Torrent:
    torrent = make(stage.directory("origin"), {"holiday/film.mkv": 4 * MIB, "holiday/notes.nfo": 12_345})
    (stage.folder / "holiday.torrent").write_bytes(torrent.metainfo)
    return torrent


def test_an_afternoon(stage: Stage, torrentd: Torrentd, torrentctl: Torrentctl, torrent: Torrent) -> None:
    seed = stage.run(Libtorrent)
    seed.add(torrent, torrent.origin, seed=True)
    file = stage.folder / "holiday.torrent"
    id = torrent.info_hash

    added = torrentctl("add", file, "--peer", seed.peer_address, "--label", "trip", "--wait")
    assert added == f"{id}\ttrue\tholiday\n"
    assert_same(torrent, torrentd.downloads)
    assert torrentctl("add", file) == f"{id}\tfalse\tholiday\n"
    assert torrentctl("list", "seeding", "label:trip", "--columns", "id,state,progress") == f"{id}\tseeding\t1.0\n"
    assert torrentctl("list", "paused") == ""
    assert json.loads(torrentctl("show", "holi", "--json"))["torrent"]["size"] == torrent.size
    assert torrentctl("files", id[:8]).splitlines() == [
        f"0\tholiday/film.mkv\t{4 * MIB}\t1.0\tnormal",
        "1\tholiday/notes.nfo\t12345\t1.0\tnormal",
    ]
    assert [line.split("\t")[1] for line in torrentctl("pieces", "holiday").splitlines()] == ["1"] * 17
    torrentctl("peers", "holiday")
    torrentctl("trackers", "holiday")
    torrentctl("verify", "holiday")
    assert torrentctl("wait", "holiday", "--timeout", "20") == f"{id}\tdone\n"
    torrentctl("priority", "holiday", "*.nfo", "skip")
    assert torrentctl("files", "holiday").splitlines()[1].endswith("\tskip")
    assert torrentctl("pause", "all") == f"{id}\n"
    assert torrentctl("wait", "--until", "paused", id) == f"{id}\tdone\n"
    assert torrentctl("remove", "--yes", "--delete-data", "holiday") == f"{id}\n"
    assert list(torrentd.downloads.iterdir()) == []
    torrentctl("show", id, code=3)


def test_only_some_files(stage: Stage, torrentd: Torrentd, torrentctl: Torrentctl, torrent: Torrent) -> None:
    seed = stage.run(Libtorrent)
    seed.add(torrent, torrent.origin, seed=True)
    torrentctl("add", stage.folder / "holiday.torrent", "--peer", seed.peer_address, "--only", "*.mkv", "--wait")
    film = torrentd.downloads / "holiday" / "film.mkv"
    assert film.read_bytes() == (torrent.origin / "holiday" / "film.mkv").read_bytes()
    row = torrentd.get(torrent)
    assert (row["wanted"], row["left"], row["state"]) == (4 * MIB, 0, "seeding")


def test_the_daemon_itself(torrentd: Torrentd, torrentctl: Torrentctl) -> None:
    assert f"listen\t{torrentd.peer_address}\n" in torrentctl("status")
    assert "version\t" in torrentctl("version")
    assert torrentctl("limits", "--down", "2M", "--up", "500k").startswith("down\t2000000\nup\t500000\n")
    assert torrentctl("limits", "--down", "unlimited").startswith("down\tunlimited\nup\t500000\n")
    assert torrentctl("config", "get", "peers.max_connections") == "peers.max_connections\t200\tdefault\n"
    assert json.loads(torrentctl("rpc", "rpc.discover"))["openrpc"].startswith("1.")
    torrentctl("rpc", "torrent.no_such_method", code=1)
    torrentctl("wait", "0" * 40, code=3)
    torrentctl("reload")
    torrentctl("--quiet", "shutdown")
    assert torrentd.wait_for_end() == 0
    torrentctl("status", code=5)


def test_by_url(stage: Stage, torrentd: Torrentd, torrentctl: Torrentctl, torrent: Torrent) -> None:
    """From a web server, and not from one that has no torrent."""
    handler = partial(Quiet, directory=str(stage.folder))
    with ThreadingHTTPServer((torrentd.host, 0), handler) as site:
        Thread(target=site.serve_forever, daemon=True).start()
        url = f"http://{torrentd.host}:{site.server_port}"
        found = json.loads(torrentctl("inspect", f"{url}/holiday.torrent", "--fetch", "--json"))
        assert (found["id"], torrentctl("list")) == (torrent.info_hash, "")
        added = torrentctl("add", f"{url}/holiday.torrent", "--paused")
        assert added == f"{torrent.info_hash}\ttrue\tholiday\n"
        torrentctl("add", f"{url}/nothing.torrent", code=1)
        torrentctl("add", f"{url}/", code=1)  # a page that lists the folder
        torrentctl("add", f"https://{torrentd.host}:{site.server_port}/holiday.torrent", code=1)
        site.shutdown()
    torrentctl("add", f"{url}/holiday.torrent", code=1)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...
