"""What the user decides of sleeping torrents is done without waking them, and counts when they wake."""

from __future__ import annotations

import pytest

from tests.session.sleeping.test_dormancy import failing, sleeps
from tests.session.sleeping.test_reports import Trackers
from tests.session.world import ASLEEP, Sample, error, result
from torrentd.model.address import Address
from torrentd.model.errors import RpcError, StorageError
from torrentd.session.control import Wishes
from torrentd.session.sleeping.dormancy import NOT_READ
from torrentd.swarm.events import PeersFound

TRACKER = "http://127.0.0.1:1/announce"


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def asleep(home, world, torrent):
    """A home with a seed that sleeps."""
    return put_to_sleep(home, world, torrent)


def put_to_sleep(home, world, *torrents):
    for torrent in torrents:
        home.put(torrent)
        home.add(torrent)
    world.run(ASLEEP)
    assert all(sleeps(home, torrent) for torrent in torrents)
    return home


def told(home, cursor):
    """States that were told of after the cursor."""
    found = home.steering.events_after(cursor, ["torrent.state"])
    return [event.data["state"] for event in found.events]


def test_pausing_wakes_nobody_and_is_told(asleep, world, torrent):
    cursor, revision = asleep.steering.events_after(None, []).cursor, asleep.steering.revision()
    result(asleep.steering.pause(torrent.id))
    assert sleeps(asleep, torrent)
    assert asleep.row(torrent).state == "paused"
    assert [row.id for row in asleep.steering.changes(revision).rows] == [torrent.id]
    assert asleep.daemon.connections.identify(bytes.fromhex(torrent.id)) is None
    assert result(asleep.steering.wait([torrent.id], "paused", 60)).done == [torrent.id]
    world.run()
    assert told(asleep, cursor) == ["paused"]


def test_it_is_paused_after_a_restart_and_when_it_wakes(asleep, torrent):
    before = asleep.row(torrent).seeding_time
    result(asleep.steering.pause(torrent.id))
    assert asleep.session(torrent).facts.paused
    assert not asleep.session(torrent).torrent.running
    asleep.stop()
    asleep.start()
    row = asleep.row(torrent)
    assert (row.state, row.seeding_time) == ("paused", before)


def test_one_without_trackers_that_knows_peers_stays_paused_when_it_wakes(home, world, torrent):
    home.put(torrent)
    home.add(torrent)
    world.run(1)
    home.session(torrent).handle(PeersFound([Address("127.0.0.2", 7001)], "dht"))
    world.run(3 * ASLEEP)
    assert sleeps(home, torrent)
    result(home.steering.pause(torrent.id))
    assert home.daemon.connections.identify(bytes.fromhex(torrent.id)) is None
    assert not home.session(torrent).torrent.running


def test_resuming_is_told_at_once_and_it_comes_by_itself(asleep, world, torrent):
    result(asleep.steering.pause(torrent.id))
    world.run()
    cursor = asleep.steering.events_after(None, []).cursor
    result(asleep.steering.resume(torrent.id, False))
    assert sleeps(asleep, torrent)
    assert asleep.row(torrent).state == "seeding"
    world.run(1.0)
    assert not sleeps(asleep, torrent)
    assert asleep.session(torrent).torrent.running
    assert told(asleep, cursor) == ["seeding"]


def test_one_that_could_not_be_read_when_it_was_to_come_is_tried_again(asleep, world, torrent):
    result(asleep.steering.pause(torrent.id))
    world.run()
    state = asleep.daemon.host.state
    real = state.stored
    state.stored = lambda info_hash: failing(StorageError("the disk failed", "io_error"))
    result(asleep.steering.resume(torrent.id, False))
    world.run(1.0)
    assert sleeps(asleep, torrent)
    state.stored = real
    world.run(NOT_READ)
    assert not sleeps(asleep, torrent)


