"""Idle torrents sleep, wake when somebody needs them, and nothing is lost between."""

from __future__ import annotations

import gc
import os
from weakref import ref

import pytest
from twisted.internet.defer import Deferred

from tests.session.world import ASLEEP, PIECE, Sample, error, result
from torrentd.model.address import Address
from torrentd.model.errors import StorageError
from torrentd.model.layout import Priority
from torrentd.session.control import FileChoice
from torrentd.session.sleeping.dormancy import KEPT, LINGER
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.telling.rows import LimitsRow


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def asleep(home, world, torrent):
    """A home with a seed that sleeps."""
    home.put(torrent)
    home.add(torrent)
    world.run(ASLEEP)
    assert sleeps(home, torrent)
    return home


def sleeps(home, torrent):
    return isinstance(home.daemon.around.torrents[bytes.fromhex(torrent.id)], Sleeper)


# --- falling asleep


def test_an_idle_torrent_sleeps_and_its_row_stays(home, world, torrent):
    home.put(torrent)
    home.add(torrent)
    world.run(LINGER / 2)
    assert not sleeps(home, torrent)
    before = home.row(torrent)
    seen = home.steering.changes(None).revision
    world.run(ASLEEP)
    assert sleeps(home, torrent)
    after = home.row(torrent)
    assert after.seeding_time - before.seeding_time in (int(ASLEEP), int(ASLEEP) + 1)
    assert {name: getattr(after, name) for name in after.__struct_fields__ if name != "seeding_time"} == {
        name: getattr(before, name) for name in before.__struct_fields__ if name != "seeding_time"
    }
    assert home.steering.changes(seen).rows == []  # sleeping is nobody's business


def test_a_session_is_freed_when_it_falls_asleep(home, world, torrent):
    """Not only at the next garbage collection: thousands that fall asleep together would be held until then."""
    home.put(torrent)
    session = ref(home.add(torrent))
    gc.disable()
    try:
        world.run(ASLEEP)
        assert sleeps(home, torrent)
        assert session() is None
    finally:
        gc.enable()


def test_nothing_is_scheduled_for_sleepers(asleep, world):
    assert not asleep.daemon.around.sessions
    world.run(ASLEEP)
    daemon = asleep.daemon
    calls = world.reactor.getDelayedCalls()
    assert {call.func.__self__ for call in calls} <= {daemon.backups, daemon.around.saving}


def test_of_many_idle_torrents_few_stay_awake(home, world):
    for number in range(KEPT + 20):
        sample = Sample(f"t{number}", {"a": 100})
        home.put(sample)
        home.add(sample)
    world.run(1.0)
    assert len(home.daemon.around.sessions) == KEPT
    assert len(home.daemon.around.torrents) == KEPT + 20
    assert home.steering.status().torrents.by_state == {"seeding": KEPT + 20}


def test_a_sleeper_holds_no_file_list_and_no_hashes(asleep, torrent):
    sleeper = asleep.daemon.around.torrents[bytes.fromhex(torrent.id)]
    assert sleeper.rest is None
    assert set(Sleeper.__slots__) == {
        "active_since",
        "due",
        "finished",
        "known",
        "paused",
        "peer_id",
        "rest",
        "row",
        "seeding_time",
        "since",
    }
    assert not asleep.daemon.around.trouble._said
    assert not asleep.daemon.around.saving._unsaved


def test_equal_parts_of_rows_exist_once(home, world):
    for name in ("one", "two"):
        home.put(Sample(name))
        home.add(Sample(name))
    world.run(ASLEEP)
    one, two = (torrent.row for torrent in home.daemon.around.torrents.values())
    for part in ("download_dir", "limits", "peers", "labels", "progress"):
        assert getattr(one, part) is getattr(two, part), part


def test_who_downloads_or_has_peers_stays_awake(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(None, 2000))
    leech.add(torrent, peers=(seed.address,))
    world.run(ASLEEP)
    assert not sleeps(seed, torrent)
    assert not sleeps(leech, torrent)
    result(seed.steering.set_limits(None, None))
    world.until(lambda: leech.row(torrent).completed_at, 60)


def test_what_cannot_be_saved_does_not_sleep(home, world, torrent):
    home.put(torrent)
    home.add(torrent)
    state = home.daemon.host.state
    real, state.at_rest = state.at_rest, lambda info_hash, **columns: failing(StorageError("full", "disk_full"))
    world.run(ASLEEP)
    assert not sleeps(home, torrent)
    state.at_rest = real
    world.run(ASLEEP)
    assert sleeps(home, torrent)


def failing(problem):
    done: Deferred[None] = Deferred()
    done.errback(problem)
    return done


# --- waking


def test_a_sleeping_seed_serves_who_comes(asleep, make_home, world, torrent):
    leech = make_home(6882).start()
    leech.add(torrent, peers=(asleep.address,))
    world.until(lambda: leech.row(torrent).completed_at, 60)
    assert leech.same(torrent)
    assert asleep.row(torrent).uploaded == torrent.size


