"""Rate limits, as they are seen on the link: everything that the protocol sends is in the numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenarios.casts import KIB, MIB, gather, mean
from torrentd.policy.rates.weights import WEIGHTS
from torrentd.session.control import Wishes
from torrentd.session.telling.rows import LimitsRow
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import Swarm
from torrentd.simulate.torrents import SimulatedTorrent

LOOK = 0.05
"""Seconds between two looks at the link."""

LIMIT = 500_000
FAST = Link(up=20e6)
OTHER_TRAFFIC = 3000
"""Bytes: announces and handshakes of a scenario's first seconds, which are no torrent's traffic."""


class Measured:
    """What a link carried in `seconds`."""

    def __init__(self, swarm: Swarm, carried: Callable[[], int], seconds: float) -> None:
        looks = [carried()]
        for _ in range(round(seconds / LOOK)):
            swarm.run(LOOK)
            looks.append(carried())
        second = round(1 / LOOK)
        self.rate = (looks[-1] - looks[0]) / seconds
        self.worst_second = max(after - before for before, after in zip(looks, looks[second:], strict=False))


def check(measured: Measured, limit: float = LIMIT) -> None:
    assert measured.rate == pytest.approx(limit, rel=0.03)
    assert measured.worst_second <= 1.2 * limit + OTHER_TRAFFIC


@pytest.mark.parametrize("own", [False, True], ids=["daemon", "torrent"])
@pytest.mark.parametrize("leeches", [1, 6])
def test_upload(swarm: Swarm, own: bool, leeches: int) -> None:
    cast = gather(swarm, [FAST] * leeches, FAST, size=64 * MIB)
    if own:
        cast.seed.control.set(cast.torrent.id, Wishes(limits={"up": LIMIT}))
    else:
        cast.seed.control.set_limits(None, LIMIT)
    check(Measured(swarm, lambda: cast.seed.site.up.carried, 10))


@pytest.mark.parametrize("own", [False, True], ids=["daemon", "torrent"])
@pytest.mark.parametrize("seeds", [1, 6])
def test_download(swarm: Swarm, own: bool, seeds: int) -> None:
    torrent = swarm.torrent(32 * MIB, 256 * KIB)
    for number in range(seeds):
        swarm.node(f"seed{number}", FAST).seed(torrent)
    swarm.run(0.5)
    leech = swarm.node("leech", FAST, limits={"download": 0 if own else LIMIT})
    leech.add(torrent, limits=LimitsRow(down=LIMIT if own else None))
    check(Measured(swarm, lambda: leech.site.down.carried, 10))


def test_a_limit_that_is_changed_counts_at_once(swarm: Swarm) -> None:
    cast = gather(swarm, [FAST] * 3, FAST, size=256 * MIB)
    seed = cast.seed
    swarm.run(5)
    seed.control.set_limits(None, LIMIT)
    swarm.run(1)  # what is in the sockets leaves
    check(Measured(swarm, lambda: seed.site.up.carried, 10))
    seed.control.set_limits(None, 2 * LIMIT)
    check(Measured(swarm, lambda: seed.site.up.carried, 10), 2 * LIMIT)
    seed.control.set_limits(None, 0)
    swarm.run(1)
    uploaded = seed.control.row(cast.torrent.id).uploaded
    left = Measured(swarm, lambda: seed.site.up.carried, 10).rate
    assert seed.control.row(cast.torrent.id).uploaded == uploaded
    assert left < 1 * KIB  # rejects of what is taken back


def sent(node: Node, torrent: SimulatedTorrent) -> dict[str, int]:
    """What it sent to each peer."""
    return {peer.address.host: peer.uploaded for peer in node.session(torrent).torrent.peers.values()}


def test_peers_of_a_torrent_get_the_same(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=KIB, nat=True)] * 6, FAST, size=64 * MIB, pieces=512)
    cast.seed.control.set(cast.torrent.id, Wishes(limits={"up": LIMIT}))
    swarm.run_until(lambda: cast.seed.session(cast.torrent).torrent.sharing is None, 60)  # it is no initial seed now
    before = sent(cast.seed, cast.torrent)
    swarm.run(20)
    got = [count - before[host] for host, count in sent(cast.seed, cast.torrent).items()]
    assert len(got) == 6
    assert max(got) - min(got) < 0.05 * mean(got), got


def test_torrents_get_the_same_whatever_their_number_of_peers(swarm: Swarm) -> None:
    torrents = [swarm.torrent(64 * MIB, 256 * KIB) for _ in range(4)]
    seed = swarm.node("seed", FAST, limits={"upload": LIMIT})
    for torrent in torrents:
        seed.seed(torrent)
    swarm.run(0.5)
    for number, torrent in enumerate(torrents):
        for other in range(1 + 2 * number):
            swarm.node(f"leech{number}-{other}", Link(up=KIB, nat=True)).add(torrent)
    swarm.run(5)
    before = [seed.session(torrent).torrent.totals.uploaded for torrent in torrents]
    check(Measured(swarm, lambda: seed.site.up.carried, 20))
    got = [
        seed.session(torrent).torrent.totals.uploaded - start for torrent, start in zip(torrents, before, strict=True)
    ]
    assert max(got) - min(got) < 0.05 * mean(got), got


def test_a_torrent_of_a_higher_priority_gets_more(swarm: Swarm) -> None:
    """Of an upload limit and of a download limit that all three could use up, and nothing of it is wasted."""
    torrents = {priority: swarm.torrent(64 * MIB, 256 * KIB) for priority in WEIGHTS}
    middle = swarm.node("middle", FAST, limits={"upload": LIMIT, "download": LIMIT})
    others = {priority: swarm.torrent(64 * MIB, 256 * KIB) for priority in WEIGHTS}
    source = swarm.node("source", FAST)
    for priority in WEIGHTS:
        middle.seed(torrents[priority])
        source.seed(others[priority])
    swarm.run(0.5)
    sink = swarm.node("sink", Link(up=KIB, nat=True))
    for priority in WEIGHTS:
        sink.add(torrents[priority])
        middle.add(others[priority], priority=priority)
        middle.control.set(torrents[priority].id, Wishes(priority=priority))
    swarm.run(5)
    before = [middle.control.row(torrent.id) for torrent in (*torrents.values(), *others.values())]
    check(Measured(swarm, lambda: middle.site.up.carried, 10))
    moved = [
        (row.uploaded - start.uploaded, row.downloaded - start.downloaded)
        for start in before
        for row in [middle.control.row(start.id)]
    ]
    for got in ([up for up, _ in moved[:3]], [down for _, down in moved[3:]]):
        shares = [count / sum(got) for count in got]
        assert shares == pytest.approx([weight / sum(WEIGHTS.values()) for weight in WEIGHTS.values()], rel=0.1)
