"""Peers that lie: the download completes, and the liar is out after two bad pieces at most."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tests.interop.content import MIB, Torrent
from tests.interop.daemon import Torrentd
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Corrupter, Seeder, Silent
from tests.interop.processes import until

SIZE = 16 * MIB
RATE = 4 * MIB
"""of each peer, so that all have a share, and a piece takes its time"""
BAD_PIECES = 2
UNDER_WAY = 1
"""as much as the liar sends, of whichever pieces, while the last bad one is hashed"""


def closed(torrentd: Torrentd, torrent: Torrent, address: str) -> list[str]:
    """Why connections with that peer ended."""
    rows: list[dict[str, Any]] = torrentd.rpc("torrent.peers", id=torrent.info_hash)["closed"]
    return [row["reason"] for row in rows if row["address"] == address]


def banned(torrentd: Torrentd, torrent: Torrent, address: str) -> Callable[[], bool]:
    return lambda: any(reason.startswith("banned: ") for reason in closed(torrentd, torrent, address))


@pytest.mark.parametrize("good_peers", [1, 3])
def test_a_liar_beside_good_peers(torrentd: Torrentd, until_end: ExitStack, good_peers: int) -> None:
    content = Computed(SIZE)
    liar = until_end.enter_context(Corrupter(content, "127.0.6.1", RATE, peer_id=b"-XX0001-scriptedliar"))
    good = [
        until_end.enter_context(
            Seeder(content, f"127.0.6.{2 + number}", RATE, peer_id=b"-XX0001-goodseed%04d" % number)
        )
        for number in range(good_peers)
    ]
    torrent = content.torrent()
    torrentd.add(torrent, peers=[liar.address, *(peer.address for peer in good)])
    until(banned(torrentd, torrent, liar.address), "the liar is banned", 20)
    torrentd.wait(torrent)
    assert len(content.right_pieces(torrentd.downloads / content.name)) == content.piece_count
    assert not any(banned(torrentd, torrent, peer.address)() for peer in good)
    row = torrentd.get(torrent)
    assert liar.served.total() <= (BAD_PIECES + UNDER_WAY) * content.piece_size
    assert row["downloaded"] - row["wasted"] == SIZE
    assert len(liar.connections) == 2, "an attempt that is encrypted and one in plain; a banned peer was dialled again"


def test_a_liar_alone(torrentd: Torrentd, until_end: ExitStack) -> None:
    """Nobody else had a share: the first bad piece is enough. What it sent is claimed by nobody."""
    content = Computed(4 * MIB)
    liar = until_end.enter_context(Corrupter(content, "127.0.6.1", RATE, peer_id=b"-XX0001-scriptedliar"))
    torrent = content.torrent()
    torrentd.add(torrent, peers=[liar.address])
    until(banned(torrentd, torrent, liar.address), "the liar is banned", 10)
    row = torrentd.get(torrent)
    assert (row["done"], row["state"]) == (0, "downloading")
    assert 0 < row["wasted"] <= BAD_PIECES * content.piece_size
    seeder = until_end.enter_context(Seeder(content, "127.0.6.2"))
    torrentd.rpc("torrent.add_peers", id=torrent.info_hash, peers=[seeder.address])
    torrentd.wait(torrent)


def test_silent_peers_delay_nobody(torrentd: Torrentd, until_end: ExitStack) -> None:
    content = Computed(SIZE)
    silent = [
        until_end.enter_context(Silent(content, f"127.0.6.{10 + number}", b"-XX0001-hush%08d" % number))
        for number in range(30)
    ]
    seeder = until_end.enter_context(Seeder(content, "127.0.6.1"))
    torrent = content.torrent()
    torrentd.add(torrent, peers=[*(peer.address for peer in silent), seeder.address])
    torrentd.wait(torrent, seconds=10)
    assert seeder.sent == SIZE