def test_several_who_come_at_once_wake_it_once(asleep, make_home, world, torrent):
    asleep.keeper.hangs = True
    leeches = [make_home(6882 + number).start() for number in range(3)]
    for leech in leeches:
        leech.add(torrent, peers=(asleep.address,))
    world.run(1.0)
    assert len(asleep.keeper.waiting) == 1
    asleep.keeper.go_on()
    world.until(lambda: all(leech.row(torrent).completed_at for leech in leeches), 60)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda steering, id: steering.files(id), lambda files: [file.done for file in files] == [5 * PIECE, 99304]),
        (lambda steering, id: steering.peers(id), lambda answer: answer == ([], [])),
        (lambda steering, id: steering.trackers(id), lambda trackers: trackers == []),
        (lambda steering, id: steering.pieces(id), lambda pieces: pieces.have == "/4A="),
        (lambda steering, id: steering.announce(id), lambda answer: answer is None),
        (lambda steering, id: steering.add_peers(id, [Address("127.0.0.1", 1)]), lambda added: added == 1),
        (lambda steering, id: steering.set_files(id, [FileChoice(Priority.HIGH, 0)]), lambda answer: answer is None),
    ],
)
def test_a_call_wakes_it(asleep, torrent, call, expected):
    assert expected(result(call(asleep.steering, torrent.id)))
    assert not sleeps(asleep, torrent)


def test_paused_asleep_and_resumed_asleep(asleep, world, torrent):
    result(asleep.steering.pause(torrent.id))
    assert asleep.row(torrent).state == "paused"
    world.run(ASLEEP)
    assert sleeps(asleep, torrent)
    seconds = asleep.row(torrent).seeding_time
    world.run(100)
    assert asleep.row(torrent).seeding_time == seconds
    assert result(asleep.steering.wait([torrent.id], "paused", 60)).done == [torrent.id]
    result(asleep.steering.resume(torrent.id, False))
    assert asleep.row(torrent).state == "seeding"


def test_verified_and_removed_asleep(asleep, world, torrent):
    result(asleep.steering.verify(torrent.id))
    assert asleep.row(torrent).state == "seeding"
    world.run(ASLEEP)
    assert sleeps(asleep, torrent)
    result(asleep.steering.remove(torrent.id, True))
    assert asleep.steering.ids() == []
    assert not asleep.path(torrent, "a.bin").exists()


def test_waits_are_answered_without_waking(asleep, torrent):
    assert result(asleep.steering.wait([torrent.id], "download", 60)).done == [torrent.id]
    assert sleeps(asleep, torrent)


def test_what_the_user_set_is_as_it_was(home, world, torrent):
    home.put(torrent)
    home.add(
        torrent,
        labels=("x",),
        limits=LimitsRow(up=1000, peers=7),
        sequential=True,
        files=(FileChoice(Priority.LOW, 0),),
    )
    world.run(ASLEEP)
    assert sleeps(home, torrent)
    session = home.session(torrent)
    assert session.facts.labels == ["x"]
    assert (session.torrent.settings.max_connections, session.torrent.sequential) == (7, True)
    assert session.torrent.up_limit.rate == 1000
    assert session.torrent.priorities == [Priority.LOW, Priority.NORMAL]


def test_a_database_that_does_not_answer_leaves_it_asleep(asleep, torrent):
    state = asleep.daemon.host.state
    real, state.stored = state.stored, lambda info_hash: failing(StorageError("disk error", "io_error"))
    assert isinstance(error(lambda: asleep.steering.files(torrent.id)), StorageError)
    assert sleeps(asleep, torrent)
    state.stored = real
    assert len(result(asleep.steering.files(torrent.id))) == 2


# --- files that change while nobody looks


def test_a_file_that_changed_meanwhile_is_hashed_before_anything_is_served(asleep, make_home, world, torrent):
    asleep.path(torrent, "a.bin").write_bytes(bytes(5 * PIECE))
    leech = make_home(6882).start()
    leech.add(torrent, peers=(asleep.address,))
    world.run(ASLEEP)
    row = asleep.row(torrent)
    assert (row.state, row.left) == ("downloading", 5 * PIECE)
    assert leech.row(torrent).wasted == 0


def test_a_file_that_vanished_meanwhile_stops_it(asleep, world, torrent):
    asleep.path(torrent, "a.bin").unlink()
    assert result(asleep.steering.peers(torrent.id)) == ([], [])
    assert asleep.row(torrent).error.code == "files_missing"
    world.run(ASLEEP)
    assert sleeps(asleep, torrent)
    assert asleep.row(torrent).error.code == "files_missing"
    assert not asleep.daemon.connections.identify(bytes.fromhex(torrent.id))
    asleep.put(torrent, "a.bin")
    result(asleep.steering.resume(torrent.id, False))
    world.run(1.0)
    assert asleep.row(torrent).state == "seeding"


def test_a_start_looks_at_the_files_of_sleepers_and_wakes_who_differs(asleep, world, torrent):
    others = [Sample("same"), Sample("gone")]
    for other in others:
        asleep.put(other)
        asleep.add(other)
    asleep.stop()
    os.utime(asleep.path(torrent, "a.bin"), ns=(1, 1))
    asleep.path(others[1], "a.bin").unlink()
    asleep.system.calls.clear()
    asleep.start()
    assert asleep.steering.status().torrents.by_state == {"seeding": 2, "error": 1}
    assert sleeps(asleep, others[0])
    assert asleep.system.calls.count("preadv") == 5  # of the one whose time differs
    world.run(ASLEEP)
    assert sleeps(asleep, torrent)


def test_a_peer_that_comes_before_the_files_were_looked_at_waits_for_that(asleep, make_home, world, torrent):
    asleep.stop()
    asleep.path(torrent, "a.bin").write_bytes(bytes(5 * PIECE))
    asleep.make()
    asleep.worker.hangs = True
    result(Deferred.fromCoroutine(asleep.daemon.start()))
    leech = make_home(6882).start()
    leech.add(torrent, peers=(asleep.address,))
    world.run(5.0)
    assert leech.row(torrent).done == 0
    asleep.worker.go_on()
    world.run(5.0)
    assert asleep.row(torrent).left == 5 * PIECE
    assert leech.row(torrent).wasted == 0
