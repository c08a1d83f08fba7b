"""Many come at once, with all kinds of links, and some do not stay."""

from __future__ import annotations

from random import Random

import pytest

from tests.scenarios.casts import KIB, MIB, RATE, Cast, fluid_limit, gather, wasted
from torrentd.session.sleeping.dormancy import KEPT
from torrentd.simulate.hostile.scripts import Lumpy
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.swarm import Swarm


@pytest.mark.timeout(240)  # much work: half a minute where nobody else is
def test_a_flash_crowd_is_served_nearly_as_fast_as_water_would_flow(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 50, size=8 * MIB, pieces=64)
    assert cast.finish(limit=120) < 1.6 * fluid_limit(cast)
    assert wasted(cast.leeches, cast.torrent) < 0.02


def test_a_seed_that_sends_whatever_it_was_asked_for_sends_little_twice(swarm: Swarm) -> None:
    """It has no mind of its own, so the leeches must not ask for the same, and nobody sees what others ask for."""
    torrent, link = swarm.torrent(16 * MIB, 16 * KIB), Link(latency=0.0002)
    seed = Lumpy(Reactor(swarm.clock), 2.5 * RATE)
    swarm.stranger("seed", torrent, seed, link)
    leeches = [swarm.node(f"leech{number}", link) for number in range(10)]
    for leech in leeches:
        leech.add(torrent)
    swarm.run_until(lambda: all(node.has_all(torrent) for node in leeches), 20)
    assert seed.sent < 1.065 * torrent.size


def test_slow_links_hold_up_nobody_else(swarm: Swarm) -> None:
    fast, slow = Link(up=RATE, down=8 * RATE), Link(up=RATE / 8, down=RATE / 2)
    cast = gather(swarm, [fast] * 10 + [slow] * 10, pieces=64)
    everybody = cast.finish(limit=200)
    assert max(cast.took(node) for node in cast.leeches[:10]) < 0.9 * everybody
    assert everybody < 1.6 * fluid_limit(cast)


def test_those_who_come_and_go_do_not_stop_those_who_stay(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 8)
    luck = Random(swarm.seed)
    guests = [swarm.node(f"guest{number}", Link(up=RATE)) for number in range(8)]
    for guest in guests:
        guest.add(cast.torrent)
    while not all(node.has_all(cast.torrent) for node in cast.leeches):
        swarm.run(2 * luck.random())
        _come_or_go(luck.choice(guests))
        assert swarm.now < cast.began + 3 * fluid_limit(cast)
    swarm.run(10)
    assert wasted(cast.leeches, cast.torrent) < 0.02


def _come_or_go(guest: Node) -> None:
    if guest.running:
        guest.crash()
    else:
        guest.start()


@pytest.mark.timeout(120)  # the same
def test_a_thousand_torrents_of_one_daemon_all_get_done(swarm: Swarm) -> None:
    """From one other daemon, in the time that two announces at once take: none waits for others to be over, each is
    left when it is done, and who has nothing to do sleeps."""
    torrents = [swarm.torrent(32 * KIB, 16 * KIB) for _ in range(1000)]
    registry = swarm.trackers[0].registry
    giver, taker = swarm.node("giver", Link(up=RATE)), swarm.node("taker", Link(up=RATE))
    for torrent in torrents:
        giver.seed(torrent)
    announced = swarm.run_until(lambda: len({entry.info_hash for entry in registry.log}) == 1000, limit=300)
    for torrent in torrents:
        taker.add(torrent)
    swarm.run_until(lambda: all(taker.has_all(torrent) for torrent in torrents), limit=1.2 * announced)
    swarm.run(60)
    assert [node.daemon.connections.fleet.connections for node in (giver, taker)] == [0, 0]
    assert len(taker.daemon.around.sessions) <= KEPT


def test_a_second_crowd_is_served_by_the_first(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 10, pieces=64)
    first = cast.finish(limit=100)
    late = [swarm.node(f"late{number}", Link(up=RATE)) for number in range(10)]
    for node in late:
        node.add(cast.torrent)
    second = Cast(swarm, cast.torrent, cast.seed, late, swarm.now).finish(limit=100)
    assert second < 1.1 * first
