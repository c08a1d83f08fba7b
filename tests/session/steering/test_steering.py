"""What the user may ask of the daemon."""

import msgspec
import pytest
from twisted.internet.defer import fail, maybeDeferred
from twisted.python.failure import Failure

from tests.session.world import PIECE, Sample, error, result
from torrentd.model.address import Address
from torrentd.model.errors import RpcError, StorageError
from torrentd.model.layout import Priority
from torrentd.session.control import FileChoice


@pytest.fixture
def torrent():
    return Sample()


def skip(*globs):
    return [FileChoice(Priority.SKIP, glob=glob) for glob in globs]


def test_paused_and_resumed_survives_a_restart(home, torrent):
    home.put(torrent)
    home.add(torrent)
    result(home.steering.pause(torrent.id))
    assert home.row(torrent).state == "paused"
    home.stop()
    home.start()
    assert home.row(torrent).state == "paused"
    result(home.steering.resume(torrent.id, False))
    assert home.row(torrent).state == "seeding"
    home.crash()
    assert home.start().row(torrent).state == "seeding"


def test_pause_in_the_middle_of_a_download(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(None, PIECE))
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.session(torrent).torrent.have.count >= 2, 60)
    result(leech.steering.pause(torrent.id))
    had = leech.session(torrent).torrent.have.count
    world.run(20)
    assert leech.session(torrent).torrent.have.count == leech.session(torrent).durability.have.count == had
    assert leech.row(torrent).peers.connected == 0
    result(leech.steering.resume(torrent.id, False))
    world.until(lambda: leech.row(torrent).state == "seeding", 180)
    assert leech.same(torrent)


def test_pause_and_resume_during_a_check(home, torrent):
    home.put(torrent)
    home.add(torrent)
    home.worker.hangs = True
    result(home.steering.verify(torrent.id))
    result(home.steering.pause(torrent.id))
    assert home.row(torrent).state == "checking"
    home.worker.go_on()
    assert home.row(torrent).state == "paused"
    home.worker.hangs = True
    result(home.steering.verify(torrent.id))
    result(home.steering.resume(torrent.id, False))
    assert not home.session(torrent).torrent.running
    home.worker.go_on()
    assert home.row(torrent).state == "seeding"


def test_peers_named_while_paused_are_dialled_after_the_resume(home, world, torrent):
    home.add(torrent, paused=True)
    assert result(home.steering.add_peers(torrent.id, [Address("127.0.0.1", 7001)])) == 1
    world.run(10)
    assert world.network.dialled == []
    result(home.steering.resume(torrent.id, False))
    world.run(1)
    assert world.network.dialled == [Address("127.0.0.1", 7001)]


def test_only_the_chosen_files_are_fetched(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,), files=tuple(skip("*.txt")))
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    row = leech.row(torrent)
    assert (row.wanted, row.left, row.done) == (5 * PIECE, 0, 5 * PIECE)
    assert not (leech.downloads / "sample" / "sub").exists()
    first = row.completed_at
    result(leech.steering.set_files(torrent.id, [FileChoice(Priority.HIGH, index=1)]))
    assert leech.row(torrent).state == "downloading"
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    world.run(1)
    assert leech.same(torrent)
    assert leech.session(torrent).is_durably_finished
    assert leech.row(torrent).completed_at == first
    assert [file.priority for file in result(leech.steering.files(torrent.id))] == ["normal", "high"]
    leech.stop()
    leech.start()
    assert [file.priority for file in result(leech.steering.files(torrent.id))] == ["normal", "high"]


def test_a_selection_that_leaves_nothing_to_fetch_completes(home, torrent):
    home.put(torrent, "a.bin")
    home.add(torrent, paused=True)
    assert home.row(torrent).completed_at is None
    result(home.steering.set_files(torrent.id, skip("sub/*")))
    assert home.row(torrent).completed_at is not None
    assert home.row(torrent).progress == 1.0


@pytest.mark.parametrize("choice", [FileChoice(Priority.SKIP, index=2), FileChoice(Priority.SKIP, glob="*.iso")])
def test_choices_that_fit_no_file(home, torrent, choice):
    home.add(torrent)
    assert error(lambda: home.steering.set_files(torrent.id, [choice])).name == "file_index"


def test_limits_persist_and_beat_the_file(make_home):
    home = make_home(toml="[limits]\ndownload = 1000\n").start()
    assert home.steering.limits() == (1000, None)
    assert home.steering.config_sources()["limits.download"] == "file"
    result(home.steering.set_limits(5000, 0))
    home.crash()
    home.start()
    assert home.steering.limits() == (5000, 0)
    assert home.daemon.connections.fleet.down.rate == 5000
    assert home.steering.config_sources()["limits.download"] == "runtime"
    assert home.steering.config_values()["limits.upload"] == 0


def test_a_limit_is_taken_back_by_itself(make_home):
    home = make_home(toml="[limits]\ndownload = 1000\nupload = 2000\n").start()
    result(home.steering.set_limits(5000, "unlimited"))
    assert home.steering.limits() == (5000, None)
    result(home.steering.set_limits(down=None))
    assert home.steering.limits() == (1000, None)
    assert home.daemon.connections.fleet.down.rate == 1000
    home.crash()
    home.start()
    assert home.steering.limits() == (1000, None)
    sources = home.steering.config_sources()
    assert (sources["limits.download"], sources["limits.upload"]) == ("file", "runtime")
    result(home.steering.set_limits(up=None))
    assert home.steering.limits() == (1000, 2000)


