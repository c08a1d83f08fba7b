"""`show`, `files`, `peers`, `trackers`, `pieces`."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon
from tests.cli.rows import UBUNTU, hostile, peer, torrent, without_metadata
from torrentd.cli.commands.pieces import piece_map
from torrentd.model.bitfield import Bitfield
from torrentd.session.telling.rows import ClosedPeerRow, ErrorRow, FileRow, LimitsRow, TrackerRow


def built(row: msgspec.Struct) -> dict[str, Any]:
    known: dict[str, Any] = msgspec.to_builtins(row)
    return known


def test_show_on_a_terminal(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.get"] = {"torrent": torrent()}
    outcome = torrentctl.on_terminal(100)("show", UBUNTU)
    assert outcome.lines == [
        "name         ubuntu-24.04.iso",
        f"id           {UBUNTU}",
        "state        downloading",
        "progress     42.1%, 2.4 GiB of 5.7 GiB",
        "pieces       23327 of 256 KiB",
        "rates        down 11.8 MiB/s, up 4.2 KiB/s",
        "done in      4m 46s",
        "downloaded   2.4 GiB, 16.0 KiB wasted",
        "uploaded     1.2 MiB, ratio 0.00",
        "peers        12 connected (9 seeds), 48 known; 8 send to us, we send to 2",
        "swarm        1200 seeds, 33 leechers",
        "tracker      torrent.ubuntu.com: working, next announce 2023-11-14 22:43:20",
        "limits       down 1.9 MiB/s",
        "directory    /srv/torrents",
        "labels       linux",
        "added        2023-11-14 22:13:20",
        "last active  2023-11-14 22:14:20",
    ]


def test_show_while_there_is_no_metadata(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.get"] = {"torrent": without_metadata()}
    lines = torrentctl.on_terminal(100)("show", UBUNTU).lines
    assert "state        metadata" in lines and "metadata     25.0%" in lines
    assert not any(line.startswith(("progress", "pieces", "size")) for line in lines)
    torrentctl.terminal = False
    assert "size\t" in torrentctl("show", UBUNTU).out.splitlines()


def test_show_what_is_wrong(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.get"] = {
        "torrent": hostile(
            state="error",
            error=ErrorRow("disk_full", "no space left: /srv/\x1b[2Jx", "storage"),
            stalled=True,
            check_progress=0.5,
            ratio=None,
            tracker=None,
            wanted=1024,
            left=0,
            private=True,
            seeding_time=61,
        )
    }
    lines = torrentctl.on_terminal(100)("show", UBUNTU).lines
    assert "name         [red]evil\\x1b[31m\\u202egpj.exe\\x09end\\x0a" in lines
    assert "state        error (stalled)" in lines
    assert "error        no space left: /srv/\\x1b[2Jx (disk_full)" in lines
    assert "checked      50.0%" in lines
    assert "size         5.7 GiB, not all of it is wanted" in lines
    assert "flags        private" in lines
    assert "seeded for   1m 1s" in lines
    assert not any(line.startswith("tracker") for line in lines)


def test_show_fits_forty_columns(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.get"] = {"torrent": torrent()}
    outcome = torrentctl.on_terminal(40)("show", UBUNTU)
    assert max(map(len, outcome.lines)) <= 40
    assert UBUNTU in "".join(line.removeprefix(" " * 13).removeprefix("id           ") for line in outcome.lines)


def test_show_in_a_pipe(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.get"] = {"torrent": torrent()}
    lines = torrentctl("show", UBUNTU).out.splitlines()
    assert lines[0] == f"id\t{UBUNTU}"
    assert {"hash_v2\t", "stalled\tfalse", "peers.swarm_leechers\t33", "limits.down\t2000000", "eta\t286"} <= set(lines)
    assert "added_at\t1700000000.5" in lines


def test_files(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    rows = [
        FileRow(0, "film/film.mkv", 1_500_000_000, 750_000_000, 0.5, "high"),
        FileRow(1, "film/\u202e.nfo", 12, 0, 0.0, "skip"),
    ]
    fake.answers["torrent.files"] = {"files": [built(row) for row in rows], "total": 2}
    assert torrentctl("files", UBUNTU).out == (
        "0\tfilm/film.mkv\t1500000000\t0.5\thigh\n1\tfilm/\\u202e.nfo\t12\t0.0\tskip\n"
    )
    assert json.loads(torrentctl("files", "--json", UBUNTU).out)["total"] == 2
    assert torrentctl.on_terminal()("files", UBUNTU).lines == [
        "#  PATH                SIZE   DONE  PRIORITY",
        "0  film/film.mkv    1.4 GiB  50.0%  high",
        "1  film/\\u202e.nfo     12 B   0.0%  skip",
    ]


@pytest.fixture
def peers(fake: FakeDaemon) -> None:
    row = peer(
        client="\x1b]0;owned\x07",
        downloaded=4096,
        requests_out=12,
        connected_at=1_700_000_000.0,
        fast=True,
        extensions=["lt_donthave", "ut_pex"],
    )
    closed = ClosedPeerRow("192.0.2.7:1", "handshake: \x9b31mno answer", 1_700_000_000.0)
    fake.answers["torrent.peers"] = {"peers": [built(row)], "total": 1, "closed": [built(closed)]}


@pytest.mark.usefixtures("peers")
def test_peers(torrentctl: Torrentctl) -> None:
    outcome = torrentctl("peers", UBUNTU)
    assert outcome.out.startswith("[2001:db8::1]:6881\t\\x1b]0;owned\\x07\ttracker\t1.0\t2048\t0\t4096\t0\t12\t0\ttrue")
    assert outcome.out.endswith("\tfalse\trc4\ttrue\tfalse\tlt_donthave,ut_pex\t\n")
    outcome = torrentctl.on_terminal(100)("peers", UBUNTU)
    assert outcome.lines[1].startswith("[2001:db8::1]:6881  \\x1b]0;owned\\x07")
    assert outcome.err == "closed 2023-11-14 22:13:20: 192.0.2.7:1: handshake: \\x9b31mno answer\n"


def test_trackers(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    row = TrackerRow("http://t.example/announce", 0, "error", "go\\x07away", None, 3, None, None, 1_700_000_000.0, 2)
    fake.answers["torrent.trackers"] = {"trackers": [built(row)], "total": 1}
    assert torrentctl("trackers", UBUNTU).out == (
        "0\thttp://t.example/announce\terror\t\t3\t\t1700000000.0\t2\tgo\\x07away\n"
    )
    assert torrentctl.on_terminal(90)("trackers", UBUNTU).lines == [
        "TIER  URL                       STATUS  SEEDERS  LEECHERS  NEXT                 MESSAGE",
        "   0  http://t.example/announ…  error         -         3  2023-11-14 22:13:20  go\\x07away",
    ]


@pytest.fixture
def pieces(fake: FakeDaemon) -> None:
    have = base64.b64encode(Bitfield(5, [0, 1, 3]).to_bytes()).decode()
    fake.answers["torrent.pieces"] = {"count": 5, "size": 16384, "have": have, "availability": [3, 2, 2, 1, 9]}


@pytest.mark.usefixtures("pieces")
def test_pieces(torrentctl: Torrentctl) -> None:
    assert torrentctl("pieces", UBUNTU).out == "0\t1\t3\n1\t1\t2\n2\t0\t2\n3\t1\t1\n4\t0\t9\n"
    assert torrentctl.on_terminal()("pieces", UBUNTU).lines == [
        "have    3 of 5 pieces of 16.0 KiB",
        "rarest  1 of the connected peers",
        "##.#.",
    ]


def test_pieces_without_peers(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.pieces"] = {"count": 2, "size": 16384, "have": "QA==", "availability": None}
    assert torrentctl("pieces", UBUNTU).out == "0\t0\t\n1\t1\t\n"


def test_a_map_of_many_pieces() -> None:
    have = Bitfield(1000, range(500))
    have.add(999)
    lines = list(piece_map(have, 10))
    assert lines == [
        "##########",
        "##########",
        "##########",
        "########+.",
        "..........",
        "..........",
        "..........",
        "......+",
    ]
    assert len("".join(lines)) == -(-1000 // 13)


@pytest.mark.parametrize("name", ["peers", "trackers"])
def test_people_are_told_that_there_are_none(torrentctl: Torrentctl, fake: FakeDaemon, name: str) -> None:
    fake.answers[f"torrent.{name}"] = {name: [], "total": 0}
    assert torrentctl(name, UBUNTU).out == ""
    outcome = torrentctl.on_terminal()(name, UBUNTU)
    assert (outcome.out, outcome.err) == ("", f"no {name}\n")


def test_limits_in_words(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    limits = LimitsRow(up="unlimited", peers=5, ratio=1.5, seed_time=7200, idle_time="unlimited")
    fake.answers["torrent.get"] = {"torrent": torrent(limits=limits)}
    lines = torrentctl.on_terminal(100)("show", UBUNTU).lines
    assert "limits       up unlimited, peers 5, ratio 1.5, seed time 2h, idle time unlimited" in lines
