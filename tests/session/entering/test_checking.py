"""Hashing what is on the disk."""

import pytest
from twisted.internet.defer import gatherResults

from tests.session.world import PIECE, Sample, result


@pytest.fixture
def torrent():
    return Sample()


def test_two_wishes_are_one_check(home, torrent):
    home.put(torrent)
    session = home.add(torrent)
    home.system.calls.clear()
    home.worker.hangs = True
    checks = [home.daemon.around.checks.verify(session) for _ in range(3)]
    assert home.row(torrent).state == "checking"
    home.worker.go_on()
    result(gatherResults(checks))
    assert home.row(torrent).state == "seeding"
    assert home.system.calls.count("preadv") == torrent.piece_count


def test_what_becomes_doubtful_during_a_check_is_hashed_in_it(home, torrent):
    home.put(torrent)
    session = home.add(torrent)
    home.worker.hangs = True
    over = home.daemon.around.checks.verify(session)
    done, job, args = home.worker.waiting.pop(0)
    home.path(torrent, "a.bin").write_bytes(bytes(5 * PIECE))
    session.doubt([0])
    home.worker.waiting.insert(0, (done, job, args))
    home.worker.go_on()
    result(over)
    assert list(session.torrent.have) == [5, 6, 7, 8]
    assert session.doubtful.count == 0


def test_one_torrent_at_a_time_and_all_in_the_end(home):
    torrents = [Sample(name) for name in ("one", "two", "three")]
    for torrent in torrents:
        home.put(torrent)
        home.add(torrent)
    home.worker.hangs = True
    for torrent in torrents:
        result(home.steering.verify(torrent.id))
    assert {home.row(torrent).state for torrent in torrents} == {"checking"}
    assert len(home.worker.waiting) == 1
    home.worker.go_on()
    assert {home.row(torrent).state for torrent in torrents} == {"seeding"}


def test_progress_is_shown(home, torrent):
    home.put(torrent)
    session = home.add(torrent)
    seen = []
    real = home.daemon.around.touched
    home.daemon.around.touched = lambda of: (seen.append(of.checking), real(of))
    result(home.steering.verify(torrent.id))
    shown = [progress for progress in seen if progress is not None]
    assert shown[0] == 0.0
    assert shown[-1] == 1.0
    assert session.checking is None


def test_wrong_data_is_found_and_given_up(home, torrent):
    home.put(torrent)
    session = home.add(torrent)
    with home.path(torrent, "a.bin").open("r+b") as file:
        file.write(b"wrong")
    result(home.steering.verify(torrent.id))
    assert list(session.torrent.have) == list(range(1, 9))
    assert session.durability.have == session.torrent.have
    home.crash()
    assert list(home.start().session(torrent).torrent.have) == list(range(1, 9))


def test_a_check_that_fails_is_repeated_until_it_succeeds(home, world, torrent):
    home.put(torrent)
    session = home.add(torrent)
    home.system.errors["preadv"] = 5  # EIO
    result(home.steering.verify(torrent.id))
    assert (home.row(torrent).state, home.row(torrent).error.code) == ("error", "io_error")
    assert not session.torrent.running
    world.run(100)
    assert not session.torrent.running
    del home.system.errors["preadv"]
    world.until(lambda: home.row(torrent).state == "seeding", 60)


def test_a_verify_in_the_middle_of_a_download_loses_nothing(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(None, PIECE))
    leech.add(torrent, peers=(seed.address,))
    session = leech.session(torrent)
    world.until(lambda: session.torrent.have.count >= 3, 60)
    had = session.torrent.have.copy()
    result(leech.steering.verify(torrent.id))
    assert session.torrent.have == had
    assert session.durability.have == had
    world.until(lambda: leech.row(torrent).completed_at, 180)
    assert leech.same(torrent)


def test_a_bug_in_a_check_costs_that_torrent(home, torrent):
    other = Sample("other")
    for each in (torrent, other):
        home.put(each)
        home.add(each)

    def check(*args):
        raise ZeroDivisionError

    home.session(torrent).storage.check = check
    result(home.steering.verify(torrent.id))
    result(home.steering.verify(other.id))
    assert home.row(torrent).error.code == "internal"
    assert home.row(other).state == "seeding"
