"""Disks that are full, slow, broken or rotten."""

from __future__ import annotations

from typing import Any

from tests.scenarios.casts import KIB, MIB, PIECES, RATE, gather
from torrentd.model.errors import StorageError
from torrentd.simulate.disks.platter import Platter
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import Swarm
from torrentd.simulate.torrents import SimulatedTorrent


def error_of(node: Node, torrent: SimulatedTorrent) -> str:
    """The code of the torrent's error; empty if it has none."""
    error = node.control.row(torrent.id).error
    return "" if error is None else error.code


def test_a_full_disk_goes_on_when_there_is_room_and_seeds_meanwhile(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 2)
    small = swarm.node("small", Link(up=RATE), platter=Platter(free=2 * MIB))
    small.add(cast.torrent)
    cast.finish(limit=60)
    swarm.run(20)
    assert error_of(small, cast.torrent) == "disk_full"
    assert small.content(cast.torrent).good.count == 32
    assert small.control.row(cast.torrent.id).uploaded > 0
    small.machine.platter.free = 100 * MIB
    swarm.run_until(lambda: small.has_all(cast.torrent), limit=120)
    assert error_of(small, cast.torrent) == ""


def test_a_slow_disk_holds_its_peers_back_and_nobody_is_blamed(swarm: Swarm) -> None:
    """A disk that writes a tenth of what the network brings: the queue fills up, peers are not read, all arrives."""
    torrent = swarm.torrent(64 * MIB, 256 * KIB)
    fast = [swarm.node(f"fast{number}", Link(up=10 * RATE)) for number in range(2)]
    for node in fast:
        node.seed(torrent)
    swarm.run(0.5)
    slow = swarm.node("slow", platter=Platter(rate=2 * RATE), storage={"disk_queue": 4 * MIB})
    slow.add(torrent)
    most = 0
    while not slow.has_all(torrent):
        swarm.run(0.5)
        most = max(most, slow.daemon.host.disk.buffers.waiting)
        assert swarm.now < 100
    assert most < 8 * MIB
    assert slow.control.row(torrent.id).wasted < 0.02 * torrent.size


def test_a_disk_that_hangs_for_two_minutes_loses_no_peer(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)], storage={"disk_queue": MIB})
    swarm.run(2)
    leech = cast.leeches[0]
    disk: Any = leech.daemon.host.disk
    connected = leech.session(cast.torrent).torrent.peers.keys()
    before = list(connected)
    disk.hang(125.0)
    swarm.run(125)
    assert list(connected) == before
    assert cast.finish(limit=20) < 140


def test_writes_that_fail_stop_the_torrent_until_they_work_again(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 2)
    swarm.run(2)
    victim = cast.leeches[0]
    victim.machine.platter.faults.write = StorageError("/: Input/output error", "io_error", "/")
    swarm.run(5)
    assert error_of(victim, cast.torrent) == "io_error"
    victim.machine.platter.faults.write = None
    cast.finish(limit=120)


def test_a_flush_that_fails_is_not_believed(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)])
    swarm.run(3)
    leech = cast.leeches[0]
    leech.machine.platter.faults.flush = StorageError("/: Input/output error", "io_error", "/")
    swarm.run(6)
    leech.machine.platter.faults.flush = None
    cast.finish(limit=120)
    swarm.run_until(lambda: leech.control.row(cast.torrent.id).completed_at is not None, limit=60)


def test_a_seed_whose_piece_rotted_serves_the_rest(swarm: Swarm) -> None:
    torrent = swarm.torrent(4 * MIB, 64 * KIB)
    rotten = swarm.node("rotten", Link(up=RATE))
    rotten.seed(torrent)
    swarm.run(1)
    rotten.machine.platter.rot(rotten.content(torrent), 7)
    cast = gather(swarm, [Link(up=RATE)] * 3, torrent=torrent)
    cast.finish(limit=100)


def test_a_seed_whose_file_vanished_says_so_and_claims_it_no_more(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 2)
    swarm.run(2)
    cast.seed.machine.platter.lose(cast.seed.content(cast.torrent), 0)
    swarm.run(20)
    assert error_of(cast.seed, cast.torrent) == "files_missing"


def test_pieces_that_cannot_be_read_are_told_and_fetched_again(swarm: Swarm) -> None:
    """Peers hear of each (BEP 54): a leech asks others for it, and gives it back."""
    cast = gather(swarm, [Link(up=RATE)], seed=Link(up=RATE / 2))
    swarm.run(2)
    (leech,) = cast.leeches
    (seen,) = leech.session(cast.torrent).torrent.peers.values()
    assert seen.is_seed
    faults = cast.seed.machine.platter.faults
    faults.read = StorageError("/: Input/output error", "io_error", "/")
    swarm.run_until(lambda: seen.have.count < PIECES - 5, limit=30)
    faults.read = None
    swarm.run(0.5)
    lost = cast.seed.session(cast.torrent).torrent.missing.count
    assert lost == PIECES - seen.have.count > 5
    other = swarm.node("other", Link(up=RATE))
    other.seed(cast.torrent)
    for node in (cast.seed, leech):
        node.control.add_peers(cast.torrent.id, [other.address])
    cast.finish(limit=60)
    swarm.run_until(lambda: cast.seed.control.row(cast.torrent.id).progress == 1.0, limit=60)


def test_reads_that_miss_the_cache_are_served_too(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 3)
    cast.seed.machine.platter.faults.cached = False
    cast.seed.machine.platter.rate = 20 * RATE
    cast.finish(limit=60)
