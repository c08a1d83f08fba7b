"""Other clients on one network find torrentd by multicast alone, and are found (BEP 14).

All take nothing but encrypted connections, which only who dials begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop.clients.aria2 import Aria2
from tests.interop.clients.client import Client
from tests.interop.clients.qbittorrent import QBittorrent
from tests.interop.clients.transmission import Transmission
from tests.interop.conftest import Stage
from tests.interop.content import KIB, MIB, Torrent, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.lan.bystander import Bystander
from tests.interop.lan.network import HERE
from tests.interop.processes import until

OURS = {"discovery": {"dht": False, "pex": False, "lsd": True}, "peers": {"encryption": "require"}}
SLOW = {"up": 16 * KIB}
"""so that they are still connected when somebody looks"""
CLOCK = 5
"""Transmission is deaf for its first five seconds, and dials every few seconds only, as does aria2."""


@pytest.fixture
def bystander(lan: Stage) -> Iterator[Bystander]:
    made = Bystander(HERE)
    yield made
    made.leave()


@pytest.mark.parametrize(
    ("kind", "settings", "times"),
    [
        (Transmission, {"clock": CLOCK, "lpd_enabled": True, "encryption": 2}, 1),
        (Aria2, {"clock": CLOCK, "bt_enable_lpd": "true", "bt_force_encryption": "true"}, 1),
        (QBittorrent, {"LSDEnabled": "true", "Encryption": 1}, 3),  # it says it three times, then not for long
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_finds_and_is_found(
    lan: Stage, bystander: Bystander, kind: type[Client], settings: dict[str, Any], times: int
) -> None:
    """Of each torrent one announces what the other had announced before: who hears it dials. torrentd has more to tell
    at that time."""
    daemon, other = lan.run(Torrentd, **OURS), lan.run(kind, **settings)
    ours, theirs = (make(lan.directory(name), {f"{name}.bin": MIB}) for name in ("ours", "theirs"))
    daemon.add(ours, ours.origin, limits=SLOW)
    other.add(theirs, lan.directory("target of theirs"))
    until(lambda: bystander.heard(daemon.host, ours), "torrentd has announced its torrent", WAIT)
    until(lambda: bystander.heard(other.host, theirs) == times, f"{kind.name} has announced its torrent", WAIT)
    other.add(ours, lan.directory("target of ours"))
    for number in range(4):
        daemon.add(make(lan.directory(f"more{number}"), {f"{number}.bin": KIB}, seed=number))
    daemon.add(theirs, theirs.origin, limits=SLOW)
    until(lambda: _found(daemon, ours) == ("lsd", "rc4"), "torrentd has dialled", WAIT)
    until(lambda: _found(daemon, theirs) == ("incoming", "rc4"), f"{kind.name} has dialled", WAIT)


def _found(daemon: Torrentd, torrent: Torrent) -> tuple[str, str] | None:
    """How the one peer was found, and what the connection looks like."""
    peers = daemon.rpc("torrent.peers", id=torrent.info_hash)["peers"]
    return (peers[0]["source"], peers[0]["encryption"]) if peers else None
