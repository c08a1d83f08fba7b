"""Peers that are slow, or give nothing, hold nobody up: endgame and snubbing."""

from __future__ import annotations

from tests.scenarios.casts import KIB, MIB, RATE, fluid_limit, gather, wasted
from torrentd.simulate.hostile.scripts import Flapping, Mute, Stalling
from torrentd.simulate.internet.links import Link
from torrentd.simulate.swarm import Swarm


def test_in_endgame_no_request_waits_for_the_slowest(swarm: Swarm) -> None:
    """A seed of 4 KiB/s is asked like others, and owes a block or two at the end: others bring them."""
    torrent = swarm.torrent(8 * MIB, 64 * KIB)
    slow = [swarm.node(f"slow{number}", Link(up=4 * KIB)) for number in range(3)]
    for node in slow:
        node.seed(torrent)
    cast = gather(swarm, [Link(up=RATE)], torrent=torrent)
    assert cast.finish(limit=60) < 1.1 * torrent.size / RATE + 1.0
    assert wasted(cast.leeches, torrent) < 0.01


def test_many_who_let_us_ask_and_send_nothing_hold_up_nobody(swarm: Swarm) -> None:
    torrent = swarm.torrent(8 * MIB, 64 * KIB)
    for number in range(12):
        swarm.stranger(f"staller{number}", torrent, Stalling())
    cast = gather(swarm, [Link(up=RATE)], torrent=torrent)
    assert cast.finish(limit=60) < 1.1 * torrent.size / RATE + 1.0
    assert wasted(cast.leeches, torrent) < 0.01


def test_peers_that_never_send_are_snubbed_and_the_rest_goes_on(swarm: Swarm) -> None:
    torrent = swarm.torrent(8 * MIB, 64 * KIB)
    swarm.stranger("staller", torrent, Stalling())
    cast = gather(swarm, [Link(up=RATE)], seed=Link(up=40 * KIB), torrent=torrent)
    swarm.run(100)
    peers = cast.leeches[0].session(torrent).torrent.peers.values()
    assert sorted(peer.snubbed for peer in peers) == [False, True]
    cast.finish(limit=200)


def test_talkers_cost_no_more_than_their_talk(swarm: Swarm) -> None:
    torrent = swarm.torrent(8 * MIB, 64 * KIB)
    swarm.stranger("flapping", torrent, Flapping())
    swarm.stranger("mute", torrent, Mute())
    cast = gather(swarm, [Link(up=RATE)] * 3, torrent=torrent)
    assert cast.finish(limit=60) < 1.25 * fluid_limit(cast)
    assert wasted(cast.leeches, torrent) < 0.02


def test_a_peer_that_becomes_slow_gives_back_what_it_owes(swarm: Swarm) -> None:
    torrent = swarm.torrent(8 * MIB, 64 * KIB)
    second = swarm.node("second", Link(up=RATE))
    second.seed(torrent)
    cast = gather(swarm, [Link()], torrent=torrent)
    swarm.run(1.5)
    second.site.relink(Link(up=1 * KIB))
    assert cast.finish(limit=60) < 1.2 * torrent.size / RATE + 1.0
