"""One torrent between torrentd and each other client, in both directions, compared byte by byte."""

from __future__ import annotations

import pytest

from tests.interop.clients.aria2 import Aria2
from tests.interop.clients.client import Client
from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.clients.qbittorrent import QBittorrent
from tests.interop.clients.transmission import Transmission
from tests.interop.conftest import Stage
from tests.interop.content import KIB, MIB, Torrent, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until

CLIENTS = (Libtorrent, Transmission, Aria2, QBittorrent)
DIALLING = tuple(client for client in CLIENTS if client.can_dial)
SIZE = 12 * MIB + 4321
"""an odd size: the last piece and its last block are short"""


@pytest.fixture
def torrent(stage: Stage) -> Torrent:
    return make(stage.directory("origin"), {"content.bin": SIZE})


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
def test_from_and_to(stage: Stage, torrentd: Torrentd, torrent: Torrent, kind: type[Client]) -> None:
    """A torrent each way at the same time: Transmission decides every ten seconds whom it wants something of."""
    theirs, target = make(stage.directory("theirs"), {"theirs.bin": SIZE}), stage.directory("target")
    other = stage.run(kind)
    other.add(theirs, theirs.origin, seed=True)
    other.add(torrent, target)
    torrentd.add(theirs, peers=[other.peer_address])
    torrentd.add(torrent, torrent.origin, peers=[other.peer_address])

    torrentd.wait(theirs)
    assert_same(theirs, torrentd.downloads)
    row = torrentd.get(theirs)
    assert (row["state"], row["progress"], row["left"]) == ("seeding", 1.0, 0)
    assert row["downloaded"] - row["wasted"] >= SIZE
    assert row["uploaded"] == 0

    until(lambda: other.is_complete(torrent), f"{kind.name} is complete", WAIT)
    assert_same(torrent, target)
    row = torrentd.get(torrent)
    assert row["state"] == "seeding"
    assert row["downloaded"] == 0
    assert row["uploaded"] >= SIZE


@pytest.mark.parametrize("kind", DIALLING, ids=lambda kind: kind.name)
def test_seed_to_one_that_dials_us(stage: Stage, torrentd: Torrentd, torrent: Torrent, kind: type[Client]) -> None:
    torrentd.add(torrent, torrent.origin)
    torrentd.wait(torrent)
    other = stage.run(kind)
    target = stage.directory("target")
    other.add(torrent, target)
    other.connect(torrent, torrentd.peer_address)
    until(lambda: other.is_complete(torrent), f"{kind.name} is complete", WAIT)
    assert_same(torrent, target)


def test_many_files_and_small_pieces(stage: Stage, torrentd: Torrentd) -> None:
    """Pieces across files, files inside a piece, empty files, folders."""
    files = {f"album/disc {n % 3}/track {n:02}.bin": 1 + n * 9973 for n in range(40)}
    files |= {"album/empty": 0, "album/disc 1/a/b/c/deep": 1, "album/ünïcödé 映画": 70_000}
    torrent = make(stage.directory("origin"), files, piece_size=32 * KIB)
    seed = stage.run(Libtorrent)
    seed.add(torrent, torrent.origin, seed=True)
    torrentd.add(torrent, peers=[seed.peer_address])
    torrentd.wait(torrent)
    assert_same(torrent, torrentd.downloads)


def test_one_leech_from_all_kinds_at_once(stage: Stage, torrentd: Torrentd, torrent: Torrent) -> None:
    seeds: list[Client] = [stage.run(kind) for kind in CLIENTS]
    for seed in seeds:
        seed.add(torrent, torrent.origin, seed=True)
    torrentd.add(torrent, peers=[seed.peer_address for seed in seeds])
    torrentd.wait(torrent)
    assert_same(torrent, torrentd.downloads)
