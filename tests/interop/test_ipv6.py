"""A swarm that has no IPv4 at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.interop.clients.aria2 import Aria2
from tests.interop.clients.client import Client
from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.clients.qbittorrent import QBittorrent
from tests.interop.clients.transmission import Transmission
from tests.interop.conftest import Stage
from tests.interop.content import MIB, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import free_port, until

pytestmark = pytest.mark.xdist_group("::1")
"""One after another: it is the only address, and a port that was free for one shall not be another's."""

V6 = {"network": {"listen": ["[::1]:0"], "bind_address": "::1"}}

OVER_V6: dict[Callable[..., Client], Callable[[int], dict[str, Any]]] = {
    Transmission: lambda port: {"bind_address_ipv6": "::1", "peer_port": port},
    Aria2: lambda port: {"disable_ipv6": "false", "interface": "::1", "listen_port": str(port)},
    QBittorrent: lambda port: {"InterfaceAddress": "::1", "Port": port},
}
"""What makes a client talk to peers over ::1, at that port; it is controlled over IPv4."""


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


@pytest.mark.parametrize("kind", OVER_V6, ids=lambda kind: kind.__name__)
def test_from_each_client_over_ipv6_only(stage: Stage, kind: Callable[..., Client]) -> None:
    torrent = make(stage.directory("origin"), {"content.bin": 4 * MIB + 1})
    port = free_port("::1")
    other = stage.run(kind, **OVER_V6[kind](port))
    other.add(torrent, torrent.origin, seed=True)
    leech = stage.run(Torrentd, **V6)
    leech.add(torrent, peers=[f"[::1]:{port}"])
    leech.wait(torrent)
    assert_same(torrent, leech.downloads)


@pytest.mark.parametrize("kind", [Aria2, QBittorrent])  # Transmission takes it, too, after a quarter of a minute
def test_to_each_client_over_ipv6_only(stage: Stage, kind: Callable[..., Client]) -> None:
    torrent = make(stage.directory("origin"), {"content.bin": 4 * MIB + 1})
    port = free_port("::1")
    other, target = stage.run(kind, **OVER_V6[kind](port)), stage.directory("target")
    other.add(torrent, target)
    seed = stage.run(Torrentd, **V6)
    seed.add(torrent, torrent.origin, peers=[f"[::1]:{port}"])
    until(lambda: other.is_complete(torrent), "the other is complete", WAIT)
    assert_same(torrent, target)
