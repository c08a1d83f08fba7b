"""Magnet links in whole swarms: metadata among liars, rejecters, the silent and the lost, and then the data."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenarios.casts import KIB, RATE
from torrentd.simulate.hostile.metadata import (
    FalseMetadata,
    LeavingWithMetadata,
    RejectingMetadata,
    SilentAboutMetadata,
)
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import Swarm
from torrentd.simulate.torrents import SimulatedTorrent
from torrentd.wire.peer.handshake import EXTENDED
from torrentd.wire.peer.metadata import piece_count


def long(swarm: Swarm) -> SimulatedTorrent:
    """Two MiB in so many files that the metadata has several pieces."""
    torrent = swarm.torrent(2000 * KIB, 16 * KIB, files=[KIB] * 2000)
    assert piece_count(len(torrent.metainfo.info)) > 3
    return torrent


def add_strangers(swarm: Swarm, torrent: SimulatedTorrent, kinds: list[Callable[[], SilentAboutMetadata]]) -> None:
    for number, kind in enumerate(kinds):
        swarm.stranger(f"stranger{number}", torrent, kind(), reserved=EXTENDED)


def leeches(swarm: Swarm, torrent: SimulatedTorrent, count: int) -> list[Node]:
    nodes = [swarm.node(f"leech{number}", Link(up=RATE)) for number in range(count)]
    for node in nodes:
        node.add_magnet(torrent)
    return nodes


def finish(swarm: Swarm, torrent: SimulatedTorrent, nodes: list[Node], limit: float) -> float:
    began = swarm.now
    swarm.run_until(lambda: all(node.has_all(torrent) for node in nodes), limit)
    return swarm.now - began


def test_a_swarm_that_has_the_link_only(swarm: Swarm) -> None:
    torrent = long(swarm)
    swarm.node("seed", Link(up=RATE)).seed(torrent)
    swarm.run(0.5)
    assert finish(swarm, torrent, leeches(swarm, torrent, 6), limit=60) < 20


def test_the_metadata_spreads_without_the_seed(swarm: Swarm) -> None:
    torrent = long(swarm)
    seed = swarm.node("seed", Link(up=RATE))
    seed.seed(torrent)
    swarm.run(0.5)
    (first,) = leeches(swarm, torrent, 1)
    finish(swarm, torrent, [first], limit=60)
    swarm.wait(seed.stop())
    (second,) = [swarm.node("late", Link(up=RATE))]
    second.add_magnet(torrent, peers=(first.address,))
    finish(swarm, torrent, [second], limit=60)


@pytest.mark.parametrize(
    ("kinds", "limit"),
    [
        ([FalseMetadata] * 3, 30),
        ([RejectingMetadata] * 3, 30),
        ([LeavingWithMetadata] * 3, 30),
        ([SilentAboutMetadata] * 3, 60),
        ([lambda: FalseMetadata(20_000)] * 3, 60),
        ([lambda: SilentAboutMetadata(20_000)] * 3, 90),
        ([lambda: FalseMetadata(2**25)] * 2, 90),
        ([lambda: SilentAboutMetadata(2**25 + 1)] * 2, 30),
        ([FalseMetadata, RejectingMetadata, LeavingWithMetadata, SilentAboutMetadata, lambda: FalseMetadata(7)], 90),
    ],
    ids=["liars", "rejecters", "deserters", "silent", "false sizes", "silent sizes", "huge", "too huge", "all"],
)
def test_among_strangers(swarm: Swarm, kinds: list[Callable[[], SilentAboutMetadata]], limit: float) -> None:
    torrent = long(swarm)
    add_strangers(swarm, torrent, kinds)
    seed = swarm.node("seed", Link(up=RATE))
    seed.seed(torrent)
    swarm.run(0.5)
    nodes = leeches(swarm, torrent, 3)
    finish(swarm, torrent, nodes, limit)
    for node in nodes:
        bans = node.session(torrent).torrent.bans
        assert not any(bans.reason(other.address) for other in [seed, *nodes])


def test_who_lies_alone_is_banned(swarm: Swarm) -> None:
    torrent = long(swarm)
    add_strangers(swarm, torrent, [FalseMetadata])
    (leech,) = leeches(swarm, torrent, 1)
    swarm.run(5)
    seed = swarm.node("seed", Link(up=RATE))
    seed.seed(torrent)
    leech.control.add_peers(torrent.id, [seed.address])
    finish(swarm, torrent, [leech], limit=60)
    bans = leech.session(torrent).torrent.bans  # they survive that the torrent is another object now
    assert bans.reason(swarm.strangers[0].address) == "sent false metadata"


def test_the_daemon_is_killed_and_goes_on(swarm: Swarm) -> None:
    torrent = long(swarm)
    (leech,) = leeches(swarm, torrent, 1)
    swarm.run(2)
    leech.crash()
    swarm.run(1)
    swarm.node("seed", Link(up=RATE)).seed(torrent)
    swarm.wait(leech.start(crashed=True))
    leech.control.add_peers(torrent.id, [swarm.nodes[-1].address])
    finish(swarm, torrent, [leech], limit=60)


def test_the_same_seed_is_the_same_story() -> None:
    digests = set()
    for _ in range(2):
        swarm = Swarm(3)
        torrent = long(swarm)
        add_strangers(swarm, torrent, [FalseMetadata, SilentAboutMetadata])
        swarm.node("seed", Link(up=RATE)).seed(torrent)
        finish(swarm, torrent, leeches(swarm, torrent, 2), limit=90)
        swarm.stop()
        digests.add(swarm.digest())
    assert len(digests) == 1
