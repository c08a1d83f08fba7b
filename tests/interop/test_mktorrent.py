"""A folder that mktorrent described, moved between libtorrent and torrentd."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.clients.mktorrent import mktorrent
from tests.interop.conftest import Stage
from tests.interop.content import KIB, Torrent, assert_same
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import PYTHON, until

PIECE_POWER = 15
"""mktorrent takes the piece size as a power of 2"""
TRACKER = "http://127.0.0.1:9/announce"
"""nobody listens on the discard port"""


@pytest.fixture
def torrent(stage: Stage) -> Torrent:
    folder = stage.directory("origin") / "A folder"
    luck = random.Random(7)
    for number in range(25):
        path = folder / f"part {number % 4}" / f"{number:03} ünïcödé.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(luck.randbytes(number * 17 * KIB + number))
    return mktorrent(
        folder, stage.folder / "folder.torrent", "-l", str(PIECE_POWER), "-a", TRACKER, "-p", "-c", "hello"
    )


def test_download(stage: Stage, torrentd: Torrentd, torrent: Torrent) -> None:
    seed = stage.run(Libtorrent)
    seed.add(torrent, torrent.origin, seed=True)
    row = torrentd.add(torrent, peers=[seed.peer_address])
    assert (row["id"], row["name"], row["size"], row["private"]) == (
        torrent.info_hash,
        torrent.name,
        torrent.size,
        True,
    )
    assert row["piece_size"] == 2**PIECE_POWER
    torrentd.wait(torrent)
    assert_same(torrent, torrentd.downloads)


def test_seed(stage: Stage, torrentd: Torrentd, torrent: Torrent) -> None:
    torrentd.add(torrent, torrent.origin)
    torrentd.wait(torrent)
    leech = stage.run(Libtorrent)
    target = stage.directory("target")
    leech.add(torrent, target)
    leech.connect(torrent, torrentd.peer_address)
    until(lambda: leech.is_complete(torrent), "libtorrent is complete", WAIT)
    assert_same(torrent, target)


def test_inspect(stage: Stage, torrent: Torrent) -> None:
    facts = inspect(stage.folder / "folder.torrent")
    assert (facts["id"], facts["size"], facts["private"]) == (torrent.info_hash, torrent.size, True)
    assert facts["trackers"] == [[TRACKER]]
    assert {file["path"]: file["size"] for file in facts["files"]} == {
        str(path.relative_to(torrent.origin)): path.stat().st_size for path in torrent.origin.rglob("*.bin")
    }


def inspect(path: Path) -> dict[str, Any]:
    torrentctl = [PYTHON, "-c", "from torrentd.cli.main import main; main()"]
    done = subprocess.run([*torrentctl, "inspect", "--json", path], check=True, capture_output=True, timeout=WAIT)
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts
