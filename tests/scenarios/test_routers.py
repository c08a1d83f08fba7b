"""Hosts behind routers that send on what they are asked to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.casts import MIB, RATE
from torrentd.model.address import Address
from torrentd.policy.ports import portmap
from torrentd.policy.ports.portmap import LEAST, RETRY
from torrentd.simulate.internet.links import Link
from torrentd.simulate.internet.router import SHIFT
from torrentd.simulate.node import PORT, Node
from torrentd.simulate.swarm import Swarm
from torrentd.simulate.torrents import SimulatedTorrent

HIDDEN = Link(up=RATE, nat=True)
LEASE = 600
METHODS = ["pcp", "nat-pmp", "upnp"]
ASKED = 20.0
"""seconds in which all three methods were tried"""
LEAST_INTERVAL = 60.0
"""seconds between two announces to one tracker"""


def behind(method: str, lease: int = LEASE) -> Link:
    return replace(HIDDEN, maps=method, lease=lease)


def leech(swarm: Swarm, name: str, torrent: SimulatedTorrent) -> Node:
    """One that cannot be reached, and so has to reach the others, who are announced by now."""
    swarm.run(1)
    node = swarm.node(name, HIDDEN)
    node.add(torrent)
    return node


def mapped(node: Node) -> dict[tuple[int, int], int]:
    return node.site.routers[False].mapper.mapped


@pytest.mark.parametrize("method", METHODS)
def test_a_seed_is_reached_through_its_router_for_as_long_as_it_runs(swarm: Swarm, method: str) -> None:
    """Under the router's port, which it tells the tracker; leases are renewed; nothing stays mapped."""
    torrent, seed = swarm.torrent(MIB), swarm.node("seed", behind(method))
    swarm.run(ASKED)
    seed.seed(torrent)
    first = leech(swarm, "first", torrent)
    swarm.run_until(lambda: first.has_all(torrent), limit=60)
    announced = {told.address for told in swarm.trackers[0].registry.log if told.address.host == seed.site.address}
    assert announced == {Address(seed.site.address, PORT + SHIFT)}
    assert [(row.method, row.external_port) for row in seed.control.status().port_mapping] == [
        (method, PORT + SHIFT)
    ] * 2
    swarm.run(2 * portmap.LEASE)
    late = leech(swarm, "late", torrent)
    swarm.run_until(lambda: late.has_all(torrent), limit=60)
    swarm.wait(seed.stop())
    assert mapped(seed) == {}


@pytest.mark.parametrize("method", METHODS)
def test_who_was_announced_before_the_router_answered_is_announced_again(swarm: Swarm, method: str) -> None:
    torrent, seed = swarm.torrent(MIB), swarm.node("seed", behind(method))
    seed.seed(torrent)
    swarm.run(ASKED + LEAST_INTERVAL)
    late = leech(swarm, "late", torrent)
    swarm.run_until(lambda: late.has_all(torrent), limit=60)


def test_without_a_mapping_nobody_is_reached_until_the_router_can(swarm: Swarm) -> None:
    """The user switches it on meanwhile."""
    torrent, seed = swarm.torrent(MIB), swarm.node("seed", behind("nat-pmp"))
    mapper = seed.site.routers[False].mapper
    mapper.silent = True
    seed.seed(torrent)
    hopeful = leech(swarm, "hopeful", torrent)
    swarm.run(600)
    assert hopeful.content(torrent).good.count == 0
    assert {row.error for row in seed.control.status().port_mapping} == {
        "pcp: no answer; nat-pmp: no answer; upnp: no router answers"
    }
    mapper.silent = False
    swarm.run_until(lambda: mapped(seed) != {}, limit=RETRY)
    swarm.run_until(lambda: hopeful.has_all(torrent), limit=2000)


def test_the_ports_of_one_that_crashed_are_closed_when_the_lease_ends(swarm: Swarm) -> None:
    seed = swarm.node("seed", behind("pcp"))
    mapper = seed.site.routers[False].mapper
    swarm.run(ASKED)
    numbers = [(protocol, external) for (protocol, _), external in mapped(seed).items()]
    seed.crash()
    assert len(numbers) == 2 and all(mapper.inside(*number) == PORT for number in numbers)
    swarm.run(LEASE)
    assert not any(mapper.inside(*number) for number in numbers)


def test_a_router_that_forgets_is_told_again(swarm: Swarm) -> None:
    seed = swarm.node("seed", behind("pcp", lease=int(LEAST)))
    swarm.run(ASKED)
    mapped(seed).clear()
    swarm.run_until(lambda: len(mapped(seed)) == 2, limit=LEAST + 5)


def test_a_hole_in_the_wall_of_ipv6(swarm: Swarm) -> None:
    swarm.tracker(link=Link(families=(6,)))
    torrent, seed = swarm.torrent(MIB), swarm.node("seed", replace(behind("pcp"), families=(6,)))
    swarm.run(ASKED)
    seed.seed(torrent)
    swarm.run(1)
    other = swarm.node("leech", replace(HIDDEN, families=(6,)))
    other.add(torrent)
    swarm.run_until(lambda: other.has_all(torrent), limit=60)
    mapper = seed.site.routers[True].mapper
    assert set(mapper.mapped.values()) == {PORT}
    swarm.wait(seed.stop())
    assert mapper.mapped == {}


@pytest.mark.parametrize("method", METHODS)
def test_the_hash_table_works_through_a_router(swarm: Swarm, method: str) -> None:
    """Datagrams leave by the mapped port, and who is announced is found at the mapped one."""
    torrent = swarm.torrent(MIB, tiers=[])
    router = swarm.node("router", discovery={"dht": True, "dht_bootstrap": ()})
    table = {"dht": True, "dht_bootstrap": (str(router.address),)}
    seed = swarm.node("seed", behind(method), discovery=table)
    seed.seed(torrent)
    other = swarm.node("leech", HIDDEN, discovery=table)
    other.add(torrent)
    swarm.run_until(lambda: other.has_all(torrent), limit=1000)
    assert mapped(seed) != {}
