"""Magnet links over a restart, and over a crash."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.session.magnets.links import add, link, magnet
from tests.session.world import Sample, result
from torrentd.model.address import Address
from torrentd.model.layout import Priority
from torrentd.session.control import FileChoice
from torrentd.state.suspects import PROBATION
from torrentd.swarm.events import PeersFound

NOBODY = Address("127.0.0.1", 9)


class TestRestart:
    def test_it_goes_on_with_everything(self, leech, seed, world, torrent):
        add(
            leech,
            link(torrent, "dn=x"),
            files=(FileChoice(Priority.SKIP, index=1),),
            labels=("y",),
            stop_after="download",
        )
        result(leech.steering.add_peers(torrent.id, [NOBODY]))
        for end in (leech.crash, leech.stop):
            end()
            leech.start()
            row = leech.row(torrent)
            assert (row.state, row.name, row.labels) == ("metadata", "x", ["y"])
        assert NOBODY in world.network.dialled
        result(leech.steering.add_peers(torrent.id, [seed.address]))
        world.until(lambda: leech.row(torrent).state == "paused", 60)
        assert [file.priority for file in result(leech.steering.files(torrent.id))][1] == "skip"

    def test_the_order_stays(self, leech, seed, world, torrent):
        other = Sample("other")
        add(leech, link(torrent))
        leech.add(other)
        assert leech.steering.ids() == [torrent.id, other.id]
        leech.stop()
        leech.start()
        assert leech.steering.ids() == [torrent.id, other.id]
        result(leech.steering.add_peers(torrent.id, [seed.address]))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        assert leech.steering.ids() == [torrent.id, other.id]
        leech.stop()
        leech.start()
        assert leech.steering.ids() == [torrent.id, other.id]

    def test_while_it_becomes_a_torrent(self, leech, seed, world, torrent):
        """The record of the torrent is being committed when the process dies, or just was not."""
        add(leech, link(torrent), peers=(seed.address,))
        leech.keeper.hangs = True
        world.until(lambda: leech.keeper.waiting, 60)
        assert leech.row(torrent).state == "metadata"
        leech.crash()
        leech.start()
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        assert leech.same(torrent)

    def test_a_record_that_cannot_be_used_stops_nothing(self, leech, seed, world, torrent, logged):
        add(leech, link(torrent))
        session = magnet(leech, torrent)
        session.change(link="magnet:?nonsense")
        world.run()
        leech.stop()
        leech.start()
        row = leech.row(torrent)
        assert (row.state, row.error.code) == ("error", "invalid")
        assert "xt=urn:btih" in row.error.message
        add(leech, link(torrent), peers=(seed.address,))  # adding it again mends it
        world.until(lambda: leech.row(torrent).state == "seeding", 60)


class TestCrashes:
    """Home.crash leaves no evidence of its own; `crashed` says whose fault it was."""

    def test_one_crash_and_it_begins_alone(self, leech, world, torrent):
        add(leech, link(torrent))
        leech.add(Sample("other"))
        leech.crash()
        leech.start(crashed=True)
        assert magnet(leech, torrent).torrent.running
        assert not leech.session(Sample("other")).torrent.running
        world.run(PROBATION)
        assert leech.session(Sample("other")).torrent.running

    def test_two_crashes_and_it_is_left_out_until_it_is_resumed(self, leech, seed, world, torrent):
        add(leech, link(torrent))
        for _ in range(2):
            leech.crash()
            leech.start(crashed=True)
        result(leech.steering.add_peers(torrent.id, [seed.address]))
        world.run(2 * PROBATION)
        assert leech.row(torrent).error.code == "quarantined"
        assert not magnet(leech, torrent).torrent.running
        (failed,) = result(leech.steering.wait([torrent.id], "metadata", 5)).failed
        assert "crashed twice" in failed.message
        leech.stop()
        assert leech.start().row(torrent).error.code == "quarantined"
        result(leech.steering.resume(torrent.id, False))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        leech.crash()
        leech.start(crashed=True)
        assert leech.row(torrent).error is None

    def test_metadata_that_comes_late_and_crashes_us_counts(self, leech, seed, world, torrent):
        """Each time long after the first minute."""
        add(leech, link(torrent))
        for _ in range(2):
            assert leech.row(torrent).error is None
            world.run(2 * PROBATION)
            leech.daemon.adding.parse = lambda data: Deferred()  # the crash comes here
            magnet(leech, torrent).handle(PeersFound([seed.address], "tracker"))
            world.run(30)
            leech.crash()
            leech.start(crashed=True)
        assert leech.row(torrent).error.code == "quarantined"

    def test_metadata_that_came_long_ago_is_no_suspect(self, leech, seed, world, torrent):
        add(leech, link(torrent, f"x.pe={seed.address}"), stop_after="metadata")
        world.until(lambda: leech.row(torrent).state == "paused", 60)
        for _ in range(2):
            leech.crash()
            leech.start(crashed=True)
        assert leech.row(torrent).error is None

    def test_a_quiet_minute_is_enough_while_nothing_has_come(self, leech, world, torrent):
        add(leech, link(torrent))
        for _ in range(3):
            world.run(PROBATION + 1)
            leech.crash()
            leech.start(crashed=True)
        assert magnet(leech, torrent).torrent.running
