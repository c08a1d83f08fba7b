"""A swarm that has no IPv4 at all."""

from __future__ import annotations

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import MIB, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until

V6 = {"network": {"listen": ["[::1]:0"], "bind_address": "::1"}}


def test_a_swarm_over_ipv6_only(stage: Stage) -> None:
    torrent = make(stage.directory("origin"), {"content.bin": 4 * MIB + 1})
    seed = stage.run(Torrentd, **V6)
    seed.add(torrent, torrent.origin)
    seed.wait(torrent)
    assert seed.peer_address.startswith("[::1]:")

    other, target = (
        stage.run(Libtorrent, listen_interfaces="[::1]:0", outgoing_interfaces="::1"),
        stage.directory("target"),
    )
    other.add(torrent, target)
    other.connect(torrent, seed.peer_address)
    leeches = [stage.run(Torrentd, **V6), stage.run(Torrentd, **V6)]
    for leech, peer in zip(leeches, [seed, leeches[0]], strict=True):
        leech.add(torrent, peers=[peer.peer_address])

    for leech in leeches:
        leech.wait(torrent)
        assert_same(torrent, leech.downloads)
        assert all(
            row["address"].startswith("[::1]:") for row in leech.rpc("torrent.peers", id=torrent.info_hash)["peers"]
        )
    until(lambda: other.is_complete(torrent), "libtorrent is complete", WAIT)
    assert_same(torrent, target)