def test_trackers_hear_of_both(home, world):
    torrent = Sample(trackers=(TRACKER,))
    trackers = Trackers(home)
    put_to_sleep(home, world, torrent)
    result(home.steering.pause(torrent.id))
    result(home.steering.pause(torrent.id))
    assert sleeps(home, torrent)
    assert (home.row(torrent).tracker.status, home.row(torrent).tracker.next_at) == ("waiting", None)
    world.run(2000)
    assert sleeps(home, torrent)
    result(home.steering.resume(torrent.id, False))
    world.run(1.0)
    assert [event for _, event, *_ in trackers.told] == ["started", "stopped", "started"]
    assert home.row(torrent).tracker.status == "working"


def test_files_that_changed_meanwhile_are_looked_at_before_it_seeds_again(asleep, world, torrent):
    result(asleep.steering.pause(torrent.id))
    asleep.path(torrent, "a.bin").write_bytes(bytes(5))
    result(asleep.steering.resume(torrent.id, False))
    assert result(asleep.steering.wait([torrent.id], "download", 0)).pending == [torrent.id]
    world.run(1.0)
    assert asleep.row(torrent).left > 0


def test_who_is_resumed_waits_for_his_turn_asleep(make_home, world):
    home, first, second = make_home(6881, "[queue]\ndownloads = 1\n").start(), Sample("1"), Sample("2")
    for torrent in (first, second):
        home.add(torrent, paused=True)
    world.run(ASLEEP)
    for torrent in (first, second):
        result(home.steering.resume(torrent.id, False))
        assert (home.row(torrent).state, sleeps(home, torrent)) == ("queued", True)
    world.run(1.0)
    assert (home.row(first).state, sleeps(home, first)) == ("downloading", False)
    assert (home.row(second).state, sleeps(home, second)) == ("queued", True)
    result(home.steering.pause(first.id))
    world.run(1.0)
    assert home.row(second).state == "downloading"


def test_who_waits_can_be_paused_and_forced(make_home, world):
    home, torrent = make_home(6881, "[queue]\nseeds = 1\n").start(), Sample()
    home.put(torrent)
    home.add(torrent, paused=True)
    world.run(ASLEEP)
    result(home.steering.resume(torrent.id, False))
    result(home.steering.pause(torrent.id))
    world.run(20.0)
    assert (home.row(torrent).state, sleeps(home, torrent)) == ("paused", True)
    result(home.steering.resume(torrent.id, True))
    world.run(1.0)
    assert home.row(torrent).state == "seeding"
    assert home.session(torrent).facts.forced


def test_what_is_set_is_shown_stored_and_counts(asleep, world, torrent):
    revision, edited = asleep.steering.revision(), asleep.row(torrent).edited_at
    result(asleep.steering.set(torrent.id, Wishes(labels=("x", "y"), limits={"up": 1000}, priority="high")))
    result(asleep.steering.set(torrent.id, Wishes(limits={"peers": 7}, sequential=True)))
    result(asleep.steering.set(torrent.id, Wishes(limits={"up": None})))
    assert sleeps(asleep, torrent)
    assert [row.id for row in asleep.steering.changes(revision).rows] == [torrent.id]
    asleep.stop()
    asleep.start()
    assert sleeps(asleep, torrent)
    row = asleep.row(torrent)
    assert (row.labels, row.limits.up, row.limits.peers) == (["x", "y"], None, 7)
    assert (row.sequential, row.priority, row.edited_at > edited) == (True, "high", True)
    session = asleep.session(torrent)
    assert (session.torrent.settings.max_connections, session.torrent.settings.weight) == (7, 2.0)


def test_nothing_new_is_no_edit(asleep, torrent):
    edited = asleep.row(torrent).edited_at
    result(asleep.steering.set(torrent.id, Wishes(labels=(), limits={"up": None}, priority="normal")))
    assert asleep.row(torrent).edited_at == edited


def test_two_who_set_limits_at_once_both_get_theirs(asleep, torrent):
    asleep.keeper.hangs = True
    both = [asleep.steering.set(torrent.id, Wishes(limits={name: 1000})) for name in ("up", "down")]
    asleep.keeper.go_on()
    for one in both:
        result(one)
    assert (asleep.row(torrent).limits.up, asleep.row(torrent).limits.down) == (1000, 1000)
    assert asleep.session(torrent).facts.limits == {"up": 1000, "down": 1000}


