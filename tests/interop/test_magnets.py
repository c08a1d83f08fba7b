"""Magnet links: the metadata fetched from each other client and by each, then the data, compared byte by byte."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha1
from typing import Any

import pytest

from tests.interop.clients.aria2 import Aria2
from tests.interop.clients.client import Client
from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.clients.qbittorrent import QBittorrent
from tests.interop.clients.transmission import Transmission
from tests.interop.conftest import Stage
from tests.interop.content import KIB, Torrent, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until
from torrentd.wire.metainfo import parse
from torrentd.wire.peer.metadata import PIECE

CLIENTS = (Libtorrent, Transmission, Aria2, QBittorrent)
PATIENT = 2 * WAIT
"""Some look for metadata every few seconds only."""


def with_long_names(stage: Stage, name: str) -> Torrent:
    """So that the metadata has several pieces."""
    files = {f"{name}/track {number:03} {'and so on ' * 8}.bin": 500 + number for number in range(500)}
    made = make(stage.directory(f"origin of {name}"), files, piece_size=16 * KIB)
    assert len(parse(made.metainfo).info) > 3 * 16 * KIB
    return made


@pytest.fixture
def torrent(stage: Stage) -> Torrent:
    return with_long_names(stage, "album")


def add_magnet(torrentd: Torrentd, torrent: Torrent, **params: Any) -> Any:
    return torrentd.rpc("torrent.add", magnet=torrent.link, **params)["torrent"]


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
def test_metadata_and_data_from_and_to(stage: Stage, torrentd: Torrentd, torrent: Torrent, kind: type[Client]) -> None:
    """A torrent each way at the same time."""
    theirs, target = with_long_names(stage, "theirs"), stage.directory("target")
    other = stage.run(kind)
    other.add(theirs, theirs.origin, seed=True)
    other.add_magnet(torrent, target)
    assert add_magnet(torrentd, theirs, peers=[other.peer_address])["state"] == "metadata"
    torrentd.add(torrent, torrent.origin, peers=[other.peer_address])
    torrentd.wait(theirs)
    assert_same(theirs, torrentd.downloads)
    until(lambda: other.is_complete(torrent), f"{kind.name} is complete", PATIENT)
    assert_same(torrent, target)


@pytest.mark.parametrize("count", [1, 2])
def test_metadata_that_fills_its_last_piece(stage: Stage, count: int) -> None:
    """From torrentd to libtorrent, and from there to another torrentd."""
    torrent = _padded(make(stage.directory("origin"), {"content.bin": 600 * KIB}, piece_size=16 * KIB), count * PIECE)
    seed, between, last = stage.run(Torrentd), stage.run(Libtorrent), stage.run(Torrentd)
    seed.add(torrent, torrent.origin)
    seed.wait(torrent)
    between.add_magnet(torrent, stage.directory("target"))
    between.connect(torrent, seed.peer_address)
    until(lambda: between.is_complete(torrent), "libtorrent is complete", WAIT)
    assert seed.stop() == 0
    add_magnet(last, torrent, peers=[between.peer_address])
    last.wait(torrent)
    assert_same(torrent, last.downloads)


def _padded(torrent: Torrent, size: int) -> Torrent:
    """The same content, under metadata of so many bytes."""
    info = parse(torrent.metainfo).info
    for padding in range(size - len(info)):
        padded = info[:-1] + b"7:x_extra%d:%se" % (padding, bytes(padding))
        if len(padded) == size:
            return replace(torrent, metainfo=b"d4:info%se" % padded, info_hash=sha1(padded).hexdigest())
    raise AssertionError(f"{len(info)} bytes cannot be made {size}")


def test_among_daemons_that_have_no_more_than_the_link(stage: Stage, torrent: Torrent) -> None:
    """One has everything; the second gets it, and the third from the second alone."""
    first, second, third = (stage.run(Torrentd) for _ in range(3))
    first.add(torrent, torrent.origin)
    first.wait(torrent)
    add_magnet(second, torrent, peers=[first.peer_address])
    second.wait(torrent)
    first.stop()
    add_magnet(third, torrent, peers=[second.peer_address])
    third.wait(torrent)
    assert_same(torrent, third.downloads)


def test_look_choose_and_restart(stage: Stage, torrentd: Torrentd, torrent: Torrent) -> None:
    seed = stage.run(Libtorrent)
    seed.add(torrent, torrent.origin, seed=True)
    looked = torrentd.rpc("torrent.inspect", magnet=torrent.link, peers=[seed.peer_address])
    assert (looked["id"], len(looked["files"])) == (torrent.info_hash, 500)
    assert torrentd.rpc("torrent.list")["torrents"] == []
    add_magnet(torrentd, torrent, files=[{"glob": "*", "priority": "skip"}, {"index": 3, "priority": "high"}])
    torrentd.restart()
    assert torrentd.get(torrent)["state"] == "metadata"
    torrentd.rpc("torrent.add_peers", id=torrent.info_hash, peers=[seed.peer_address])
    torrentd.wait(torrent)
    files = torrentd.rpc("torrent.files", id=torrent.info_hash)["files"]
    assert [row["index"] for row in files if row["priority"] != "skip"] == [3]
    assert files[3]["progress"] == 1.0
