"""Peers that send wrong data: found out, banned, and nobody else is."""

from __future__ import annotations

from random import Random

from tests.scenarios.casts import RATE, Cast, fluid_limit, gather
from torrentd.simulate.hostile.scripts import Corrupting, Nonsense
from torrentd.simulate.internet.links import Link
from torrentd.simulate.swarm import Swarm

MIB = 1024 * 1024


def crowd(swarm: Swarm, liars: int, share: float = 0.5) -> Cast:
    """Seven leeches and a seed, and so many liars that claim to have everything."""
    torrent = swarm.torrent(8 * MIB, 64 * 1024)
    for number in range(liars):
        swarm.stranger(f"liar{number}", torrent, Corrupting(Random(number), share), Link(up=RATE))
    return gather(swarm, [Link(up=RATE)] * 6, torrent=torrent)


def test_thirty_percent_liars_cost_at_most_half_as_much_again(swarm: Swarm) -> None:
    """7 honest, 3 liars. Clean is the same swarm with the liars mute: without their upload, that is. Everybody finds
    out all of them, and bans nobody else."""
    clean = crowd(Swarm(swarm.seed), liars=0).finish(limit=100)
    cast = crowd(swarm, liars=3)
    assert cast.finish(limit=100) < 1.5 * clean
    _check_bans(swarm, cast)


def _check_bans(swarm: Swarm, cast: Cast) -> None:
    """Every leech has banned all strangers, and nobody else."""
    for leech in cast.leeches:
        bans = leech.session(cast.torrent).torrent.bans
        assert not any(bans.reason(node.address) for node in cast.everybody)
        assert all(bans.reason(stranger.address) for stranger in swarm.strangers)


def test_rare_lies_are_found_out_too(swarm: Swarm) -> None:
    cast = crowd(swarm, liars=2, share=0.05)
    cast.finish(limit=100)
    lies = sum(stranger.script.lies for stranger in swarm.strangers if isinstance(stranger.script, Corrupting))
    assert 0 < lies < 100
    _check_bans(swarm, cast)


def test_nonsense_costs_its_connection(swarm: Swarm) -> None:
    torrent = swarm.torrent(8 * MIB, 64 * 1024)
    for number in range(3):
        swarm.stranger(f"mad{number}", torrent, Nonsense(Random(number)))
    cast = gather(swarm, [Link(up=RATE)] * 4, torrent=torrent)
    assert cast.finish(limit=60) < 1.2 * fluid_limit(cast)
    mad = {stranger.address.host for stranger in swarm.strangers}
    for leech in cast.leeches:
        knows = leech.session(torrent).torrent
        assert not mad & {peer.address.host for peer in knows.peers.values()}
        assert mad <= {closed.address.host for closed in knows.closed_peers}
