"""Few places for connections: they are not exceeded, and nobody is left outside for ever."""

from __future__ import annotations

import pytest

from tests.scenarios.casts import MIB, RATE, Cast, gather
from torrentd.simulate.hostile.scripts import Mute
from torrentd.simulate.internet.links import Link
from torrentd.simulate.swarm import Swarm


def _finish(cast: Cast, places: int, limit: float) -> None:
    """Run until all is done; nobody has more connections than places whenever one looks."""
    end = cast.swarm.now + limit
    while not all(node.has_all(cast.torrent) for node in cast.leeches):
        cast.swarm.run(0.1)
        assert max(node.daemon.connections.fleet.connections for node in cast.everybody) <= places
        assert cast.swarm.now < end


@pytest.mark.parametrize("count", [6, 12])
@pytest.mark.parametrize("whose", ["max_connections", "max_connections_per_torrent"])
def test_with_two_places_each_a_swarm_does_not_fall_apart(swarm: Swarm, whose: str, count: int) -> None:
    """Three that are connected with each other have no place left, and what they lack is with others. A connection of
    no use is given up after a minute, one at a time: five rounds of that reach everybody."""
    cast = gather(swarm, [Link(up=RATE)] * count, size=4 * MIB, pieces=64, peers={whose: 2})
    _finish(cast, places=2, limit=300)
    swarm.run(60)
    for node in cast.everybody:
        session = node.awake(cast.torrent)
        attempts = 0 if session is None else session.torrent.connecting
        assert node.daemon.connections.fleet.half_open == attempts  # none was lost count of


def test_with_all_places_taken_it_hears_of_those_who_come_later(swarm: Swarm) -> None:
    """Two mute strangers have both places of a leech behind NAT. It hears of the seed that came after them when it
    announces, and turns to it."""
    swarm.tracker().registry.interval = 300
    torrent = swarm.torrent(MIB, 64 * 1024)
    for number in range(2):
        swarm.stranger(f"mute{number}", torrent, Mute())
    hidden = swarm.node("hidden", Link(up=RATE, nat=True), peers={"max_connections_per_torrent": 2})
    hidden.add(torrent)
    swarm.run(10)
    assert len(hidden.session(torrent).torrent.peers) == 2
    late = swarm.node("late", Link(up=RATE))
    late.seed(torrent)
    swarm.run_until(lambda: hidden.has_all(torrent), limit=320)
