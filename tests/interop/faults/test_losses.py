"""Pieces that are lost while somebody is served from them: peers are told (BEP 54), and believe it."""

from __future__ import annotations

import os
from typing import Any

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import KIB, MIB, Torrent, make
from tests.interop.daemon import WAIT
from tests.interop.faults.running import Injected, failing
from tests.interop.processes import until

SIZE = 2 * MIB
PIECES = 64
RATE = 512 * KIB
"""bytes per second: there is time to lose something"""


def _torrent(stage: Stage) -> Torrent:
    return make(stage.directory("origin"), {"content.bin": SIZE}, piece_size=SIZE // PIECES)


def test_libtorrent_is_told_what_cannot_be_read_any_more(stage: Stage) -> None:
    torrent, daemon, other = _torrent(stage), stage.run(Injected), stage.run(Libtorrent)
    daemon.add(torrent, torrent.origin, limits={"up": RATE})
    daemon.wait(torrent)
    other.add(torrent, stage.directory("target"))
    other.connect(torrent, daemon.peer_address)

    def pieces() -> int:
        return sum(peer["pieces"] for peer in other.peers(torrent))

    until(lambda: pieces() == PIECES and other.status(torrent)["done"], "it is under way", WAIT)
    with failing(daemon.pid, "preadv,preadv2:error=EIO", paths=[torrent.origin / torrent.name]):
        until(lambda: pieces() < PIECES, "libtorrent knows", WAIT)
    assert pieces() > 0, "the connection stays"
    assert daemon.get(torrent)["done"] < SIZE


def test_what_libtorrent_cannot_read_any_more_is_not_waited_for(stage: Stage) -> None:
    torrent, daemon, other = _torrent(stage), stage.run(Injected), stage.run(Libtorrent)
    other.add(torrent, torrent.origin, seed=True, upload_limit=2 * RATE)
    daemon.add(torrent, peers=[other.peer_address])

    def peer() -> dict[str, Any]:
        (found,) = daemon.rpc("torrent.peers", id=torrent.info_hash)["peers"]
        return dict(found)

    until(lambda: daemon.get(torrent)["done"], "it is under way", WAIT)
    assert peer()["progress"] == 1.0
    os.truncate(torrent.origin / torrent.name, SIZE // 2)
    until(lambda: peer()["progress"] < 1.0, "torrentd knows", WAIT)
    until(lambda: daemon.get(torrent)["left"] == round(SIZE * (1 - peer()["progress"])), "the rest is here", WAIT)
    until(lambda: not peer()["requests_out"], "nothing is asked of it any more", WAIT)
    assert not peer()["am_interested"]
