"""Counters and times, saved while anything moves."""

import pytest
from twisted.internet.defer import fail

from tests.session.world import PIECE, Sample, result
from torrentd.model.errors import StorageError
from torrentd.session.saving import QUIET, SAVE_INTERVAL


@pytest.fixture
def torrent():
    return Sample()


def fetched(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    return seed, leech


def test_a_crash_loses_no_more_than_an_interval(make_home, world, torrent):
    seed, leech = fetched(make_home, world, torrent)
    world.run(SAVE_INTERVAL)
    for home in (seed, leech):
        before = home.row(torrent)
        home.crash()
        after = home.start().row(torrent)
        assert (after.uploaded, after.downloaded, after.active_at) == (
            before.uploaded,
            before.downloaded,
            before.active_at,
        )
    assert seed.row(torrent).uploaded == torrent.size


def test_totals_of_all_time_outlive_torrents_and_runs(make_home, world, torrent):
    _, leech = fetched(make_home, world, torrent)
    result(leech.steering.remove(torrent.id, True))
    leech.stop()
    totals = leech.start().steering.status().totals
    assert totals.session.downloaded == 0
    assert totals.all_time.downloaded == torrent.size


def test_a_database_that_takes_nothing_is_mentioned_once_a_minute(make_home, world, logged):
    torrent = Sample(files={"a": 100 * PIECE})
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(None, PIECE // 4))
    leech.add(torrent, peers=(seed.address,))
    seed.daemon.host.state.update = lambda *args, **columns: fail(StorageError("full", "disk_full"))
    world.run(3 * QUIET)
    assert 2 <= len([line for line in logged() if "counters could not be saved" in line]) <= 4
    del seed.daemon.host.state.update
    world.run(2 * SAVE_INTERVAL)
    uploaded = seed.row(torrent).uploaded
    seed.crash()
    assert seed.start().row(torrent).uploaded >= uploaded - 2 * PIECE * SAVE_INTERVAL


def test_nothing_is_planned_when_nothing_moves(home, world, torrent):
    home.put(torrent)
    home.add(torrent)
    world.run(60)
    assert home.daemon.around.saving._timer is None
