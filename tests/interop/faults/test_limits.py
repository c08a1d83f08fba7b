"""What a machine and its peers can press on: descriptors, memory, a slow disk. RPC answers, and use stays bounded."""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack

import pytest

from tests.interop.conftest import Stage
from tests.interop.content import MIB
from tests.interop.daemon import Torrentd
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Caller, Hoarder, Leecher, Seeder
from tests.interop.faults.running import Injected, cpu_seconds, failing, resident
from tests.interop.processes import until
from torrentd.rpc.client import Client, UnixEndpoint

DESCRIPTORS = 64
IDLE_CPU = 0.3
"""of a core, at most, while nothing can be done"""
WATCH = 2.0
"""Seconds over which it is measured"""
ANSWER = 0.5
"""Seconds for an RPC call, on a busy machine; the promise is 0.2"""

HOARDERS = 200
REQUESTS = 450
"""of each hoarder: 7 MiB, within what it may ask"""
PER_HOARDER = 300 * 1024
"""bytes of memory: the send buffer of 256 KiB and the connection itself"""
SLACK = 32 * MIB
"""for the interpreter's own memory, which grows in steps"""

DISK_QUEUE = 32 * MIB
SLOW_WRITE = 1_000_000
"""microseconds that each write takes longer"""


def answer_time(daemon: Torrentd) -> float:
    began = time.monotonic()
    daemon.rpc("torrent.list", fields=["id", "state", "progress"])
    return time.monotonic() - began


def test_out_of_descriptors(stage: Stage, until_end: ExitStack) -> None:
    """Peers come until there are no descriptors left: accepting rests, and what is there goes on."""
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        pytest.skip("prlimit is not installed")
    content = Computed(8 * MIB)
    seeder = until_end.enter_context(Seeder(content, rate=2 * MIB))
    daemon = stage.run(Injected, prefix=[prlimit, f"--nofile={DESCRIPTORS}"])
    torrent = content.torrent()
    daemon.add(torrent, peers=[seeder.address])
    until(lambda: daemon.get(torrent)["done"] > 0, "it is under way", 5)
    others = Computed(MIB, seed=2, name="other.bin").torrent()
    callers = until_end.enter_context(ExitStack())
    refused = 0
    for number in range(DESCRIPTORS):
        try:
            callers.enter_context(Caller(content, daemon.peer_address, f"127.0.8.{number}", patience=0.3))
        except OSError:
            refused += 1
        if refused > 2:
            break
    assert refused, "there were descriptors for all"
    until(lambda: "not accepting peers" in daemon.whole_log(), "accepting rests", 5)
    daemon.wait(torrent)
    assert len(content.right_pieces(daemon.downloads / content.name)) == content.piece_count
    before = cpu_seconds(daemon.pid)
    time.sleep(WATCH)
    assert (cpu_seconds(daemon.pid) - before) / WATCH < IDLE_CPU
    with Client(UnixEndpoint(str(daemon.folder / "rpc.sock"))) as newcomer:
        assert newcomer.call("daemon.status")["connections"] > 0
    daemon.add(others)  # the database works, too
    callers.close()
    until(lambda: daemon.rpc("daemon.status")["connections"] <= 1, "the others are gone", 5)
    leecher = until_end.enter_context(Leecher(content, daemon.peer_address, "127.0.7.1"))
    leecher.fetch(range(content.piece_count))
    log = daemon.whole_log()
    assert "a bug of ours" not in log
    assert "Traceback" not in log
    assert daemon.stop() == 0


@pytest.mark.slow
def test_many_who_ask_for_everything_and_read_nothing(stage: Stage, until_end: ExitStack) -> None:
    content = Computed(32 * MIB)
    peers = {
        "max_connections": HOARDERS + 50,
        "max_connections_per_torrent": HOARDERS + 50,
        "upload_slots": HOARDERS + 50,
    }
    daemon = stage.run(Injected, peers=peers, log={"level": "info"})
    content.write(daemon.downloads / content.name)
    torrent = content.torrent()
    daemon.add(torrent)
    daemon.wait(torrent)
    before = resident(daemon.pid)
    hoarders = [
        until_end.enter_context(Hoarder(content, daemon.peer_address, f"127.0.8.{number}"))
        for number in range(HOARDERS)
    ]
    for hoarder in hoarders:
        hoarder.ask(REQUESTS)
    time.sleep(WATCH)
    grown = resident(daemon.pid) - before
    assert grown < HOARDERS * PER_HOARDER + SLACK
    assert answer_time(daemon) < ANSWER
    with Leecher(content, daemon.peer_address, "127.0.7.1") as leecher:
        leecher.fetch(range(content.piece_count))  # whoever reads is served
    used = cpu_seconds(daemon.pid)
    time.sleep(WATCH)
    assert (cpu_seconds(daemon.pid) - used) / WATCH < IDLE_CPU, "it spins on sockets that take nothing"


@pytest.mark.slow
def test_a_slow_disk(stage: Stage, until_end: ExitStack) -> None:
    """Writing takes long: peers are held back, memory does not grow, RPC answers, nobody is blamed."""
    content = Computed(128 * MIB, piece_size=MIB)
    seeder = until_end.enter_context(Seeder(content))
    daemon = stage.run(Injected, storage={"disk_queue": DISK_QUEUE}, log={"level": "info"})
    torrent = content.torrent()
    before = resident(daemon.pid)
    writes = "pwritev,pwritev2"
    with failing(daemon.pid, f"{writes}:delay_enter={SLOW_WRITE}", paths=[daemon.downloads / content.name]):
        daemon.add(torrent, peers=[seeder.address])
        most, longest = 0, 0.0
        end = time.monotonic() + 5.0
        while time.monotonic() < end:
            longest = max(longest, answer_time(daemon))
            most = max(most, resident(daemon.pid) - before)
            time.sleep(0.05)
        row = daemon.get(torrent)
        assert row["done"] < content.size, "the disk was not slow"
        assert seeder.sent - row["done"] < DISK_QUEUE + SLACK
        assert most < DISK_QUEUE + SLACK
        assert longest < ANSWER
    daemon.wait(torrent)
    closed = daemon.rpc("torrent.peers", id=torrent.info_hash)["closed"]
    assert [row["reason"] for row in closed] in ([], ["neither wants anything"])
    assert len(content.right_pieces(daemon.downloads / content.name)) == content.piece_count
