"""Links that lose, lag, forget and let nobody in."""

from __future__ import annotations

import pytest

from tests.scenarios.casts import KIB, MIB, RATE, Cast, fluid_limit, gather, wasted
from torrentd.model.address import Address
from torrentd.model.layout import Priority
from torrentd.session.control import FileChoice
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import Swarm
from torrentd.swarm.peers.connecting import IDLE


def test_a_fifth_of_all_packets_is_lost(swarm: Swarm) -> None:
    """TCP crawls then: about 15 KB/s per connection. The swarm gets through, over HTTP and UDP trackers."""
    tracker = swarm.tracker()
    torrent = swarm.torrent(1024 * KIB, 16 * KIB, tiers=[[tracker.udp], [tracker.http]])
    cast = gather(swarm, [Link(up=RATE, loss=0.2)] * 6, seed=Link(up=RATE, loss=0.2), torrent=torrent)
    cast.finish(limit=80)
    assert wasted(cast.leeches, torrent) < 0.1


def test_half_a_second_of_latency_costs_little(swarm: Swarm) -> None:
    far = Link(up=RATE, latency=0.25)
    cast = gather(swarm, [far] * 6, seed=far, size=16 * 1024 * KIB)
    assert cast.finish(limit=120) < 1.6 * fluid_limit(cast) + 5


def test_one_far_peer_is_used_to_its_rate(swarm: Swarm) -> None:
    """A second of round trip to a seed of 4 MB/s: the request queue must hold as much as is on the way.

    Five and a half round trips pass before the first block is sent (announce, connect, handshakes, interest, unchoke,
    request), and TCP's window needs nine to double from 7 KB to the 4 MB that are on the way, in which it carries what
    one takes at the full rate. A plain stream of these bytes over this path takes 24.3 s from its first byte.
    """
    cast = gather(swarm, [Link()], seed=Link(up=4 * RATE, latency=0.49), size=64 * 1024 * KIB)
    round_trip, first_block, slow_start = 1.0, 5.5, 8
    full_rate = cast.torrent.size / (4 * RATE)
    assert cast.finish(limit=120) < full_rate + (first_block + slow_start) * round_trip


def test_connections_that_a_router_forgot_are_given_up_and_replaced(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE / 8)] * 4, seed=Link(up=RATE / 8))
    swarm.run(10)
    victim = cast.leeches[0]
    before = victim.content(cast.torrent).good.count
    swarm.internet.forget(victim.site)
    swarm.run(20)
    stuck = victim.content(cast.torrent).good.count
    assert stuck - before < 8
    others = cast.finish(limit=400, who=cast.leeches[1:])
    assert others < 1.2 * fluid_limit(cast)
    assert cast.finish(limit=400) < 10 + IDLE + 60 + 10  # silence is noticed, who went is dialled after a minute


def test_those_behind_nat_take_part(swarm: Swarm) -> None:
    """The hidden reach nobody of each other, so three uplinks, the seed's and the reachable leeches', carry their six
    copies: twice the time of a swarm without routers. The reachable come first, for who is hidden learns of those who
    come after it only by its next announce."""
    cast = gather(swarm, [Link(up=RATE)] * 2)
    swarm.run(0.5)
    hidden = [swarm.node(f"hidden{number}", Link(up=RATE, nat=True)) for number in range(6)]
    for node in hidden:
        node.add(cast.torrent)
    everybody = Cast(swarm, cast.torrent, cast.seed, [*cast.leeches, *hidden], swarm.now)
    assert everybody.finish(limit=60) < 1.3 * 6 * cast.torrent.size / (3 * RATE)
    assert min(node.control.row(cast.torrent.id).uploaded for node in hidden) > 0


def test_nobody_can_reach_the_seed_so_it_dials(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 3, seed=Link(up=RATE, nat=True))
    cast.seed.control.announce(cast.torrent.id)
    for leech in cast.leeches:
        cast.seed.control.add_peers(cast.torrent.id, [leech.address])
    cast.finish(limit=60)


def test_dead_addresses_do_not_delay_the_first_good_one(swarm: Swarm) -> None:
    torrent = swarm.torrent(1024 * KIB, 16 * KIB)
    for number in range(30):
        swarm.trackers[0].registry.enter(torrent.info_hash, Address("11.200.0.1", 1 + number), left=1)
    cast = gather(swarm, [Link()], torrent=torrent)
    assert cast.finish(limit=30) < 4


def _parted_in_part(swarm: Swarm) -> tuple[Cast, Node]:
    """A hidden seed, and a leech that chose one of two files, got it, and was left."""
    torrent = swarm.torrent(4 * MIB, 64 * KIB, files=[2 * MIB] * 2)
    cast = gather(swarm, [], seed=Link(up=RATE, nat=True), torrent=torrent)
    leech = swarm.node("picky", Link(up=RATE))
    leech.add(torrent, files=(FileChoice(Priority.SKIP, 1),))
    swarm.run(1)
    cast.seed.control.announce(torrent.id)
    swarm.run_until(lambda: leech.control.row(torrent.id).progress == 1.0, limit=120)
    swarm.run(10)
    assert [node.daemon.connections.fleet.connections for node in (cast.seed, leech)] == [0, 0]
    return Cast(swarm, torrent, cast.seed, [leech], swarm.now), leech


@pytest.mark.parametrize("later", [60, 2000])
def test_a_hidden_seed_serves_again_who_wanted_nothing(swarm: Swarm, later: int) -> None:
    """Only the seed can dial. It does so after five minutes, and then after twice as long as before."""
    cast, leech = _parted_in_part(swarm)
    swarm.run(later)
    swarm.wait(leech.control.set_files(cast.torrent.id, [FileChoice(Priority.NORMAL, 1)]))
    cast.finish(limit=max(300, later) + 10)


def test_a_hidden_seed_serves_again_who_lost_everything(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)], seed=Link(up=RATE, nat=True), size=MIB)
    leech = cast.leeches[0]
    cast.seed.control.announce(cast.torrent.id)
    cast.finish(limit=120)
    swarm.run(60)
    swarm.wait(leech.control.remove(cast.torrent.id, delete_data=True))
    leech.add(cast.torrent)
    swarm.run_until(lambda: leech.has_all(cast.torrent), limit=310)
