"""Starts that are interrupted, and databases that do not open."""

import errno
import sqlite3

import pytest
from twisted.internet.defer import CancelledError, Deferred

from tests.session.world import Sample, error, result
from torrentd.model.errors import StorageError


def starting(home):
    """A start that has only begun."""
    home.make()
    home.keeper.hangs = True
    return Deferred.fromCoroutine(home.daemon.start())


def test_a_stop_while_the_database_is_being_opened(home, world):
    home.add(Sample())
    home.stop()
    start = starting(home)
    start.cancel()
    assert isinstance(error(lambda: start), CancelledError)
    began = world.reactor.seconds()
    home.stop()
    assert world.reactor.seconds() - began < 4
    assert len(home.start().steering.ids()) == 1


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_stop_while_torrents_are_being_loaded(home, world, steps):
    torrents = [Sample(name) for name in ("one", "two", "three")]
    for torrent in torrents:
        home.add(torrent)
    home.stop()
    start = starting(home)
    for _ in range(steps):
        if home.keeper.waiting:
            done, job, args = home.keeper.waiting.pop(0)
            done.callback(job(*args))
    start.addErrback(lambda failure: failure.trap(CancelledError))
    start.cancel()
    home.keeper.go_on()
    world.run()
    home.stop()
    home.start()
    assert sorted(home.row(torrent).state for torrent in torrents) == ["downloading"] * 3
    assert home.daemon.around.broken == {}


def test_a_database_of_a_newer_version_is_not_touched(home):
    home.add(Sample())
    home.stop()
    path = home.root / "state" / "torrentd.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    home.make()
    problem = error(lambda: Deferred.fromCoroutine(home.daemon.start()))
    assert isinstance(problem, StorageError)
    assert str(path) in str(problem)
    home.stop()
    assert path.exists()


def test_verify_while_the_disk_is_full(make_home, world):
    torrent = Sample(files={"a.bin": 20 * 32 * 1024})
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.system.errors["pwritev"] = errno.ENOSPC
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).error, 60)
    result(leech.steering.verify(torrent.id))
    assert leech.row(torrent).error is None
    world.until(lambda: leech.row(torrent).error, 300)  # when it has found a peer again
    assert leech.row(torrent).error.code == "disk_full"
    del leech.system.errors["pwritev"]
    world.until(lambda: leech.row(torrent).state == "seeding", 300)
    assert leech.same(torrent)
