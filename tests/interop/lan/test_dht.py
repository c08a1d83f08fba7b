"""One hash table with other clients, on hosts that are not loopback: nobody is told whom to dial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tests.interop.clients.aria2 import Aria2
from tests.interop.clients.client import Client
from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.clients.qbittorrent import QBittorrent
from tests.interop.clients.transmission import Transmission
from tests.interop.conftest import Stage
from tests.interop.content import KIB, Torrent, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.lan.network import v6
from tests.interop.processes import until
from torrentd.model.address import parse_address

SIZE = 300 * KIB
CROWD = 10
"""Transmission does not use a hash table in which it knows less than nine nodes."""
CLOCK = 20
"""Some look for nodes or peers every few minutes only."""

Announced: TypeAlias = Callable[[], bool]
"""Whether the one torrent that the other client seeds by itself is in the hash table."""


def nodes(daemon: Torrentd) -> int:
    found: int = daemon.rpc("daemon.status")["dht"]["nodes"]
    return found


def _own_address(daemon: Torrentd) -> str | None:
    found: str | None = daemon.rpc("dht.status")["own"][0]["external_address"]
    return found


def stores(daemon: Torrentd, torrents: int) -> bool:
    found: int = daemon.rpc("dht.status")["stored"]["torrents"]
    return found >= torrents


def transmission(lan: Stage, daemon: Torrentd, over_v6: bool) -> tuple[Client, Announced]:
    """It begins at a node that its user knows."""
    there = {"listen_interfaces": lambda host: f"[{v6(host)}]:0", "outgoing_interfaces": v6} if over_v6 else {}
    for _ in range(CROWD):
        lan.run(Libtorrent, enable_dht=True, dht_bootstrap_nodes=daemon.peer_address, **there)
    until(lambda: nodes(daemon) >= CROWD, "torrentd knows the crowd", WAIT)
    host, port = parse_address(daemon.peer_address)
    until(lambda: _own_address(daemon) == host, "the crowd has told torrentd where it is (BEP 42)", WAIT)
    other = lan.place(Transmission, dht_enabled=True, message_level=2, **({"bind_address_ipv6": v6} if over_v6 else {}))
    other.clock = CLOCK
    (other.folder / "dht.bootstrap").write_text(f"{host} {port}")
    lan.start(other)
    return other, lambda: f"IPv{6 if over_v6 else 4} DHT announce done" in other.log()


def aria2(lan: Stage, daemon: Torrentd, over_v6: bool) -> tuple[Client, Announced]:
    """So does aria2, which thinks much of one node."""
    options: dict[str, Any] = {"enable_dht": "true", "dht_entry_point": daemon.peer_address}
    if over_v6:
        options = {"enable_dht6": "true", "dht_entry_point6": daemon.peer_address, "dht_listen_addr6": v6}
        options |= {"disable_ipv6": "false", "interface": "lan"}
    return lan.run(Aria2, clock=CLOCK, **options), lambda: stores(daemon, 1)


def qbittorrent(lan: Stage, daemon: Torrentd, over_v6: bool) -> tuple[Client, Announced]:
    """It begins at a peer, which tells that it is a node as well (BEP 5)."""
    other = lan.run(QBittorrent, DHTEnabled="true", **({"InterfaceAddress": v6} if over_v6 else {}))
    known = make(lan.directory("known"), {"known.bin": KIB})
    daemon.add(known, known.origin)
    daemon.wait(known)
    other.add(known, lan.directory("target of known"))
    other.connect(known, daemon.peer_address)
    until(lambda: stores(daemon, 1), "qBittorrent has announced that", WAIT)
    return other, lambda: stores(daemon, 2)


@pytest.mark.parametrize("enter", [transmission, aria2, qbittorrent], ids=lambda enter: enter.__name__)
@pytest.mark.parametrize("over_v6", [False, True], ids=["IPv4", "IPv6"])
def test_each_finds_what_the_other_announced(
    lan: Stage, enter: Callable[[Stage, Torrentd, bool], tuple[Client, Announced]], over_v6: bool
) -> None:
    there = {"network": lambda host: {"listen": [f"[{v6(host)}]:0"], "bind_address": v6(host)}} if over_v6 else {}
    daemon = lan.run(Torrentd, discovery={"dht": True, "dht_bootstrap": []}, **there)
    other, announced = enter(lan, daemon, over_v6)
    ours, theirs = (make(lan.directory(name), {f"{name}.bin": SIZE}) for name in ("ours", "theirs"))
    other.add(theirs, theirs.origin, seed=True)
    until(announced, f"{other.name} has announced its torrent", WAIT)
    daemon.rpc("torrent.add", magnet=theirs.link)
    daemon.wait(theirs)
    assert_same(theirs, daemon.downloads)

    daemon.add(ours, ours.origin)
    until(lambda: _searched(daemon, ours), "torrentd has announced its torrent", WAIT)
    target = lan.directory("target")
    other.add(ours, target)
    until(lambda: other.is_complete(ours), f"{other.name} is complete", WAIT)
    assert_same(ours, target)


def _searched(daemon: Torrentd, torrent: Torrent) -> bool:
    return f"DHT: {torrent.info_hash}: 0 peers found, announced to" in daemon.log()
