"""Pieces that are hard to get: the seed leaves early, a piece is on one slow peer, the swarm breaks in two."""

from __future__ import annotations

from tests.scenarios.casts import KIB, RATE, Cast, fluid_limit, gather, wasted
from torrentd.model.bitfield import Bitfield
from torrentd.simulate.internet.links import Link
from torrentd.simulate.swarm import Swarm


def test_a_seed_that_leaves_at_1_02_copies_leaves_a_whole_copy_behind(swarm: Swarm) -> None:
    """Not at 1.1, nor at 1.05: everybody is done by then, and nothing more is asked of it."""
    cast = gather(swarm, [Link(up=RATE)] * 10, pieces=256)
    enough = 1.02 * cast.torrent.size
    swarm.run_until(lambda: cast.seed.control.row(cast.torrent.id).uploaded >= enough, limit=60)
    cast.seed.stop()
    cast.finish(limit=60)


def test_the_rarest_piece_is_fetched_first(swarm: Swarm) -> None:
    """Everybody but one slow peer lacks it. It is on its way from the first second on, so that in the end nobody
    waits for it alone."""
    torrent = swarm.torrent(8 * 1024 * KIB, 64 * KIB)
    rare = 77
    slow = swarm.node("slow", Link(up=RATE / 16))
    slow.seed(torrent)
    common = Bitfield(128, (piece for piece in range(128) if piece != rare))
    others = [swarm.node(f"other{number}", Link(up=RATE / 4)) for number in range(4)]
    for node in others:
        node.add(torrent, common, verify="full")
    swarm.run(1)
    cast = gather(swarm, [Link(up=RATE / 4)] * 4, seed=Link(up=RATE / 4, nat=True), torrent=torrent)
    cast.seed.stop()
    swarm.run(1)
    swarm.run_until(lambda: any(rare in node.content(torrent).good for node in (*cast.leeches, *others)), limit=15)
    assert cast.progress() < 0.7
    cast.finish(limit=60)


def test_both_sides_of_a_partition_go_on_and_find_each_other_again(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 8)
    swarm.run(3)
    near = [cast.seed, *cast.leeches[:4]]
    swarm.internet.part([[node.site for node in near], [node.site for node in cast.leeches[4:]]])
    cast.finish(limit=30, who=cast.leeches[:4])
    swarm.run(200)  # long enough for silent connections to be given up
    before = cast.progress()
    assert 0.5 < before < 1.0
    swarm.internet.heal()
    cast.finish(limit=200)


def _through_a_partition(swarm: Swarm) -> Cast:
    """Six leeches that do not reach their seed for ten seconds."""
    cast = gather(swarm, [Link(up=RATE)] * 6)
    swarm.run(2)
    swarm.internet.part([[cast.seed.site], [node.site for node in cast.leeches]])
    swarm.run(10)
    swarm.internet.heal()
    return cast


def test_a_short_partition_costs_little_more_than_its_length(swarm: Swarm) -> None:
    cast = _through_a_partition(swarm)
    assert cast.finish(limit=100) < 2 * fluid_limit(cast) + 10


def test_a_short_partition_wastes_little(swarm: Swarm) -> None:
    cast = _through_a_partition(swarm)
    cast.finish(limit=100)
    assert wasted(cast.leeches, cast.torrent) < 0.02


def test_seeds_that_nobody_needs_part(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 4)
    cast.finish(limit=60)
    swarm.run(30)
    assert [node.daemon.connections.fleet.connections for node in cast.everybody] == [0] * 5
