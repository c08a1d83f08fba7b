"""Swarms without a tracker: everybody knows one other at first, and learns of the rest from it (BEP 11)."""

from __future__ import annotations

from tests.scenarios.casts import KIB, RATE
from torrentd.model.bitfield import Bitfield
from torrentd.policy.choking.slots import WORTH
from torrentd.simulate.hostile.scripts import FAST, Begging, Refusing, Stuck
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import Swarm
from torrentd.simulate.torrents import SimulatedTorrent

CLIENTS = 6


def chain(swarm: Swarm, torrent: SimulatedTorrent) -> list[Node]:
    """Each knows the one before it. Nobody has anything."""
    nodes = [swarm.node(f"client{number}", Link(up=RATE)) for number in range(CLIENTS)]
    for node, before in zip(nodes, [None, *nodes], strict=False):
        node.add(torrent, peers=() if before is None else (before.address,))
    swarm.run(2)
    return nodes


def connections(nodes: list[Node], torrent: SimulatedTorrent) -> list[int]:
    return [len(node.session(torrent).torrent.peers) for node in nodes]


def test_six_that_know_one_address_each_end_up_fully_connected(swarm: Swarm) -> None:
    """The farthest learn of each other in the third message of those between them, the second of which comes after a
    minute."""
    torrent = swarm.torrent(1024 * KIB, 64 * KIB, tiers=[])
    nodes = chain(swarm, torrent)
    assert connections(nodes, torrent) == [1, 2, 2, 2, 2, 1]
    swarm.run_until(lambda: connections(nodes, torrent) == [CLIENTS - 1] * CLIENTS, limit=150)
    sources = {peer.source for peer in nodes[0].session(torrent).torrent.peers.values()}
    assert sources <= {"incoming", "pex"}
    seed = swarm.node("seed", Link(up=RATE))
    seed.seed(torrent, peers=(nodes[0].address,))
    swarm.run_until(lambda: all(node.has_all(torrent) for node in nodes), limit=60)


def test_a_private_torrent_stays_with_whom_it_was_given(swarm: Swarm) -> None:
    torrent = swarm.torrent(1024 * KIB, 64 * KIB, tiers=[], private=True)
    nodes = chain(swarm, torrent)
    swarm.run(200)
    assert connections(nodes, torrent) == [1, 2, 2, 2, 2, 1]


# --- the fast extension


def test_who_rejects_everything_holds_up_little(swarm: Swarm) -> None:
    torrent = swarm.torrent(4096 * KIB, 64 * KIB)
    for number in range(3):
        swarm.stranger(f"refusing{number}", torrent, Refusing(), reserved=FAST)
    seed, leech = swarm.node("seed", Link(up=RATE)), swarm.node("leech", Link(up=RATE))
    seed.seed(torrent)
    leech.add(torrent)
    assert swarm.run_until(lambda: leech.has_all(torrent), limit=60) < 1.5 * torrent.size / RATE + 5


def test_who_begs_while_it_is_choked_gets_no_more_than_ten_pieces(swarm: Swarm) -> None:
    """The slot is taken by who wants the rest; the beggar is told what it may have, and asks for that without end."""
    torrent = swarm.torrent(4096 * KIB, 64 * KIB)
    giver = swarm.node("giver", Link(up=WORTH), peers={"upload_slots": 1})
    giver.add(torrent, Bitfield(64, range(63)))
    taker = swarm.node("taker", Link(up=RATE))
    taker.add(torrent)
    swarm.run(3)
    beggar = Begging()
    swarm.stranger("beggar", torrent, beggar, reserved=FAST).dial(giver.address)
    swarm.run_until(lambda: taker.content(torrent).good.count == 63, limit=300)
    assert 0 < beggar.got <= 10 * 64 * KIB


def test_who_waits_at_a_seed_for_what_others_have_is_told_what_nobody_has(swarm: Swarm) -> None:
    """What is suggested left the seed for nobody yet."""
    torrent = swarm.torrent(4096 * KIB, 64 * KIB, tiers=[])
    seed = swarm.node("seed", Link(up=RATE / 4))
    seed.seed(torrent)
    swarm.run(0.5)
    leeches = [swarm.node(f"leech{number}", Link(up=RATE)) for number in range(4)]
    for leech in leeches:
        leech.add(torrent, peers=(seed.address, *(other.address for other in leeches)))
    swarm.run_until(lambda: leeches[0].content(torrent).good.count > 3, limit=20)
    common = next(iter(leeches[0].content(torrent).good))
    stuck = Stuck(range(common, common + 1))
    swarm.stranger("stuck", torrent, stuck, reserved=FAST).dial(seed.address)
    had: set[int] = set()
    while not stuck.suggested:
        had = {piece for leech in leeches for piece in leech.content(torrent).good}
        swarm.run(0.05)
        assert swarm.now < 60
    assert not had & stuck.suggested.keys()
    swarm.run_until(lambda: all(leech.has_all(torrent) for leech in leeches), limit=120)
