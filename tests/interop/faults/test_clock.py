"""The wall clock steps by an hour, either way: no timer of ours notices, and no tracker is announced to for it."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.interop.conftest import Stage
from tests.interop.content import MIB
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Caller, Seeder
from tests.interop.faults.running import Injected, cpu_seconds
from tests.interop.faults.trackers import answers
from tests.interop.faults.trackers.http import HttpTracker
from tests.interop.processes import until

HOUR = 3600
WATCH = 6.0
"""Seconds after the step: longer than the time between two flushes"""
FLUSH = 5.0
INTERVAL = 1800
"""Seconds between announces, as the tracker wants it"""
BUSY = 0.5
"""of a core, at most, after the step"""


@pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_step(stage: Stage, until_end: ExitStack, step: int) -> None:
    content, other = Computed(24 * MIB), Computed(MIB, seed=2, name="other.bin")
    seeder = until_end.enter_context(Seeder(content, rate=2 * MIB))
    tracker = until_end.enter_context(HttpTracker(answers.peers(seeder.address, interval=INTERVAL)))
    clock = stage.folder / "clock"
    daemon = stage.run(Injected, faults={"clock": str(clock)})
    torrent, idle = content.torrent([tracker.url]), other.torrent([tracker.url])
    other.write(daemon.downloads / other.name)
    for each in (torrent, idle):
        daemon.add(each)
    daemon.wait(idle)
    caller = until_end.enter_context(Caller(other, daemon.peer_address, "127.0.7.1"))
    caller.until_unchoked()
    until(lambda: daemon.get(torrent)["done"] > 2 * MIB, "it is under way", 10)
    heard, uptime, used = len(tracker.announces.all), daemon.rpc("daemon.status")["uptime"], cpu_seconds(daemon.pid)
    before = daemon.get(torrent)

    clock.write_text(str(step))
    until(lambda: daemon.rpc("torrent.wait", ids=[torrent.info_hash], timeout=1)["pending"], "a timer fires", 3)
    time.sleep(WATCH - 1)

    after, status = daemon.get(torrent), daemon.rpc("daemon.status")
    assert len(tracker.announces.all) == heard, "trackers were announced to"
    assert WATCH - 2 < status["uptime"] - uptime < WATCH + 10
    assert (cpu_seconds(daemon.pid) - used) / WATCH < BUSY
    assert status["connections"] == 2, "peers were lost"
    assert after["done"] - before["done"] > WATCH * MIB, "the download stood still"
    assert after["peers"]["connected"] == 1
    rows = [daemon.rpc("torrent.trackers", id=each.info_hash)["trackers"][0] for each in (torrent, idle)]
    for row in rows:  # what is shown follows the wall clock
        assert row["last_at"] < time.time() + step < row["next_at"] <= row["last_at"] + INTERVAL + 5
    # the flushes went on: little is lost in a kill -9
    daemon.kill()
    daemon.start()
    kept = until(lambda: daemon.get(torrent)["state"] == "downloading" and daemon.get(torrent), "it goes on", 10)
    assert kept["done"] >= after["done"] - FLUSH * 2 * MIB
    assert daemon.stop() == 0
    assert "Traceback" not in daemon.whole_log()
