"""Swarms in which some encrypt everything, some what they can, and some nothing."""

from __future__ import annotations

import pytest

from tests.scenarios.casts import MIB, RATE
from torrentd.simulate.hostile.scripts import Mute
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import Swarm
from torrentd.simulate.torrents import SimulatedTorrent


def _node(swarm: Swarm, mode: str, number: int = 0) -> Node:
    return swarm.node(f"{mode}{number}", Link(up=RATE), peers={"encryption": mode})


def _ways(swarm: Swarm, node: Node, torrent: SimulatedTorrent) -> dict[str, str]:
    """How the peers at each host are spoken to."""
    rows, _ = swarm.wait(node.control.peers(torrent.id))
    return {row.address.rpartition(":")[0]: row.encryption for row in rows}


@pytest.mark.parametrize("first", ["off", "prefer", "require"])
def test_all_kinds_in_one_swarm(swarm: Swarm, first: str) -> None:
    """Who requires it and who has none of it meet through those between them."""
    torrent = swarm.torrent(2 * MIB, 65536)
    seed = _node(swarm, first)
    seed.seed(torrent)
    swarm.run(0.5)
    leeches = {mode: [_node(swarm, mode, number) for number in (1, 2)] for mode in ("off", "prefer", "require")}
    everybody = [node for nodes in leeches.values() for node in nodes]
    for node in everybody:
        node.add(torrent)
    swarm.run(2)
    ways = {mode: [_ways(swarm, node, torrent) for node in nodes] for mode, nodes in leeches.items()}
    off, prefer, require = ([node.site.address for node in leeches[mode]] for mode in leeches)
    assert all(set(row.values()) == {"none"} and not set(require) & row.keys() for row in ways["off"])
    assert all(set(row.values()) == {"rc4"} and not set(off) & row.keys() for row in ways["require"])
    assert {row[host] for row in ways["prefer"] for host in prefer if host in row} == {"handshake"}
    swarm.run_until(lambda: all(node.has_all(torrent) for node in everybody), limit=60)


def test_who_answers_nothing_is_no_peer_and_delays_nobody(swarm: Swarm) -> None:
    """It does not even end the exchange of keys: the attempt is given up in time, and made again in plain."""
    torrent = swarm.torrent(MIB, 65536)
    for number in range(3):
        swarm.stranger(f"mute{number}", torrent, Mute())
    seed, leech = _node(swarm, "prefer", 1), _node(swarm, "prefer", 2)
    seed.seed(torrent)
    leech.add(torrent)
    swarm.run_until(lambda: leech.has_all(torrent), limit=20)
