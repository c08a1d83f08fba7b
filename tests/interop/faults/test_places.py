"""A torrent with all places taken (BEP 40): who comes takes the place of an idle connection that is worth less."""

from __future__ import annotations

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import MIB, make
from tests.interop.daemon import WAIT
from tests.interop.faults.running import Injected
from tests.interop.processes import until
from torrentd.model.address import Address
from torrentd.policy.peers.priority import priority

SOON = {"values": {"torrentd.policy.peers.turnover:UNWANTED": 1.0}}
"""A connection that carries nothing may go after a second in place of a minute."""


def test_who_is_worth_more_takes_the_place_of_an_idle_seed_and_who_is_worth_less_does_not(stage: Stage) -> None:
    """The seeds give nothing, though it is wanted. (An attempt that is refused is made again every second.)"""
    torrent = make(stage.directory("origin"), {"content.bin": MIB})
    daemon = stage.run(Injected, faults=SOON, peers={"max_connections_per_torrent": 1})
    daemon.add(torrent)
    seeds = [stage.run(Libtorrent, unchoke_slots_limit=0, allowed_fast_set_size=0) for _ in range(3)]
    for seed in seeds:
        seed.add(torrent, torrent.origin, seed=True)
    worst, middle, best = sorted(seeds, key=lambda seed: _worth(daemon.host, seed.host))

    def seen(which: str) -> list[tuple[str, str]]:
        rows = daemon.rpc("torrent.peers", id=torrent.info_hash)[which]
        return [(row["address"].rpartition(":")[0], row.get("reason", "")) for row in rows]

    middle.connect(torrent, daemon.peer_address)
    until(lambda: seen("peers") == [(middle.host, "")], "there is a place", WAIT)
    best.connect(torrent, daemon.peer_address)
    until(lambda: seen("peers") == [(best.host, "")], "it took the place", WAIT)
    assert (middle.host, "a connection that is worth more takes its place") in seen("closed")
    worst.connect(torrent, daemon.peer_address)
    until(lambda: (worst.host, "too many connections") in seen("closed"), "it is refused", WAIT)
    assert seen("peers") == [(best.host, "")]


def _worth(here: str, there: str) -> int:
    return priority(Address(here, 1), Address(there, 1))