def test_a_peer_is_removed_until_it_is_named_again(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(up=1))
    session = leech.add(torrent, peers=(seed.address,))
    world.until(lambda: session.connections, 60)
    result(leech.steering.remove_peers(torrent.id, [seed.address]))
    world.run(300)
    assert not session.connections
    assert session.facts.peers == []
    assert "removed by the user" in {row.reason for row in result(leech.steering.peers(torrent.id))[1]}
    result(leech.steering.add_peers(torrent.id, [seed.address]))
    world.until(lambda: session.connections, 60)


def test_wait_answers_when_the_data_is_durable(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent)
    waiting = leech.steering.wait([torrent.id], "download", 60)
    seen = []
    waiting.addCallback(lambda row: seen.append((row.done, leech.session(torrent).durability.have.count)))
    leech.steering.add_peers(torrent.id, [seed.address])
    world.until(lambda: seen, 60)
    assert seen == [([torrent.id], torrent.piece_count)]


def test_wait_ends_when_the_torrent_is_paused_or_removed(home, torrent):
    home.add(torrent)
    waiting = home.steering.wait([torrent.id], "download", 60)
    until_paused = home.steering.wait([torrent.id], "paused", 60)
    result(home.steering.pause(torrent.id))
    assert [failure.code for failure in result(waiting).failed] == [4]
    assert result(until_paused).done == [torrent.id]
    result(home.steering.resume(torrent.id, False))
    waiting = home.steering.wait([torrent.id], "download", 60)
    result(home.steering.remove(torrent.id, False))
    assert [failure.code for failure in result(waiting).failed] == [1]


def test_wait_for_a_verify_waits_for_its_end(home, torrent):
    home.put(torrent)
    home.add(torrent)
    home.worker.hangs = True
    result(home.steering.verify(torrent.id))
    waiting = home.steering.wait([torrent.id], "download", 60)
    assert not waiting.called
    home.worker.go_on()
    assert result(waiting).done == [torrent.id]


def test_changes_since(home, world, torrent):
    full = home.steering.changes(None)
    assert full.full
    home.add(torrent)
    changed = home.steering.changes(full.revision)
    assert [row.id for row in changed.rows] == [torrent.id]
    assert home.steering.changes(changed.revision).rows == []
    result(home.steering.pause(torrent.id))
    assert [row.state for row in home.steering.changes(changed.revision).rows] == ["paused"]
    assert home.steering.changes(1).full


def test_announce_needs_a_running_torrent(home, torrent):
    home.add(torrent, paused=True)
    assert error(lambda: home.steering.announce(torrent.id)).name == "wrong_state"
    result(home.steering.resume(torrent.id, False))
    result(home.steering.announce(torrent.id))


def test_inspect_adds_nothing(home, torrent):
    row = result(home.steering.inspect(torrent.metainfo))
    assert (row.id, row.size, [file.path for file in row.files]) == (
        torrent.id,
        torrent.size,
        ["sample/a.bin", "sample/sub/b.txt"],
    )
    assert home.steering.ids() == []


def test_a_wish_that_could_not_be_saved_is_saved_later(home, world, torrent):
    home.put(torrent)
    home.add(torrent)
    state = home.daemon.host.state
    real, state.update = state.update, lambda info_hash, **columns: fail(StorageError("full", "disk_full"))
    assert isinstance(error(lambda: home.steering.pause(torrent.id)), StorageError)
    state.update = real
    world.run(10)
    home.crash()
    assert home.start().row(torrent).state == "paused"


def test_a_reload_that_fails_is_an_answer(home):
    def reload():
        raise RpcError("config_invalid", "line 3")

    home.steering._reload = reload
    assert error(home.steering.reload).name == "config_invalid"


def test_everything_the_api_shows_can_be_encoded(home, torrent):
    home.put(torrent)
    home.add(torrent)
    steering = home.steering
    for rows in (
        steering.changes(None).rows,
        result(steering.files(torrent.id)),
        result(steering.peers(torrent.id)),
        result(steering.trackers(torrent.id)),
        result(steering.pieces(torrent.id)),
        steering.status(),
        steering.config_values(),
        steering.config_schema(),
    ):
        assert msgspec.json.encode(rows)


CALLS = {
    "pause": lambda steering, id: steering.pause(id),
    "resume": lambda steering, id: steering.resume(id, False),
    "verify": lambda steering, id: steering.verify(id),
    "announce": lambda steering, id: steering.announce(id),
    "files": lambda steering, id: steering.set_files(id, [FileChoice(Priority.HIGH, 0)]),
    "peers": lambda steering, id: steering.add_peers(id, [Address("127.0.0.1", 7001)]),
    "no peers": lambda steering, id: steering.remove_peers(id, [Address("127.0.0.1", 7001)]),
    "remove": lambda steering, id: steering.remove(id, True),
}


@pytest.mark.parametrize("hangs", ["worker", "keeper"])
@pytest.mark.parametrize("asleep", [False, True])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_a_removal_that_overtakes_a_call_is_a_plain_answer(home, world, torrent, logged, name, first, asleep, hangs):
    home.put(torrent)
    home.add(torrent)
    world.run(120 if asleep else 1)
    calls = [CALLS[name], lambda steering, id: steering.remove(id, False)]
    answers = []
    getattr(home, hangs).hangs = True
    for call in calls if first else reversed(calls):
        maybeDeferred(call, home.steering, torrent.id).addBoth(answers.append)
    getattr(home, hangs).go_on()
    world.run(10)
    assert len(answers) == 2
    failures = [answer.value for answer in answers if isinstance(answer, Failure)]
    assert all(isinstance(failure, RpcError) and failure.name == "torrent_not_found" for failure in failures), failures
    assert home.steering.ids() == []
    assert not [line for line in logged() if "bug" in line or "nhandled" in line]
