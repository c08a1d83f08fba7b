"""Pause, resume, remove and restart while a download is under way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import MIB, Torrent, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until

SIZE = 24 * MIB
RATE = 4 * MIB
"""bytes per second of the seed: the download takes some seconds, so that there is a middle"""
MIDDLE = SIZE // 4
"""a test acts when this much is verified"""
SLACK = 2 * MIB
"""what may be downloaded twice: blocks under way when the connection ended, and unfinished pieces"""


@pytest.fixture
def torrent(stage: Stage) -> Torrent:
    return make(stage.directory("origin"), {"a/one.bin": SIZE // 2, "a/b/two.bin": SIZE // 2})


@pytest.fixture
def seed(stage: Stage, torrent: Torrent) -> Libtorrent:
    """A seed that takes its time."""
    seed = stage.run(Libtorrent)
    seed.add(torrent, torrent.origin, seed=True, upload_limit=RATE)
    return seed


@pytest.fixture
def midway(torrentd: Torrentd, torrent: Torrent, seed: Libtorrent) -> Torrentd:
    """A daemon in the middle of a download."""
    torrentd.add(torrent, peers=[seed.peer_address])
    until(lambda: torrentd.get(torrent)["done"] >= MIDDLE, "a quarter is there", WAIT)
    assert torrentd.get(torrent)["state"] == "downloading"
    return torrentd


def test_pause_and_resume(midway: Torrentd, torrent: Torrent, seed: Libtorrent) -> None:
    assert midway.rpc("torrent.pause", ids=[torrent.info_hash]) == {"done": [torrent.info_hash], "failed": []}
    midway.wait(torrent, "paused")
    until(lambda: seed.status(torrent)["peers"] == 0, "the seed has lost us", WAIT)
    paused = midway.get(torrent)
    assert (paused["state"], paused["peers"]["connected"]) == ("paused", 0)
    assert MIDDLE <= paused["done"] < SIZE
    until(lambda: midway.get(torrent)["rate_down"] == 0, "nothing moves", WAIT)
    midway.rpc("torrent.resume", ids=[torrent.info_hash])
    midway.rpc("torrent.add_peers", id=torrent.info_hash, peers=[seed.peer_address])
    midway.wait(torrent)
    assert_same(torrent, midway.downloads)
    assert midway.get(torrent)["downloaded"] <= SIZE + SLACK
    assert seed.status(torrent)["uploaded"] <= SIZE + SLACK


def test_a_paused_torrent_stays_paused_over_a_restart(midway: Torrentd, torrent: Torrent, seed: Libtorrent) -> None:
    midway.rpc("torrent.pause", ids=[torrent.info_hash])
    midway.wait(torrent, "paused")
    before = midway.get(torrent)
    midway.restart()
    after = midway.get(torrent)
    assert after["state"] == "paused"
    assert after["done"] >= before["done"]  # what was on its way to the disk counts as well
    assert after["downloaded"] == before["downloaded"]


def test_restart_continues(midway: Torrentd, torrent: Torrent, seed: Libtorrent) -> None:
    before = midway.get(torrent)["done"]
    midway.restart()
    row = midway.get(torrent)
    assert row["state"] == "downloading"
    assert row["done"] >= before
    midway.rpc("torrent.add_peers", id=torrent.info_hash, peers=[seed.peer_address])
    midway.wait(torrent)
    assert_same(torrent, midway.downloads)
    assert midway.get(torrent)["downloaded"] <= SIZE + SLACK


def test_remove_leaves_the_data(midway: Torrentd, torrent: Torrent, seed: Libtorrent) -> None:
    midway.rpc("torrent.remove", ids=[torrent.info_hash])
    until(lambda: seed.status(torrent)["peers"] == 0, "the seed has lost us", WAIT)
    assert midway.rpc("torrent.list")["torrents"] == []
    assert files(midway.downloads) == ["a/b/two.bin", "a/one.bin"]
    midway.add(torrent, peers=[seed.peer_address])
    midway.wait(torrent)
    assert_same(torrent, midway.downloads)
    assert seed.status(torrent)["uploaded"] <= SIZE + SLACK


def test_remove_with_the_data(midway: Torrentd, torrent: Torrent, seed: Libtorrent) -> None:
    (midway.downloads / "a" / "mine.txt").write_text("not the daemon's")
    midway.rpc("torrent.remove", ids=[torrent.info_hash], delete_data=True)
    until(lambda: seed.status(torrent)["peers"] == 0, "the seed has lost us", WAIT)
    assert files(midway.downloads) == ["a/mine.txt"]
    assert midway.rpc("torrent.list")["torrents"] == []


def test_another_torrent_is_not_disturbed(stage: Stage, midway: Torrentd, torrent: Torrent) -> None:
    other = make(stage.directory("other"), {"other.bin": 4 * MIB}, seed=2)
    leech = stage.run(Libtorrent)
    target = stage.directory("target")
    midway.add(other, other.origin)
    midway.wait(other)
    leech.add(other, target)
    leech.connect(other, midway.peer_address)
    midway.rpc("torrent.remove", ids=[torrent.info_hash], delete_data=True)
    until(lambda: leech.is_complete(other), "libtorrent has the other torrent", WAIT)
    assert_same(other, target)


def files(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
