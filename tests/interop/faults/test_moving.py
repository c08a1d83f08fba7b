"""kill -9 at any step of a move between file systems: the next start brings it to its end, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.conftest import Stage
from tests.interop.content import MIB, Torrent, make
from tests.interop.daemon import WAIT
from tests.interop.faults.running import Injected, failing, small_disk
from tests.interop.processes import until

FILES = {"content/a.bin": 3 * MIB + 5, "content/deep/b.bin": MIB, "content/c.txt": 17}

STEPS = (
    "pwritev2:signal=SIGKILL:when=2",
    "fsync:signal=SIGKILL:when=1",
    "linkat:signal=SIGKILL:when=4",
    "unlinkat:signal=SIGKILL:when=4",
    "unlinkat:signal=SIGKILL:when=8",
)
"""Where it dies: in a copy, before that is synced, at the naming of another, after it, among the old files. (A file is
linked in vain, copied, and named by a second link.)"""


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "other", "64m") as path:
        yield path


def settled(daemon: Injected, torrent: Torrent) -> str:
    """Where it is in the end."""
    row = until(lambda: (row := daemon.get(torrent))["state"] in ("seeding", "error") and row, "the move is over", WAIT)
    assert row["error"] is None
    assert row["progress"] == 1.0
    return str(row["download_dir"])


def files_in(*directories: Path) -> list[Path]:
    return [path for directory in directories for path in directory.rglob("*") if not path.is_dir()]


@pytest.mark.timeout(90)
def test_killed_at_every_step(stage: Stage, other_disk: Path) -> None:
    daemon = stage.run(Injected, storage={"hash_threads": 1, "min_free": 0})  # calls are counted by thread
    torrent = make(daemon.downloads, FILES)
    truth = stage.directory("truth")
    make(truth, FILES)
    daemon.add(torrent)
    daemon.wait(torrent)
    for step in STEPS:
        here = Path(settled(daemon, torrent))
        there = other_disk if here == daemon.downloads else daemon.downloads
        assert daemon.process is not None
        with failing(daemon.pid, step):
            daemon.rpc("torrent.move", ids=[torrent.info_hash], path=str(there))
            until(lambda: daemon.process.poll() is not None, f"it dies at {step}", WAIT)
        daemon.kill()
        daemon.start()
        place = Path(settled(daemon, torrent))
        assert place == there, step
        for name in FILES:
            assert (place / name).read_bytes() == (truth / name).read_bytes(), step
        until(lambda: len(files_in(daemon.downloads, other_disk)) == len(FILES), f"the old files go after {step}", WAIT)


def test_a_disk_that_is_too_small(stage: Stage, tmp_path: Path) -> None:
    daemon = stage.run(Injected, storage={"min_free": 0})
    torrent = make(daemon.downloads, FILES)
    daemon.add(torrent)
    daemon.wait(torrent)
    with small_disk(tmp_path / "small", "2m") as small:
        job = daemon.rpc("torrent.move", ids=[torrent.info_hash], path=str(small))["job"]
        ended = until(lambda: (row := daemon.rpc("job.get", job=job)["job"])["ended_at"] and row, "it fails", WAIT)
        assert (ended["state"], ended["error"]["code"]) == ("failed", "disk_full")
        assert files_in(small) == []
        assert settled(daemon, torrent) == str(daemon.downloads)
