"""Trackers that die, lie and come back."""

from __future__ import annotations

from typing import Any

from tests.scenarios.casts import KIB, RATE, fluid_limit, gather
from torrentd.simulate.internet.links import Link
from torrentd.simulate.swarm import Swarm


def test_a_dead_tier_gives_way_to_the_next(swarm: Swarm) -> None:
    dead, silent, alive = (swarm.tracker(f"{name}.example") for name in ("dead", "silent", "alive"))
    dead.die()
    silent.over_udp.silent = True
    tiers = [[dead.http], ["http://nowhere.example/announce"], [silent.udp], [alive.http]]
    cast = gather(swarm, [Link(up=RATE)] * 3, torrent=swarm.torrent(1024 * KIB, 16 * KIB, tiers=tiers))
    cast.finish(limit=120)
    rows: Any = swarm.wait(cast.leeches[0].control.trackers(cast.torrent.id))
    assert "refused" in rows[0].message and "resolve" in rows[1].message and rows[2].message


def test_garbage_and_refusals_are_passed_over(swarm: Swarm) -> None:
    mad, full, alive = (swarm.tracker(f"{name}.example") for name in ("mad", "full", "alive"))
    mad.over_http.body = b"<html>"
    full.registry.failure = "we are full"
    cast = gather(
        swarm,
        [Link(up=RATE)] * 3,
        torrent=swarm.torrent(1024 * KIB, 16 * KIB, tiers=[[mad.http, full.udp], [alive.udp]]),
    )
    cast.finish(limit=60)


def test_a_swarm_outlives_its_tracker(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 5)
    swarm.run(2)
    swarm.trackers[0].die()
    assert cast.finish(limit=60) < 1.2 * fluid_limit(cast)


def test_who_starts_while_the_tracker_is_down_takes_part_when_it_is_back(swarm: Swarm) -> None:
    tracker = swarm.tracker()
    tracker.die()
    cast = gather(swarm, [Link(up=RATE)] * 3)
    swarm.run(60)
    assert cast.progress() == 0
    tracker.revive()
    cast.finish(limit=400)


def test_what_a_tracker_is_told_adds_up(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 4)
    cast.finish(limit=60)
    swarm.run(10)
    log = swarm.trackers[0].registry.log
    for node in cast.everybody:
        node.stop()
    swarm.run(10)
    for leech in cast.leeches:
        told = [entry for entry in log if entry.address == leech.address]
        assert [entry.event for entry in told] == ["started", "completed", "stopped"]
        assert [entry.left for entry in told] == [cast.torrent.size, 0, 0]
        assert told[-1].downloaded >= cast.torrent.size
    ups = sum(entry.uploaded for entry in log if entry.event == "stopped")
    downs = sum(entry.downloaded for entry in log if entry.event == "stopped")
    assert downs <= ups < 1.02 * downs


def test_a_thousand_torrents_do_not_storm_their_tracker(swarm: Swarm) -> None:
    """One daemon, a thousand torrents, one tracker: never more than two requests at once, and all are made."""
    node = swarm.node("many")
    swarm.run(0.1)
    torrents = [swarm.torrent(16 * KIB, 16 * KIB) for _ in range(1000)]
    for torrent in torrents:
        node.add(torrent)
    most = 0
    registry = swarm.trackers[0].registry
    while len({entry.info_hash for entry in registry.log}) < 1000:
        swarm.run(0.5)
        most = max(most, len(swarm.trackers[0].site.transports))
        assert swarm.now < 300
    assert most <= 2
    assert [row.state for row in node.control.changes(None).rows] == ["downloading"] * 1000
