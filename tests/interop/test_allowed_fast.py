"""Pieces that a choked peer may ask for (BEP 6), from libtorrent and to libtorrent."""

from __future__ import annotations

from typing import Any

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import KIB, Torrent, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until
from torrentd.policy.picking.allowed_fast import MOST

PIECE = 64 * KIB
PIECES = 60
THEIRS = 5
"""Pieces that libtorrent allows"""


def _torrent(stage: Stage) -> Torrent:
    return make(stage.directory("origin"), {"content.bin": PIECES * PIECE}, piece_size=PIECE)


def _peers(daemon: Torrentd, torrent: Torrent) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.rpc("torrent.peers", id=torrent.info_hash)["peers"]
    return found


def test_from_a_libtorrent_that_unchokes_nobody(stage: Stage) -> None:
    torrent = _torrent(stage)
    seed = stage.run(Libtorrent, unchoke_slots_limit=0)
    seed.add(torrent, torrent.origin, seed=True)
    daemon = stage.run(Torrentd)
    daemon.add(torrent, peers=[seed.peer_address])
    until(lambda: daemon.get(torrent)["done"] >= THEIRS * PIECE, "torrentd has what it was allowed", WAIT)
    counters = seed.counters()
    assert counters["ses.num_outgoing_allowed_fast"] == THEIRS
    assert counters["ses.num_outgoing_unchoke"] == 0
    assert counters["ses.num_outgoing_piece"] == THEIRS * PIECE // (16 * KIB)
    [peer] = _peers(daemon, torrent)
    assert peer["peer_choking"]


def test_to_a_libtorrent_while_another_has_the_only_slot(stage: Stage) -> None:
    """The first takes little at a time, so that it keeps the slot. (An initial seed allows nothing: hence the seed.)"""
    torrent = _torrent(stage)
    seed = stage.run(Libtorrent)
    seed.add(torrent, torrent.origin, seed=True)
    daemon = stage.run(Torrentd, peers={"upload_slots": 1})
    daemon.add(torrent, peers=[seed.peer_address])
    daemon.wait(torrent)
    first, second = stage.run(Libtorrent, download_rate_limit=20_000), stage.run(Libtorrent)
    first.add(torrent, stage.directory("first"))
    first.connect(torrent, daemon.peer_address)
    until(lambda: first.counters()["ses.num_incoming_unchoke"], "the first has the slot", WAIT)
    second.add(torrent, stage.directory("second"))
    second.connect(torrent, daemon.peer_address)
    until(lambda: second.status(torrent)["done"] >= MOST * PIECE, "the second has what it was allowed", WAIT)
    counters = second.counters()
    assert counters["ses.num_incoming_unchoke"] == 0
    assert counters["ses.num_incoming_piece"] == MOST * PIECE // (16 * KIB)
    choked = {peer["uploaded"]: peer["am_choking"] for peer in _peers(daemon, torrent)}
    assert choked[MOST * PIECE] and not all(choked.values())
