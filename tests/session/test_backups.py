"""Copies of the database."""

import pytest
from twisted.internet.defer import fail

from tests.session.world import Sample, result
from torrentd.model.errors import StorageError
from torrentd.session.backups import DAILY, SOON


@pytest.fixture
def backup(home):
    return home.root / "state" / "torrentd.db.backup"


def test_soon_after_torrents_came_and_went(home, world, backup):
    torrent = Sample()
    home.add(torrent, paused=True)
    world.run(SOON - 1)
    assert not backup.exists()
    world.run(1)
    assert backup.exists()
    backup.unlink()
    result(home.steering.remove(torrent.id, False))
    world.run(SOON)
    assert backup.exists()


def test_daily_and_at_a_clean_stop(home, world, backup):
    world.run(DAILY)
    assert backup.exists()
    backup.unlink()
    home.stop()
    assert backup.exists()


def test_one_that_is_under_way_when_the_daemon_stops_is_the_last(home, world):
    home.keeper.hangs = True
    world.run(DAILY)
    home.stop()
    home.keeper.go_on()
    assert not world.reactor.getDelayedCalls()


def test_one_that_fails_is_tried_again(home, world, backup):
    home.daemon.host.state.backup = lambda: fail(StorageError("full", "disk_full"))
    world.run(DAILY)
    assert not backup.exists()
    del home.daemon.host.state.backup
    world.run(DAILY)
    assert backup.exists()
