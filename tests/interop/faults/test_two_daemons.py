"""One daemon per state directory: the second one says who has it, and leaves everything alone."""

from __future__ import annotations

import subprocess

import pytest

from tests.interop.conftest import Stage
from tests.interop.content import MIB
from tests.interop.daemon import Torrentd
from tests.interop.faults.content import Computed
from tests.interop.processes import PYTHON

END = 10.0
"""Seconds that the second one may take to give up"""


def second(daemon: Torrentd) -> subprocess.CompletedProcess[str]:
    """Start another one with the same configuration."""
    config = daemon.folder / "config.toml"
    command = [PYTHON.parent / "twistd", "--nodaemon", "torrentd", "--config", config]
    return subprocess.run(command, capture_output=True, text=True, timeout=END, cwd=daemon.folder, check=False)


def test_the_second_names_the_first_and_exits(torrentd: Torrentd) -> None:
    torrent = Computed(MIB).torrent()
    torrentd.add(torrent)
    assert torrentd.process is not None
    pid = torrentd.process.pid
    result = second(torrentd)
    assert result.returncode == 1
    assert str(pid) in result.stderr
    assert str(torrentd.folder / "state") in result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    # the first one is not disturbed, its socket included
    assert torrentd.rpc("daemon.status")["pid"] == pid
    assert torrentd.rpc("daemon.status")["torrents"]["total"] == 1
    assert torrentd.stop() == 0


@pytest.mark.parametrize("times", [2])
def test_what_a_killed_one_left_behind_is_no_lock(stage: Stage, times: int) -> None:
    torrentd = stage.run(Torrentd)
    for _ in range(times):
        torrentd.kill()
        assert (torrentd.folder / "state" / "lock").read_text().strip().isdigit()
        assert (torrentd.folder / "rpc.sock").exists()
        torrentd.start()
        assert torrentd.process is not None
        assert torrentd.rpc("daemon.status")["pid"] == torrentd.process.pid
