"""Few places for connections: they are not exceeded, and nobody is left outside for ever."""

from __future__ import annotations

import pytest

from tests.scenarios.casts import MIB, RATE, Cast, gather
from torrentd.simulate.hostile.scripts import Mute, Selfish
from torrentd.simulate.hostile.stranger import Stranger
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


def test_who_comes_takes_the_place_of_who_is_worth_less_and_gives_nothing(swarm: Swarm) -> None:
    """As both ends reckon it (BEP 40). Each stranger has all, and gives nothing; a minute is given to everybody."""
    torrent = swarm.torrent(MIB, 64 * 1024, tiers=[])
    hub = swarm.node("hub", Link(up=RATE), peers={"max_connections_per_torrent": 2})
    witness = swarm.node("witness", Link(up=RATE))
    hub.add(torrent)
    witness.add(torrent, peers=(hub.address,))
    swarm.run(3)  # now the hub knows its own address
    peers, candidates = hub.session(torrent).torrent.peers, hub.session(torrent).torrent.candidates
    swarm.wait(witness.stop())
    strangers = [swarm.stranger(f"selfish{number}", torrent, Selfish()) for number in range(6)]
    strangers.sort(key=lambda stranger: candidates.priority(stranger.address))

    def here() -> set[str]:
        return {peer.address.host for peer in peers.values()}

    def hosts(*places: int) -> set[str]:
        return {strangers[place].address.host for place in places}

    for place in (1, 2):
        strangers[place].dial(hub.address)
    swarm.run(59)
    strangers[5].dial(hub.address)
    swarm.run(3)
    assert here() == hosts(1, 2)
    for place, left in ((5, (2, 5)), (0, (2, 5)), (3, (3, 5)), (4, (3, 5))):
        strangers[place].dial(hub.address)
        swarm.run(1)
        assert here() == hosts(*left)


def test_in_a_full_daemon_the_worst_of_all_torrents_makes_room_for_one_newcomer_a_second(swarm: Swarm) -> None:
    """Whichever torrent it is in, and whichever the newcomer comes for. Each stranger has all, and gives nothing."""
    torrents = [swarm.torrent(MIB, 64 * 1024, tiers=[]) for _ in range(2)]
    hub = swarm.node("hub", Link(up=RATE), peers={"max_connections": 4})
    witness = swarm.node("witness", Link(up=RATE))
    for torrent in torrents:
        hub.add(torrent)
    witness.add(torrents[0], peers=(hub.address,))
    swarm.run(3)  # now the hub knows its own address
    swarm.wait(witness.stop())
    sessions = [hub.session(torrent) for torrent in torrents]
    strangers = [swarm.stranger(f"selfish{number}", torrents[number % 2], Selfish()) for number in range(8)]
    strangers.sort(key=lambda stranger: sessions[0].torrent.candidates.priority(stranger.address))
    first, later = strangers[:4], strangers[4:]

    def here() -> set[str]:
        return {peer.address.host for session in sessions for peer in session.torrent.peers.values()}

    def hosts(*groups: list[Stranger]) -> set[str]:
        return {stranger.address.host for group in groups for stranger in group}

    for stranger in first:
        stranger.dial(hub.address)
    swarm.run(58)
    later[0].dial(hub.address)
    swarm.run(2)
    assert here() == hosts(first)  # a minute is given to everybody
    swarm.run(2)
    for stranger in later[:2]:
        stranger.dial(hub.address)
    swarm.run(1.1)
    assert here() == hosts(first[1:], later[:1])
    for gone in (2, 3, 4):
        later[gone - 1].dial(hub.address)
        swarm.run(1.1)
        assert here() == hosts(first[gone:], later[:gone])
    first[3].dial(hub.address)
    swarm.run(2)
    assert here() == hosts(later)  # who is worth less displaces nobody
