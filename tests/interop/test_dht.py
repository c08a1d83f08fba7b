"""One hash table of torrentd and libtorrent nodes in a private network: no tracker, no peer is named."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tests.interop.clients.aria2 import Aria2
from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import MIB, Torrent, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import free_port, until
from torrentd.model.address import parse_address
from torrentd.wire.bencode import METAINFO, decode, encode

LONG = 60.0
"""Seconds: aria2 looks for peers when it has had none for a while."""
SIZE = 2 * MIB + 1
ON_LOOPBACK = {
    "enable_dht": True,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_prefer_verified_node_ids": False,
    "dht_enforce_node_id": False,
    "dht_ignore_dark_internet": False,
}
"""libtorrent settings for a network in which all addresses are alike."""


def libtorrent(stage: Stage, *bootstrap: str, **settings: str) -> Libtorrent:
    return stage.run(Libtorrent, **ON_LOOPBACK, dht_bootstrap_nodes=",".join(bootstrap), **settings)


def torrentd(stage: Stage, *bootstrap: str, **sections: dict[str, Any]) -> Torrentd:
    return stage.run(Torrentd, discovery={"dht": True, "dht_bootstrap": list(bootstrap)}, **sections)


def nodes(daemon: Torrentd) -> int:
    found: int = daemon.rpc("daemon.status")["dht"]["nodes"]
    return found


def content(stage: Stage, name: str) -> Torrent:
    return make(stage.directory(name), {f"{name}.bin": SIZE})


def test_each_finds_what_the_other_announced(stage: Stage) -> None:
    daemon = torrentd(stage)
    other = libtorrent(stage, daemon.peer_address)
    until(lambda: nodes(daemon) == 1, "torrentd knows libtorrent's node", WAIT)

    ours = content(stage, "ours")
    daemon.add(ours, ours.origin)
    daemon.wait(ours)
    until(lambda: daemon.rpc("dht.status")["queries"]["sent"] > 2, "torrentd has announced", WAIT)
    target = stage.directory("target")
    other.add(ours, target)
    until(lambda: other.is_complete(ours), "libtorrent has found torrentd", WAIT)
    assert_same(ours, target)

    theirs = content(stage, "theirs")
    other.add(theirs, theirs.origin, seed=True)
    until(lambda: daemon.rpc("dht.status")["stored"]["torrents"] == 2, "libtorrent has announced", WAIT)
    daemon.add(theirs)
    daemon.wait(theirs)
    assert_same(theirs, daemon.downloads)


def test_a_magnet_link_without_a_tracker(stage: Stage) -> None:
    """The metadata and the content, from torrentd and from libtorrent, by nothing but the info hash."""
    seed = torrentd(stage)
    other = libtorrent(stage, seed.peer_address)
    leech = torrentd(stage, seed.peer_address)
    until(lambda: min(nodes(seed), nodes(leech)) >= 1, "they know each other", WAIT)
    ours, theirs = content(stage, "ours"), content(stage, "theirs")
    seed.add(ours, ours.origin)
    seed.wait(ours)
    other.add(theirs, theirs.origin, seed=True)
    for torrent in (ours, theirs):
        leech.rpc("torrent.add", magnet=f"magnet:?xt=urn:btih:{torrent.info_hash}")
    for torrent in (ours, theirs):
        leech.wait(torrent)
        assert_same(torrent, leech.downloads)


def test_aria2_finds_torrentd_and_is_found(stage: Stage) -> None:
    daemon = torrentd(stage)
    port = free_port("127.0.0.1")
    options = {"enable_dht": "true", "dht_listen_port": str(port), "dht_entry_point": daemon.peer_address}
    other = stage.place(Aria2, **options, dht_file_path=str(stage.directory("aria2") / "dht.dat"))
    other.start()
    ours = content(stage, "ours")
    daemon.add(ours, ours.origin)
    daemon.wait(ours)
    target = stage.directory("target")
    other.add(ours, target)
    until(lambda: other.is_complete(ours), "aria2 has found torrentd", LONG)
    assert_same(ours, target)
    until(lambda: nodes(daemon) >= 1, "torrentd knows aria2's node", WAIT)


def test_over_ipv6_alone(stage: Stage) -> None:
    daemon = torrentd(stage, network={"listen": ["[::1]:0"], "bind_address": "::1"})
    other = libtorrent(stage, daemon.peer_address, listen_interfaces="[::1]:0", outgoing_interfaces="::1")
    until(lambda: nodes(daemon) == 1, "torrentd knows libtorrent's node", WAIT)
    theirs = content(stage, "theirs")
    other.add(theirs, theirs.origin, seed=True)
    until(lambda: daemon.rpc("dht.status")["stored"]["torrents"] == 1, "libtorrent has announced", WAIT)
    daemon.add(theirs)
    daemon.wait(theirs)
    assert_same(theirs, daemon.downloads)


def test_torrentd_begins_at_libtorrent(stage: Stage) -> None:
    other = libtorrent(stage)
    theirs = content(stage, "theirs")
    other.add(theirs, theirs.origin, seed=True)
    daemon = torrentd(stage, other.peer_address)
    until(lambda: nodes(daemon) == 1, "torrentd knows libtorrent's node", WAIT)
    ours = content(stage, "ours")
    daemon.add(ours, ours.origin)
    daemon.wait(ours)
    target = stage.directory("target")
    other.add(ours, target)
    until(lambda: other.is_complete(ours), "libtorrent has found torrentd", WAIT)
    assert_same(ours, target)


def test_what_libtorrent_was_told_before_torrentd_came(stage: Stage) -> None:
    """From a node that has nothing to do with the torrent itself. (Where libtorrent begins is no node to it.)"""
    between = torrentd(stage)
    node, seed = (libtorrent(stage, between.peer_address) for _ in range(2))
    until(lambda: nodes(between) == 2 and seed.dht_nodes(), "they know each other", WAIT)
    theirs = content(stage, "theirs")
    seed.add(theirs, theirs.origin, seed=True)
    until(lambda: node.counters()["dht.dht_announce_peer_in"], "the seed has announced", WAIT)
    between.stop()
    daemon = torrentd(stage, node.peer_address)
    until(lambda: nodes(daemon), "torrentd knows the node", WAIT)
    daemon.rpc("torrent.add", magnet=theirs.link)
    searched = until(lambda: re.search(rf"{theirs.info_hash}: (\d+) peers found", daemon.log()), "it searched", WAIT)
    assert searched[1] == "1"
    daemon.wait(theirs)
    assert_same(theirs, daemon.downloads)


def test_a_network_of_six(stage: Stage) -> None:
    """Everybody begins at the first; each has something that all others want."""
    first = torrentd(stage)
    others = [libtorrent(stage, first.peer_address) for _ in range(3)]
    daemons = [first, torrentd(stage, first.peer_address), torrentd(stage, first.peer_address)]
    for daemon in daemons:
        until(lambda daemon=daemon: nodes(daemon) >= 4, "torrentd knows most nodes", WAIT)  # type: ignore[misc]
    of_daemon, of_other = content(stage, "daemon"), content(stage, "other")
    daemons[2].add(of_daemon, of_daemon.origin)
    daemons[2].wait(of_daemon)
    others[2].add(of_other, of_other.origin, seed=True)
    until(lambda: sum(d.rpc("dht.status")["stored"]["torrents"] for d in daemons) >= 2, "both are announced", WAIT)

    targets = [stage.directory(f"target-{number}") for number in range(2)]
    for other, target in zip(others, targets, strict=False):
        other.add(of_daemon, target)
        other.add(of_other, target)
    for daemon in daemons[:2]:
        daemon.add(of_daemon)
        daemon.add(of_other)
    for daemon in daemons[:2]:
        daemon.wait(of_daemon)
        daemon.wait(of_other)
        assert_same(of_daemon, daemon.downloads)
        assert_same(of_other, daemon.downloads)
    for other, target in zip(others, targets, strict=False):
        for torrent in (of_daemon, of_other):
            until(lambda o=other, t=torrent: o.is_complete(t), "libtorrent is complete", WAIT)  # type: ignore[misc]
        assert_same(of_daemon, target)


def test_the_next_start_needs_no_names(stage: Stage) -> None:
    other = libtorrent(stage)
    theirs = content(stage, "theirs")
    other.add(theirs, theirs.origin, seed=True)
    daemon = torrentd(stage, other.peer_address)
    until(lambda: nodes(daemon) == 1, "torrentd knows libtorrent's node", WAIT)
    own = daemon.rpc("dht.status")["own"][0]["id"]
    assert daemon.stop() == 0
    daemon._changes["discovery"]["dht_bootstrap"] = []
    daemon.start()
    until(lambda: nodes(daemon) == 1, "torrentd remembers libtorrent's node", WAIT)
    assert daemon.rpc("dht.status")["own"][0]["id"] == own


def test_a_torrent_says_where_to_begin(stage: Stage) -> None:
    other = libtorrent(stage)
    theirs = content(stage, "theirs")
    host, port = parse_address(other.peer_address)
    root: Any = decode(theirs.metainfo, METAINFO)
    theirs = replace(theirs, metainfo=encode({**root, b"nodes": [[host.encode(), port]]}))
    other.add(theirs, theirs.origin, seed=True)
    daemon = torrentd(stage)
    daemon.add(theirs)
    until(lambda: nodes(daemon) == 1, "torrentd knows libtorrent's node", WAIT)
