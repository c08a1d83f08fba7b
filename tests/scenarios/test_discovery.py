"""Swarms that no tracker brings together."""

from __future__ import annotations

import pytest

from tests.scenarios.casts import KIB, RATE
from torrentd.simulate.internet.links import Link
from torrentd.simulate.swarm import Swarm


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_the_hash_table_alone_brings_a_swarm_together(swarm: Swarm, loss: float) -> None:
    """Everybody begins at one node that is not in the swarm; the torrent names nobody."""
    torrent = swarm.torrent(1024 * KIB, 16 * KIB, tiers=[])
    router = swarm.node("router", discovery={"dht": True, "dht_bootstrap": ()})
    table = {"dht": True, "dht_bootstrap": (str(router.address),)}
    seed = swarm.node("seed", Link(up=RATE, loss=loss), discovery=table)
    seed.seed(torrent)
    leeches = [swarm.node(f"leech{number}", Link(up=RATE, loss=loss), discovery=table) for number in range(6)]
    for leech in leeches:
        leech.add(torrent)
    swarm.run_until(lambda: all(leech.has_all(torrent) for leech in leeches), limit=400)
    assert router.control.dht_status().nodes > 1
    assert all(node.control.dht_status().nodes > 1 for node in (seed, *leeches))


def test_who_starts_again_comes_back_without_the_router(swarm: Swarm) -> None:
    torrent = swarm.torrent(1024 * KIB, 16 * KIB, tiers=[])
    router = swarm.node("router", discovery={"dht": True, "dht_bootstrap": ()})
    table = {"dht": True, "dht_bootstrap": (str(router.address),)}
    bystander = swarm.node("bystander", discovery=table)
    seed = swarm.node("seed", Link(up=RATE), discovery=table)
    leech = swarm.node("leech", Link(up=RATE), discovery=table)
    swarm.run(20)
    router.crash()
    for node in (seed, leech):
        node.stop()
    swarm.run(20)
    for node in (seed, leech):
        node.start()
    seed.seed(torrent)
    leech.add(torrent)
    swarm.run_until(lambda: leech.has_all(torrent), limit=400)
    assert bystander.control.dht_status().nodes
