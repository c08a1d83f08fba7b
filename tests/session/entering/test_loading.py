"""What a start makes of the database: nothing in it keeps the daemon from starting."""

import sqlite3

import pytest
from twisted.internet.defer import Deferred

from tests.session.world import Sample, error, result
from torrentd.session.control import AddOptions
from torrentd.session.entering import loading
from torrentd.state.suspects import PROBATION


@pytest.fixture
def torrent():
    return Sample()


def change(home, statement):
    """Tamper with the database."""
    connection = sqlite3.connect(home.root / "state" / "torrentd.db", isolation_level=None)
    connection.execute(statement)
    connection.close()


@pytest.fixture
def broken(home, torrent):
    """A home with a torrent whose record cannot be used, and a good one."""
    good = Sample("good")
    home.put(good)
    home.add(good)
    home.add(torrent)
    home.stop()
    change(home, "UPDATE torrent SET file_count = 7, priorities = x'' WHERE name = 'sample'")
    home.start()
    assert home.row(good).state == "seeding"
    return home


def test_a_broken_record_is_listed_with_its_reason(broken, torrent):
    row = broken.row(torrent)
    assert (row.state, row.error.code, row.name) == ("error", "invalid", "sample")
    assert "files" in row.error.message
    assert torrent.id in broken.steering.ids()
    assert torrent.id in [row.id for row in broken.steering.changes(None).rows]
    assert broken.steering.status().torrents.by_state == {"seeding": 1, "error": 1}


def test_a_broken_record_answers_no_other_calls(broken, torrent):
    for call in (broken.steering.pause, broken.steering.verify, broken.steering.files):
        assert error(lambda call=call: call(torrent.id)).name == "wrong_state"
    assert result(broken.steering.wait([torrent.id], "download", 60)).failed[0].id == torrent.id


def test_a_broken_record_can_be_removed(broken, torrent):
    seen = broken.steering.changes(None).revision
    result(broken.steering.remove(torrent.id, True))
    assert broken.steering.changes(seen).removed == [torrent.id]
    broken.stop()
    broken.start()
    assert len(broken.steering.ids()) == 1


def test_a_broken_record_can_be_replaced(broken, torrent):
    assert result(broken.steering.add(torrent.metainfo, AddOptions())) == (torrent.id, True)
    assert broken.row(torrent).state == "downloading"
    broken.stop()
    assert broken.start().row(torrent).state == "downloading"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE metainfo SET data = x'6465'",
        'UPDATE torrent SET limits = \'{"down": "fast"}\'',
        "UPDATE torrent SET priorities = x'0909'",
    ],
)
def test_other_damage(home, torrent, statement):
    home.add(torrent)
    home.stop()
    change(home, statement)
    home.start()
    assert home.row(torrent).error.code == "invalid"


def test_a_bug_in_loading_costs_one_torrent(home, torrent, monkeypatch):
    other = Sample("other")
    home.add(torrent)
    home.add(other)
    home.stop()
    home.make()
    real = loading.build

    def build(around, record, *others):
        if record.name == "sample":
            raise ZeroDivisionError
        return real(around, record, *others)

    monkeypatch.setattr(loading, "build", build)
    result(Deferred.fromCoroutine(home.daemon.start()))
    home.world.run()
    assert home.row(torrent).error.code == "invalid"
    assert home.row(other).state == "downloading"


def test_one_crash_and_the_torrent_begins_alone(home, world):
    torrents = [Sample("one"), Sample("two")]
    for torrent in torrents:
        home.add(torrent)
    home.crash()
    home.start(crashed=True)
    running = [home.session(torrent).torrent.running for torrent in torrents]
    assert running == [True, False]
    world.run(PROBATION)
    assert home.session(torrents[1]).torrent.running


def test_two_crashes_and_it_is_left_out_until_it_is_resumed(home, world, torrent):
    home.put(torrent)
    home.add(torrent)
    home.crash()
    home.start(crashed=True)
    home.crash()
    home.start(crashed=True)
    world.run(2 * PROBATION)
    assert home.row(torrent).error.code == "quarantined"
    assert not home.session(torrent).torrent.running
    assert error(lambda: home.steering.verify(torrent.id)).name == "wrong_state"
    home.stop()
    home.start()
    assert home.row(torrent).error.code == "quarantined"
    result(home.steering.resume(torrent.id, False))
    assert home.row(torrent).state == "seeding"
    home.stop()
    assert home.start().row(torrent).state == "seeding"


def test_a_run_of_a_minute_clears_the_suspicion(home, world, torrent):
    home.add(torrent)
    home.crash()
    home.start(crashed=True)
    world.run(PROBATION + 1)
    home.crash()
    home.start(crashed=True)
    assert home.session(torrent).torrent.running


def test_kill_is_nobodys_fault(home, torrent):
    home.add(torrent)
    for _ in range(4):
        home.crash()
        home.start(crashed=False)
    assert home.session(torrent).torrent.running


def test_a_restored_backup_claims_nothing_that_is_not_there(home, torrent):
    home.put(torrent)
    home.add(torrent)
    home.stop()
    (home.root / "state" / "torrentd.db").write_bytes(b"rubbish" * 1000)
    home.path(torrent, "sub/b.txt").unlink()
    home.start()
    assert home.row(torrent).error.code == "files_missing"
    home.put(torrent)
    result(home.steering.resume(torrent.id, False))
    assert home.row(torrent).state == "seeding"
    assert "preadv" in home.system.calls


def test_a_file_that_somebody_changed_is_hashed(home, torrent):
    home.put(torrent)
    home.add(torrent)
    home.stop()
    path = home.path(torrent, "a.bin")
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)
    home.system.calls.clear()
    session = home.start().session(torrent)
    assert list(session.torrent.have) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert session.durability.have == session.torrent.have
    assert home.row(torrent).state == "downloading"
