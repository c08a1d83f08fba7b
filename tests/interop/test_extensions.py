"""What clients tell each other beyond BEP 3: extension handshakes, the fast extension, peers (BEP 6, 10, 11, 21)."""

from __future__ import annotations

from typing import Any

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

PEX = {"discovery": {"dht": False, "pex": True, "lsd": False}}

EXCHANGE = 150.0
"""Seconds in which everybody was told of everybody: a message soon, one a minute later, and the other client's."""


def _peers(daemon: Torrentd, torrent: Torrent) -> list[dict[str, Any]]:
    peers: list[dict[str, Any]] = daemon.rpc("torrent.peers", id=torrent.info_hash)["peers"]
    return peers


def _places(client: Torrentd | Libtorrent, torrent: Torrent) -> list[str]:
    """The hosts that a client is connected to."""
    if isinstance(client, Torrentd):
        return sorted(peer["address"].rpartition(":")[0] for peer in _peers(client, torrent))
    return sorted(peer["address"][0] for peer in client.peers(torrent))


def test_what_torrentd_and_libtorrent_know_of_each_other(stage: Stage) -> None:
    """One wants nothing and has nothing to give: who would part from such a peer is told to stay."""
    torrent = make(stage.directory("origin"), {"content.bin": MIB})
    ours = stage.run(Torrentd, **PEX)
    ours.add(torrent, files=[{"index": 0, "priority": "skip"}])
    other = stage.run(Libtorrent, close_redundant_connections=False)
    other.add(torrent, stage.directory("target"), pex=True)
    other.connect(torrent, ours.peer_address)
    until(lambda: _peers(ours, torrent) and other.peers(torrent), "they are connected", WAIT)
    until(lambda: _peers(ours, torrent)[0]["extensions"], "its handshake has come", WAIT)
    (theirs,) = _peers(ours, torrent)
    assert theirs["client"].startswith("libtorrent/") and theirs["fast"] and not theirs["upload_only"]
    assert {"ut_metadata", "ut_pex", "lt_donthave", "upload_only"} <= set(theirs["extensions"])
    assert theirs["listens"] == other.peer_address
    (seen,) = other.peers(torrent)
    assert seen["client"].startswith("torrentd 0.") and seen["upload_only"]  # a partial seed (BEP 21)


@pytest.mark.parametrize(
    ("kind", "settings", "client", "more", "upload_only"),
    [
        (Transmission, {"pex_enabled": True}, "Transmission ", set(), True),
        (Aria2, {"enable_peer_exchange": "true"}, "aria2/", set(), False),
        (QBittorrent, {"PeXEnabled": "true"}, "qBittorrent/", {"lt_donthave", "upload_only"}, True),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_torrentd_knows_of_a_seed(
    stage: Stage, kind: type[Client], settings: dict[str, Any], client: str, more: set[str], upload_only: bool
) -> None:
    torrent = make(stage.directory("origin"), {"content.bin": MIB})
    daemon, seed = stage.run(Torrentd, **PEX), stage.run(kind, **settings)
    seed.add(torrent, torrent.origin, seed=True)
    daemon.add(torrent, peers=[seed.peer_address], limits={"down": 64 * KIB})
    until(lambda: any(peer["extensions"] for peer in _peers(daemon, torrent)), "its handshake has come", WAIT)
    (peer,) = _peers(daemon, torrent)
    assert peer["client"].startswith(client)
    assert (peer["fast"], peer["upload_only"], peer["listens"]) == (True, upload_only, seed.peer_address)
    assert set(peer["extensions"]) == {"ut_metadata", "ut_pex"} | more


@pytest.mark.parametrize("hub", [Torrentd, Libtorrent])
def test_a_hub_of_either_kind_makes_its_neighbours_known_to_each_other(stage: Stage, hub: type) -> None:
    """Six clients, each of which knows the address of the hub, or is the hub; nobody has anything, so nobody parts."""
    torrent = make(stage.directory("origin"), {"content.bin": MIB})
    kinds = [hub, Torrentd, Libtorrent, Torrentd, Libtorrent, Torrentd]
    clients: list[Torrentd | Libtorrent] = []
    for number, kind in enumerate(kinds):
        if kind is Torrentd:
            daemon = stage.run(Torrentd, **PEX)
            daemon.add(torrent, peers=[clients[0].peer_address] if clients else [])
            clients.append(daemon)
        else:
            other = stage.run(Libtorrent)
            other.add(torrent, stage.directory(f"target{number}"), pex=True)
            if clients:
                other.connect(torrent, clients[0].peer_address)
            clients.append(other)
    hosts = sorted(client.host for client in clients)

    def is_complete() -> bool:
        return all(_places(one, torrent) == [host for host in hosts if host != one.host] for one in clients)

    until(is_complete, "everybody is connected to everybody", EXCHANGE)
    found = [peer["source"] for one in clients if isinstance(one, Torrentd) for peer in _peers(one, torrent)]
    assert "pex" in found
    seed = stage.run(Torrentd, **PEX)
    seed.add(torrent, torrent.origin, peers=[clients[-1].peer_address])
    for one in clients:
        if isinstance(one, Torrentd):
            one.wait(torrent)
            assert_same(torrent, one.downloads)
        else:
            until(lambda other=one: other.is_complete(torrent), "libtorrent is complete", WAIT)  # type: ignore[misc]
