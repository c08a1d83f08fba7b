"""A clean stop: within 5 s, with exit status 0 and everything saved, whatever hangs around us."""

from __future__ import annotations

import time
from contextlib import ExitStack

from tests.interop.conftest import Stage
from tests.interop.content import KIB, MIB, Torrent
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Caller, Leecher, Seeder
from tests.interop.faults.running import Injected
from tests.interop.faults.trackers import answers
from tests.interop.faults.trackers.http import HttpTracker
from tests.interop.processes import until

STOP = 5.0
"""Seconds that a stop may take"""
HUNG = "hung.example"
PEERS = 60
SIZE = 4 * MIB
MANY = {"max_connections_per_torrent": 100, "max_connections": 200}
TOTALS = ("downloaded", "uploaded", "done", "left", "state")


def stop_in_time(daemon: Injected) -> None:
    began = time.monotonic()
    status = daemon.stop()
    assert status == 0, daemon.log()
    assert time.monotonic() - began < STOP
    assert "a bug of ours" not in daemon.whole_log()
    assert "Traceback" not in daemon.whole_log()


def totals(daemon: Injected, torrent: Torrent) -> dict[str, object]:
    row = daemon.get(torrent)
    return {name: row[name] for name in TOTALS}


def test_while_names_and_trackers_hang_and_peers_are_many(stage: Stage, until_end: ExitStack) -> None:
    """A tracker without an answer for "started", one without an answer for "stopped", and one whose name does not
    resolve; somebody uploads to us, somebody has downloaded, and many are only there."""
    content, other = Computed(SIZE), Computed(64 * MIB, seed=2, name="other.bin")
    seeder = until_end.enter_context(Seeder(content))
    slow_seeder = until_end.enter_context(Seeder(other, rate=2 * MIB))
    dead = until_end.enter_context(HttpTracker(answers.silence, "127.0.9.1"))
    dying = until_end.enter_context(HttpTracker(answers.peers(seeder.address), "127.0.9.2"))
    daemon = stage.run(Injected, faults={"hang": [HUNG]}, peers=MANY)
    torrent, downloading = content.torrent([dying.url]), other.torrent([f"http://{HUNG}/announce"])
    waiting = Computed(SIZE, seed=3, name="third.bin").torrent([dead.url])
    daemon.add(torrent)
    daemon.add(downloading, peers=[slow_seeder.address])
    daemon.add(waiting)
    daemon.wait(torrent)
    leecher = until_end.enter_context(Leecher(content, daemon.peer_address, "127.0.7.1"))
    leecher.fetch(range(content.piece_count // 2))
    for number in range(PEERS):
        until_end.enter_context(Caller(content, daemon.peer_address, f"127.0.8.{number}"))
    until(lambda: daemon.get(torrent)["uploaded"] == leecher.received, "the upload is counted", 5)
    until(lambda: daemon.get(downloading)["done"] > 0, "the other torrent is under way", 5)
    assert daemon.rpc("daemon.status")["connections"] >= PEERS
    for each in (downloading, waiting):
        assert daemon.rpc("torrent.trackers", id=each.info_hash)["trackers"][0]["status"] == "announcing"
    dying.answer = answers.silence
    before = totals(daemon, torrent)
    stop_in_time(daemon)
    assert dying.announces.events() == ["started", "completed", "stopped"]

    daemon.start()
    assert totals(daemon, torrent) == before
    status = daemon.rpc("daemon.status")["totals"]["all_time"]
    assert status["uploaded"] == leecher.received
    assert status["downloaded"] >= content.size


def test_by_rpc_as_by_signal(stage: Stage) -> None:
    daemon = stage.run(Injected)
    process = daemon.process
    assert process is not None
    assert daemon.rpc("daemon.shutdown") == {}
    assert process.wait(STOP) == 0
    daemon.wait_for_end()


def test_during_the_start(stage: Stage) -> None:
    daemon = stage.run(Injected)
    torrents = [Computed(64 * KIB, seed=seed, name=f"content-{seed}").torrent() for seed in range(50)]
    for torrent in torrents:
        daemon.add(torrent)
    assert daemon.stop() == 0
    lock = daemon.folder / "state" / "lock"
    lock.unlink()
    daemon.launch()
    until(lambda: lock.exists() and lock.read_text(), "it has the lock", 10)
    stop_in_time(daemon)
    daemon.start()
    assert daemon.rpc("daemon.status")["torrents"]["total"] == len(torrents)
