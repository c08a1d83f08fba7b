from __future__ import annotations

import os
import subprocess
import sys

import pytest
from twisted.logger import Logger

from torrentd.simulate.internet.links import Link
from torrentd.simulate.swarm import SimulationError, Swarm

KIB = 1024
SCRIPT = "from tests.simulate.test_swarm import small_swarm; print(small_swarm(7))"


def small_swarm(seed: int) -> str:
    """A seed and five leeches, over HTTP and UDP trackers, to the end; the digest."""
    swarm = Swarm(seed)
    tracker = swarm.tracker()
    torrent = swarm.torrent(1024 * KIB, 32 * KIB, tiers=[[tracker.http], [tracker.udp]])
    swarm.node("seed", Link(up=400e3)).seed(torrent)
    swarm.run(0.5)
    leeches = [swarm.node(f"leech{number}", Link(up=200e3, loss=0.001)) for number in range(5)]
    for leech in leeches:
        leech.add(torrent)
    swarm.run_until(lambda: all(leech.has_all(torrent) for leech in leeches), limit=60)
    swarm.stop()
    return swarm.digest()


def test_the_same_seed_gives_the_same_trace() -> None:
    assert small_swarm(1) == small_swarm(1)


def test_another_seed_gives_another_trace() -> None:
    assert small_swarm(1) != small_swarm(2)


def test_the_trace_does_not_depend_on_hash_seeds() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert digests == {small_swarm(7) + "\n"}


def test_a_run_that_does_not_get_there_shows_its_end_and_its_seed() -> None:
    swarm = Swarm(seed=12345)
    swarm.node("lonely").add(swarm.torrent(256 * KIB))
    with pytest.raises(SimulationError) as caught:
        swarm.run_until(lambda: False, limit=5)
    assert "not done after 5 s" in str(caught.value)
    assert "start       lonely" in str(caught.value)
    assert "--sim-seed 12345" in str(caught.value)


def test_a_bug_that_was_logged_ends_the_run() -> None:
    swarm = Swarm(seed=1)
    swarm.clock.at(1.0, Logger().critical, "something is very wrong")
    with pytest.raises(SimulationError, match="something is very wrong"):
        swarm.run(2)


def test_a_failure_in_a_timer_ends_the_run() -> None:
    swarm = Swarm(seed=1)
    node = swarm.node("node")
    node.machine.reactor.callLater(1, lambda: 1 / 0)
    with pytest.raises(SimulationError, match="ZeroDivisionError"):
        swarm.run(2)


def test_what_is_left_behind_is_found() -> None:
    swarm = Swarm(seed=1)
    node = swarm.node("node")
    swarm.run(1)
    node.machine.reactor.callLater(1000, print)
    with pytest.raises(SimulationError, match="node has <Call of print at 1001"):
        swarm.stop()


def test_what_a_clean_stop_did_not_settle_is_found_and_after_a_crash_nothing_is_expected() -> None:
    for crash in (False, True):
        swarm = Swarm(seed=1)
        node = swarm.node("node")
        swarm.run(1)
        node.daemon.connections.fleet.half_open += 1
        if crash:
            node.crash()
            swarm.stop()
        else:
            with pytest.raises(SimulationError, match="node has half_open: 1"):
                swarm.stop()


def test_bytes_that_do_not_add_up_are_found() -> None:
    swarm = Swarm(seed=1)
    swarm.internet.ledger.sent += 1
    with pytest.raises(SimulationError, match="1 bytes were sent"):
        swarm.stop()
