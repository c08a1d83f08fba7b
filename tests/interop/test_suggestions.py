"""Pieces that an initial seed would like to be asked for (BEP 6)."""

from __future__ import annotations

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import KIB, MIB, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until

RATE = 512 * KIB


def test_libtorrent_picks_among_what_an_initial_seed_suggests(stage: Stage) -> None:
    """Near the end, when what is left has left the seed once. (libtorrent counts its looks, and not the messages.)"""
    torrent = make(stage.directory("origin"), {"content.bin": 6 * MIB}, piece_size=32 * KIB)
    seed = stage.run(Torrentd)
    seed.add(torrent, torrent.origin, limits={"up": RATE})
    seed.wait(torrent)
    # all run before one begins: what one has alone is never suggested
    leeches = [stage.run(Libtorrent) for _ in range(3)]
    for number, leech in enumerate(leeches):
        leech.add(torrent, stage.directory(f"target{number}"))
    for number, leech in enumerate(leeches):
        for other in (seed, *leeches[:number]):
            leech.connect(torrent, other.peer_address)

    def looks() -> int:
        return sum(leech.counters()["picker.piece_picker_suggest_loops"] for leech in leeches)

    until(looks, "somebody was told", WAIT)
