"""IPv4 and IPv6: swarms that have the one, the other, and both."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.casts import MIB, RATE, gather
from torrentd.model.address import Address
from torrentd.simulate.internet.links import Link
from torrentd.simulate.swarm import Swarm

V4, V6, BOTH = Link(up=RATE), Link(up=RATE, families=(6,)), Link(up=RATE, families=(4, 6))
NOBODY = Address("2a00:0:0:ffff::1", 51413)


def test_a_swarm_that_has_no_ipv4(swarm: Swarm) -> None:
    swarm.tracker(link=Link(families=(6,)))
    gather(swarm, [V6] * 4, seed=V6, size=2 * MIB).finish(limit=60)


def test_the_hash_table_of_ipv6_alone_brings_a_swarm_together(swarm: Swarm) -> None:
    torrent = swarm.torrent(MIB, 65536, tiers=[])
    router = swarm.node("router", V6, discovery={"dht": True, "dht_bootstrap": ()})
    table = {"dht": True, "dht_bootstrap": (str(router.address),)}
    gather(swarm, [V6] * 3, seed=V6, torrent=torrent, discovery=table).finish(limit=400)


def test_who_has_both_is_announced_over_both_and_joins_those_who_have_one(swarm: Swarm) -> None:
    """The seed has IPv4 only and some leeches IPv6 only: what they get has passed through those that have both."""
    tracker = swarm.tracker(link=Link(families=(4, 6)))
    cast = gather(swarm, [BOTH, BOTH, V6, V6, V4], seed=V4, size=2 * MIB)
    cast.finish(limit=120)
    announced = {told.address for told in tracker.registry.log}
    assert announced == {address for node in cast.everybody for address in node.addresses}


def test_both_addresses_of_a_peer_are_dialled_at_once_and_one_connection_stays(swarm: Swarm) -> None:
    torrent = swarm.torrent(MIB, 65536, tiers=[])
    seed, leech = swarm.node("seed", BOTH), swarm.node("leech", BOTH)
    seed.seed(torrent)
    leech.add(torrent, peers=tuple(seed.addresses))
    swarm.run(0.5)
    assert len(leech.session(torrent).torrent.peers) == 1
    assert [closed.reason for closed in seed.session(torrent).torrent.closed_peers] == ["connected already"]
    swarm.run_until(lambda: leech.has_all(torrent), limit=10)


def test_a_family_that_leads_nowhere_delays_nobody(swarm: Swarm) -> None:
    torrent = swarm.torrent(MIB, 65536, tiers=[])
    seed, leech = swarm.node("seed", BOTH), swarm.node("leech", BOTH)
    seed.seed(torrent)
    leech.add(torrent, peers=(NOBODY, seed.address))
    assert swarm.run_until(lambda: leech.has_all(torrent), limit=10) < 3


def test_a_peer_that_is_lost_over_one_family_is_found_over_the_other(swarm: Swarm) -> None:
    """It said where (BEP 10, `ipv6`), and knew that from a peer of that family (`yourip`)."""
    torrent = swarm.torrent(4 * MIB, 65536, tiers=[])
    seed = swarm.node("seed", replace(BOTH, up=20_000))
    leech, other = swarm.node("leech", BOTH), swarm.node("other", V6)
    seed.seed(torrent)
    by_v4, by_v6 = seed.addresses
    leech.add(torrent, peers=(by_v4,))
    other.add(torrent, peers=(by_v6,))
    swarm.run(5)
    peers = leech.session(torrent).torrent.peers
    assert seed.daemon.connections.external.addresses() == [by_v4.host, by_v6.host]
    assert by_v4 in [peer.address for peer in peers.values()]
    swarm.internet.lose(seed.site, v6=False)
    swarm.run_until(lambda: by_v6.host in [peer.address.host for peer in peers.values()], limit=150)
