"""Who dials by uTP first, as clients do by default, is told at once that it must be TCP."""

from __future__ import annotations

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import KIB, make
from tests.interop.daemon import Torrentd


def test_a_libtorrent_that_dials_by_utp(stage: Stage) -> None:
    torrent = make(stage.directory("origin"), {"content.bin": 300 * KIB}, piece_size=64 * KIB)
    seed = stage.run(Libtorrent, enable_outgoing_utp=True)
    seed.add(torrent, torrent.origin, seed=True)
    daemon = stage.run(Torrentd)
    daemon.add(torrent)
    seed.connect(torrent, daemon.peer_address)
    daemon.wait(torrent)
    counters = seed.counters()
    assert counters["utp.utp_packets_in"] == 1
    assert counters["peer.transport_timeout_peers"] == counters["utp.utp_timeout"] == 0
