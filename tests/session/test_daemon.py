"""The daemon as a whole: torrents come in, are shared, and outlive their daemon."""

from twisted.internet.defer import fail

from tests.session.world import PIECE, Sample, error, result
from torrentd.model.address import Address
from torrentd.model.errors import RpcError, StorageError
from torrentd.session.control import AddOptions
from torrentd.session.daemon import STOP_TIME
from torrentd.session.telling.rows import LimitsRow


def downloaded(make_home, world, torrent):
    """A daemon that has just got the torrent from another one."""
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).completed_at, 60)
    return leech


def test_a_torrent_goes_from_one_daemon_to_another(make_home, world):
    torrent = Sample()
    leech = downloaded(make_home, world, torrent)
    assert leech.same(torrent)
    row = leech.row(torrent)
    assert (row.state, row.left, row.done, row.progress) == ("seeding", 0, torrent.size, 1.0)
    assert row.downloaded == torrent.size


def test_large_pieces_too(make_home, world):
    torrent = Sample(files={"big": 20 * 1024 * 1024 + 5}, piece_size=8 * 1024 * 1024)
    assert downloaded(make_home, world, torrent).same(torrent)


def test_a_clean_restart_continues_without_reading_anything(make_home, world):
    torrent = Sample()
    leech = downloaded(make_home, world, torrent)
    before = leech.row(torrent)
    leech.stop()
    leech.system.calls.clear()
    leech.start()
    assert "preadv" not in leech.system.calls
    after = leech.row(torrent)
    assert (after.state, after.downloaded, after.completed_at) == ("seeding", before.downloaded, before.completed_at)
    assert not leech.session(torrent).durability.marks.marked


def test_after_a_kill_only_what_was_being_written_is_hashed(make_home, world):
    torrent = Sample(files={"a": 40 * PIECE})
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(None, PIECE))
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.session(torrent).durability.have.count >= 8, 60)
    world.until(lambda: leech.session(torrent).durability.verified, 60)
    had, marked = leech.session(torrent).torrent.have.copy(), len(leech.session(torrent).durability.marks.marked)
    assert len(leech.session(torrent).durability.verified) <= marked < 10
    leech.crash()
    leech.system.calls.clear()
    leech.start()
    session = leech.session(torrent)
    assert leech.system.calls.count("preadv") == marked
    assert session.torrent.have == had  # those that were not recorded were found again
    assert session.durability.have == had


def test_peers_named_by_the_user_are_dialled_again_after_a_restart(make_home, world):
    torrent = Sample()
    leech = make_home(6882).start()
    leech.add(torrent, peers=(Address("127.0.0.1", 7001),))
    result(leech.steering.add_peers(torrent.id, [Address("127.0.0.1", 7002)]))
    leech.crash()
    world.network.dialled.clear()
    leech.start()
    world.until(lambda: len(world.network.dialled) >= 2, 10)
    assert sorted(set(world.network.dialled)) == [Address("127.0.0.1", 7001), Address("127.0.0.1", 7002)]


def test_counters_are_recorded_with_the_pieces_that_they_count(make_home, world):
    torrent = Sample(files={"a": 40 * PIECE})
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(None, PIECE))
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.session(torrent).durability.have.count >= 8, 60)
    done = leech.session(torrent).durability.have.count * PIECE
    assert leech.row(torrent).downloaded == leech.steering.status().totals.session.downloaded
    leech.crash()
    leech.start()
    assert leech.row(torrent).downloaded >= done


def test_removed_with_and_without_data(home, world):
    keep, drop = Sample("keep"), Sample("drop")
    for torrent in (keep, drop):
        home.put(torrent)
        home.add(torrent)
    (home.downloads / "drop" / "notes").write_text("mine")
    seen = home.steering.changes(None).revision
    result(home.steering.remove(keep.id, False))
    result(home.steering.remove(drop.id, True))
    world.run(10)
    assert home.same(keep)
    assert [path.name for path in (home.downloads / "drop").iterdir()] == ["notes"]
    changes = home.steering.changes(seen)
    assert (changes.rows, changes.removed, changes.full) == ([], [keep.id, drop.id], False)
    assert error(lambda: home.steering.remove(keep.id, False)).name == "torrent_not_found"
    home.stop()
    assert home.start().steering.ids() == []


def test_connections_that_end_after_a_removal_change_nothing(make_home, world):
    torrent = Sample(files={"a": 40 * PIECE})
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(None, PIECE))
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.session(torrent).torrent.have.count, 60)
    seen = leech.steering.changes(None).revision
    result(leech.steering.remove(torrent.id, True))
    world.run(30)
    assert leech.steering.changes(seen).rows == []
    assert leech.steering.status().connections == 0
    assert not (leech.downloads / torrent.name).exists()


