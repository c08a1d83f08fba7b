"""kill -9, twenty times during one download: nothing is claimed that is not there, and little is done twice.

What is verified on the disk is found out by hashing the file, and what was hashed by the daemon by the bytes it read:
nothing here relies on the daemon's own word.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.interop.conftest import Stage
from tests.interop.content import MIB, Torrent
from tests.interop.daemon import WAIT
from tests.interop.faults.claims import claimed
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Seeder
from tests.interop.faults.running import Injected, bytes_read
from tests.interop.faults.trackers import answers
from tests.interop.faults.trackers.http import HttpTracker
from tests.interop.processes import until

SIZE = 256 * MIB
RATE = 20 * MIB
KILLS = 20
FIRST, LAST = 0.05, 0.95
"""of the content, verified, at the first and the last kill"""
LOST_SECONDS = 5.0
"""of verified work that one kill may cost"""
FETCHED_AGAIN = RATE / 2
"""bytes of unfinished pieces that a kill may cost"""
ANSWER = 2.0
"""Seconds from the start to the first answer"""
BUSY = 4
"""times as long as the first, empty start it may take where the machine is so busy that this is more"""


@dataclass
class Restart:
    """What one kill and restart came to."""

    lost: int
    """bytes of pieces that were on the disk and right, and are not claimed when checking is over"""
    answered: float
    """seconds"""
    hashed: int
    """bytes read from files, those of Python's modules subtracted"""


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_kill_during_a_download(stage: Stage, until_end: ExitStack) -> None:
    content = Computed(SIZE)
    seeder = until_end.enter_context(Seeder(content, rate=RATE))
    tracker = until_end.enter_context(HttpTracker(answers.peers(seeder.address)))
    torrent = content.torrent([tracker.url])
    daemon = stage.place(Injected)
    first_start, _ = start(daemon)
    imports = bytes_read(daemon.pid)
    daemon.add(torrent)

    restarts = []
    for number in range(KILLS):
        mark = int(SIZE * (FIRST + (LAST - FIRST) * number / (KILLS - 1)))
        done = until(lambda mark=mark: reached(daemon, torrent, mark), f"{mark} bytes are verified", WAIT)
        assert done < SIZE, "the download ended before the last kill"
        daemon.kill()
        on_disk = content.right_pieces(daemon.downloads / content.name)
        answered, have = start(daemon, torrent)
        assert have <= content.right_pieces(daemon.downloads / content.name), "a have bit is false"
        until(lambda: daemon.get(torrent)["state"] == "downloading", "the marked pieces are checked", WAIT)
        hashed = bytes_read(daemon.pid) - imports
        lost = len(on_disk - claimed(daemon, torrent)) * content.piece_size
        restarts.append(Restart(lost, answered, hashed))

    daemon.wait(torrent)
    assert len(content.right_pieces(daemon.downloads / content.name)) == content.piece_count
    for restart in restarts:
        assert restart.lost <= LOST_SECONDS * RATE, restart
        assert restart.hashed <= LOST_SECONDS * RATE + RATE, restart
        assert restart.answered <= max(ANSWER, BUSY * first_start), restart
    assert restarts[-1].hashed < SIZE / 2
    assert seeder.sent - SIZE < KILLS * FETCHED_AGAIN


def start(daemon: Injected, torrent: Torrent | None = None) -> tuple[float, set[int]]:
    """Seconds until the first answer; the pieces that the daemon claims then."""
    began = time.monotonic()
    daemon.start()
    answered = time.monotonic() - began
    have = set() if torrent is None else claimed(daemon, torrent)
    return answered, have


def reached(daemon: Injected, torrent: Torrent, mark: int) -> int:
    """The bytes that are verified, if it is as many as `mark`."""
    done: int = daemon.get(torrent)["done"]
    return done if done >= mark else 0
