"""Who gives gets, who is new gets a chance, and a seed treats all alike."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scenarios.casts import KIB, MIB, RATE, Cast, gather, mean
from torrentd.model.bitfield import Bitfield
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import Swarm
from torrentd.simulate.torrents import SimulatedTorrent

LOOK = 0.25
"""Seconds between two looks at who is unchoked."""


def unchoked_times(swarm: Swarm, node: Node, torrent: SimulatedTorrent, seconds: float) -> Counter[str]:
    """How long `node` let each peer (by address) ask, while it was interested."""
    times: Counter[str] = Counter()
    for _ in range(int(seconds / LOOK)):
        swarm.run(LOOK)
        for peer in node.session(torrent).torrent.peers.values():
            if peer.peer_interested and not peer.am_choking:
                times[peer.address.host] += LOOK  # type: ignore[assignment]
    return times


def test_who_uploads_more_finishes_sooner(swarm: Swarm) -> None:
    generous, mean_ones = [Link(up=RATE, down=4 * RATE)] * 8, [Link(up=RATE / 8, down=4 * RATE)] * 8
    cast = gather(swarm, [*generous, *mean_ones], seed=Link(up=RATE), size=16 * MIB)
    cast.finish(limit=300)
    assert mean(map(cast.took, cast.leeches[:8])) < mean(map(cast.took, cast.leeches[8:]))


def test_a_free_rider_finishes_last_and_finishes(swarm: Swarm) -> None:
    """What all send together is the limit here. Were it the seed, who is last would be luck: a seed of the leeches' own
    rate sends new bytes at R, the seven others pass them on to six each with links of 7 R, and the R that is left,
    which nobody else can use, is just what the rider needs to keep pace."""
    cast = gather(swarm, [Link(up=RATE / 2, down=4 * RATE)] * 8, size=16 * MIB, pieces=256, seed=Link(up=2 * RATE))
    rider = cast.leeches[-1]
    swarm.run(0.1)
    rider.control.set_limits(None, 0)
    cast.finish(limit=600)
    assert rider.control.row(cast.torrent.id).uploaded == 0
    assert max(cast.leeches, key=cast.took) is rider


def test_optimistic_unchokes_go_round(swarm: Swarm) -> None:
    """Ten peers that have nothing to give want all that one leech has: in ten minutes each gets as much time as the
    others."""
    torrent = swarm.torrent(64 * MIB, 64 * KIB)
    leech = swarm.node("leech", Link(up=8 * KIB), peers={"upload_slots": 2})
    leech.add(torrent, Bitfield(1024, range(512)))
    swarm.run(1)
    for number in range(10):
        swarm.node(f"poor{number}", Link(nat=True)).add(torrent)
    swarm.run(60)
    times = unchoked_times(swarm, leech, torrent, 600)
    assert len(times) == 10
    average = mean(times.values())
    assert all(abs(time - average) <= 2 for time in times.values()), sorted(times.values())


def test_a_seed_gives_all_the_same_time(swarm: Swarm) -> None:
    cast = gather(
        swarm, [Link(up=KIB, down=rate) for rate in (8 * KIB, 64 * KIB, RATE)] * 4, size=256 * MIB, seed=Link(up=RATE)
    )
    swarm.run(60)
    times = unchoked_times(swarm, cast.seed, cast.torrent, 600)
    assert len(times) == 12
    average = mean(times.values())
    assert all(abs(time - average) < 0.1 * average for time in times.values()), sorted(times.values())


@pytest.mark.parametrize("count", [3, 8])
def test_equals_finish_together(swarm: Swarm, count: int) -> None:
    cast: Cast = gather(swarm, [Link(up=RATE)] * count)
    cast.finish(limit=60)
    took = [cast.took(node) for node in cast.leeches]
    assert min(took) > 0.8 * max(took)