def test_a_limit_that_is_reached_ends_it_at_once(asleep, torrent):
    result(asleep.steering.set(torrent.id, Wishes(limits={"seed_time": 1})))
    assert asleep.row(torrent).state == "finished"
    result(asleep.steering.pause(torrent.id))
    result(asleep.steering.resume(torrent.id, False))
    assert asleep.row(torrent).state == "seeding"
    assert asleep.row(torrent).limits.seed_time == "unlimited"


def test_a_limit_is_reached_asleep(asleep, world, torrent):
    seconds = asleep.row(torrent).seeding_time + 500
    result(asleep.steering.set(torrent.id, Wishes(limits={"seed_time": seconds})))
    assert sleeps(asleep, torrent)
    world.run(510)
    assert asleep.row(torrent).state == "finished"


@pytest.mark.parametrize("first", ["pause", "files"])
def test_who_is_woken_meanwhile_is_told(asleep, world, torrent, first):
    """Before it is written down, and after."""
    asleep.keeper.hangs = True
    calls = {"pause": asleep.steering.pause, "files": asleep.steering.files}
    answers = {name: calls[name](torrent.id) for name in sorted(calls, key=first.__ne__)}
    asleep.keeper.go_on()
    world.run()
    result(answers["pause"])
    assert len(result(answers["files"])) == 2
    assert asleep.row(torrent).state == "paused"
    assert not asleep.session(torrent).torrent.running


def test_what_cannot_be_written_down_changes_nothing(asleep, torrent):
    state, row = asleep.daemon.host.state, asleep.row(torrent)
    state.update = lambda info_hash, **columns: failing(StorageError("full", "disk_full"))
    for call in (
        lambda: asleep.steering.pause(torrent.id),
        lambda: asleep.steering.set(torrent.id, Wishes(labels=("x",))),
    ):
        assert isinstance(error(call), StorageError)
    assert asleep.row(torrent) == row


def test_removing_wakes_nobody(asleep, world, torrent):
    woken, revision = [], asleep.steering.revision()
    cursor = asleep.steering.events_after(None, []).cursor
    asleep.daemon.around.waking._wake = lambda *of: woken.append(of)
    result(asleep.steering.remove(torrent.id, False))
    assert (woken, asleep.steering.ids(), asleep.steering.changes(revision).removed) == ([], [], [torrent.id])
    (event,) = asleep.steering.events_after(cursor, ["torrent.removed"]).events
    assert event.data == {"id": torrent.id, "name": torrent.name}
    assert asleep.path(torrent, "a.bin").exists()
    asleep.stop()
    asleep.start()
    assert asleep.steering.ids() == []


def test_trackers_hear_of_a_removal(home, world):
    torrent = Sample(trackers=(TRACKER,))
    trackers = Trackers(home)
    put_to_sleep(home, world, torrent)
    result(home.steering.remove(torrent.id, False))
    assert [event for _, event, *_ in trackers.told] == ["started", "stopped"]


def test_who_is_removed_meanwhile_is_not_there(asleep, world, torrent):
    asleep.keeper.hangs = True
    removed = asleep.steering.remove(torrent.id, False)
    others = [asleep.steering.pause(torrent.id), asleep.steering.files(torrent.id)]
    asleep.keeper.go_on()
    world.run()
    result(removed)
    assert asleep.steering.ids() == []
    for other in others:
        problem = error(lambda other=other: other)
        assert isinstance(problem, RpcError)
        assert problem.name == "torrent_not_found"


def test_who_is_being_woken_is_removed(asleep, world, torrent):
    asleep.keeper.hangs = True
    woken = asleep.steering.files(torrent.id)
    removed = asleep.steering.remove(torrent.id, False)
    asleep.keeper.go_on()
    world.run()
    result(removed)
    assert asleep.steering.ids() == []
    assert len(result(woken)) == 2


def test_trackers_are_not_asked_for_who_is_paused(asleep, torrent):
    result(asleep.steering.pause(torrent.id))
    problem = error(lambda: asleep.steering.announce(torrent.id))
    assert isinstance(problem, RpcError)
    assert problem.name == "wrong_state"
    assert sleeps(asleep, torrent)
