"""Other clients tell torrentd of peers, and believe what it tells them (BEP 11)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.clients.aria2 import Aria2
from tests.interop.clients.client import Client
from tests.interop.clients.qbittorrent import QBittorrent
from tests.interop.clients.transmission import Transmission
from tests.interop.conftest import Stage
from tests.interop.content import KIB, MIB, Torrent, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until

PEX = {"discovery": {"dht": False, "pex": True, "lsd": False}}
TOLD = 2 * WAIT
"""Seconds in which all was told and dialled, on a busy machine."""


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (Transmission, {"clock": 20, "pex_enabled": True}),  # it tells 90 seconds after it was met
        (Aria2, {"clock": 3, "enable_peer_exchange": "true"}),  # every 60; it leaves who is idle for 30
        (QBittorrent, {"PeXEnabled": "true"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_each_tells_the_other_of_a_peer(lan: Stage, kind: type[Client], settings: dict[str, Any]) -> None:
    """A seed that gives little knows the other client only, one that has nothing knows torrentd only."""
    torrent = make(lan.directory("origin"), {"content.bin": MIB})
    other, daemon = lan.run(kind, **settings), lan.run(Torrentd, **PEX)
    seed, leech = lan.run(Torrentd), lan.run(Torrentd)
    other.add(torrent, lan.directory("target"))
    seed.add(torrent, torrent.origin, peers=[other.peer_address], limits={"up": 10 * KIB})
    daemon.add(torrent, peers=[other.peer_address])
    leech.add(torrent, peers=[daemon.peer_address])
    until(lambda: (seed.peer_address, "pex") in _peers(daemon, torrent), "torrentd has dialled the seed", TOLD)
    until(lambda: other.host in _hosts(leech, torrent), f"{kind.name} has dialled the leech", TOLD)


def _hosts(daemon: Torrentd, torrent: Torrent) -> set[str]:
    return {address.rpartition(":")[0] for address, _ in _peers(daemon, torrent)}


def _peers(daemon: Torrentd, torrent: Torrent) -> set[tuple[str, str]]:
    """Where they are, and how they were found."""
    rows = daemon.rpc("torrent.peers", id=torrent.info_hash)["peers"]
    return {(row["address"], row["source"]) for row in rows}
