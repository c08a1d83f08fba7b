"""Swarms that no tracker brings together."""

from __future__ import annotations

import pytest

from tests.scenarios.casts import KIB, RATE
from torrentd.model.address import Address
from torrentd.simulate.internet.links import Link
from torrentd.simulate.internet.network import ANY, SimulatedNetwork
from torrentd.simulate.swarm import Swarm
from torrentd.wire import lsd


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


# --- the local network (BEP 14)


@pytest.mark.parametrize("family", [4, 6])
def test_neighbours_hear_of_each_other_and_nobody_else_does(swarm: Swarm, family: int) -> None:
    torrent = swarm.torrent(1024 * KIB, 64 * KIB, tiers=[])
    seed = swarm.node("seed", Link(up=RATE, families=(family,), lan="home"))
    seed.seed(torrent)
    near = [swarm.node(f"near{number}", Link(up=RATE, families=(family,), lan="home")) for number in range(2)]
    far = swarm.node("far", Link(up=RATE, families=(family,), lan="office"))
    for node in (*near, far):
        node.add(torrent)
    swarm.run_until(lambda: all(node.has_all(torrent) for node in near), limit=30)
    swarm.run(200)
    assert far.content(torrent).good.count == 0
    assert far.control.row(torrent.id).peers.known == 0


def test_a_private_torrent_is_not_told_to_the_neighbours(swarm: Swarm) -> None:
    torrent = swarm.torrent(1024 * KIB, 64 * KIB, tiers=[], private=True)
    swarm.node("seed", Link(up=RATE, lan="home")).seed(torrent)
    near = swarm.node("near", Link(up=RATE, lan="home"))
    near.add(torrent)
    swarm.run(200)
    assert near.content(torrent).good.count == 0


def test_a_neighbour_that_cries_without_end_delays_nobody(swarm: Swarm) -> None:
    """A thousand announcements a second, every other of them nonsense."""
    torrent = swarm.torrent(1024 * KIB, 64 * KIB, tiers=[])
    leech = swarm.node("leech", Link(up=RATE, lan="home"))
    leech.add(torrent)
    crier = SimulatedNetwork(swarm.internet, swarm.internet.site("crier", Link(lan="home"), leech.machine.reactor))
    (group,) = crier.groups((lsd.V4_GROUP,), [Address(ANY, 1)], lambda datagram, source: None)
    cry = lsd.encode(lsd.Announcement(1, (torrent.info_hash,)), lsd.V4_GROUP)
    for number in range(5000):
        swarm.clock.at(swarm.now + number / 1000, group.send, cry if number % 2 else b"x" * 2000)
    swarm.run(6)
    assert len(leech.session(torrent).torrent.candidates) == 1
    swarm.node("seed", Link(up=RATE, lan="home")).seed(torrent)
    swarm.run_until(lambda: leech.has_all(torrent), limit=30)
    group.leave()