def test_two_removals_at_once(home, world):
    torrent = Sample()
    home.add(torrent)
    home.keeper.hangs = True
    first, second = home.steering.remove(torrent.id, False), home.steering.remove(torrent.id, False)
    again = home.steering.add(torrent.metainfo, AddOptions())
    home.keeper.go_on()
    assert result(first) is None
    assert error(lambda: second).name == "torrent_not_found"
    assert result(again) == (torrent.id, True)


def test_a_removal_that_the_database_cannot_take_changes_nothing(home):
    torrent = Sample()
    home.put(torrent)
    home.add(torrent)
    state = home.daemon.host.state
    real, state.remove = state.remove, lambda info_hash: fail(StorageError("full", "disk_full"))
    assert isinstance(error(lambda: home.steering.remove(torrent.id, True)), StorageError)
    assert home.row(torrent).state == "seeding"
    state.remove = real
    result(home.steering.remove(torrent.id, True))
    assert not (home.downloads / torrent.name).exists()


def test_remove_during_a_check(home):
    torrent = Sample()
    home.put(torrent)
    home.worker.hangs = True
    result(home.steering.add(torrent.metainfo, AddOptions()))
    assert home.row(torrent).state in ("checking", "downloading")
    removed = home.steering.remove(torrent.id, False)
    home.worker.go_on()
    assert result(removed) is None
    assert home.steering.ids() == []


def test_status_counts(home):
    home.put(Sample("one"))
    home.add(Sample("one"))
    home.add(Sample("two"), paused=True)
    status = home.steering.status()
    assert status.torrents.total == 2
    assert status.torrents.by_state == {"seeding": 1, "paused": 1}
    assert status.listen == ["127.0.0.1:6881"]
    assert status.disk[0].free


def test_a_stop_ends_in_time_while_a_goodbye_and_the_disk_hang(home, world):
    torrent = Sample(trackers=["udp://127.0.0.1:1/announce"])  # answers nothing
    home.put(torrent)
    home.add(torrent)
    assert result(home.steering.trackers(torrent.id))[0].status == "announcing"
    home.flusher.hangs = home.worker.hangs = True
    began = world.reactor.seconds()
    home.stop()
    assert 1.0 < world.reactor.seconds() - began <= STOP_TIME


def test_a_stop_ends_in_time_while_the_database_hangs(home, world):
    home.add(Sample())
    home.keeper.hangs = True
    began = world.reactor.seconds()
    home.stop()
    assert world.reactor.seconds() - began <= STOP_TIME


def test_a_stop_with_nothing_to_wait_for_takes_no_time(home, world):
    home.put(Sample())
    home.add(Sample())
    began = world.reactor.seconds()
    home.stop()
    assert world.reactor.seconds() == began


def test_stopped_before_it_was_started(make_home):
    home = make_home()
    home.make()
    home.stop()


def test_the_disk_holds_all_peers_back_and_nobody_is_blamed(make_home, world):
    torrent = Sample(files={"a": 80 * PIECE})
    seed, leech = make_home(6881).start(), make_home(6882, '[storage]\ndisk_queue = "1 MiB"\n').start()
    seed.put(torrent)
    seed.add(torrent)
    leech.worker.hangs = True
    result(leech.steering.add(torrent.metainfo, AddOptions()))
    leech.worker.go_on()
    world.run()
    leech.worker.hangs = True
    leech.steering.add_peers(torrent.id, [seed.address])
    world.run(300)
    session = leech.session(torrent)
    assert leech.daemon.around.disk_busy
    assert session.torrent.disk_busy
    assert len(session.connections) == 1
    leech.worker.go_on()
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    assert not session.torrent.disk_busy


def test_settings_are_applied_to_running_torrents(home):
    limited, other = Sample("limited"), Sample("other")
    home.add(limited, limits=LimitsRow(peers=3))
    home.add(other)
    home.toml("[peers]\nmax_connections_per_torrent = 7\nupload_slots = 2\n")
    home.daemon.use(home.configuration())
    home.daemon.apply_limits()
    assert home.session(limited).torrent.settings.max_connections == 3
    assert home.session(other).torrent.settings.max_connections == 7
    assert home.session(other).torrent.settings.upload_slots == 2


def test_an_unknown_torrent(home):
    problem = error(lambda: home.steering.pause("00" * 20))
    assert isinstance(problem, RpcError)
    assert problem.name == "torrent_not_found"
