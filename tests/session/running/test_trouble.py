"""The machine fails, and works again."""

import errno

import pytest
from twisted.internet.defer import Deferred, fail

from tests.session.world import PIECE, Sample, error, result
from torrentd.model.errors import StorageError
from torrentd.session.control import AddOptions
from torrentd.session.running.trouble import FIRST_RETRY, QUIET, RETRY


@pytest.fixture
def torrent():
    return Sample(files={"a.bin": 20 * PIECE})


@pytest.fixture
def pair(make_home, torrent):
    """A seed that gives PIECE bytes a second, and a leech that has just begun."""
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(None, PIECE))
    leech.add(torrent, peers=(seed.address,))
    return seed, leech


def fails(leech, torrent, call, error):
    """Two pieces are there when a call fails; then it would work again."""
    leech.world.until(lambda: leech.session(torrent).torrent.have.count >= 2, 60)
    leech.system.errors[call] = error
    leech.world.until(lambda: leech.row(torrent).error, 60)
    del leech.system.errors[call]


def test_a_full_disk_stops_the_download_until_there_is_space(pair, world, torrent):
    _, leech = pair
    other = Sample("other")
    leech.put(other)
    leech.add(other)
    world.until(lambda: leech.session(torrent).torrent.have.count >= 2, 60)
    leech.system.errors["pwritev"] = errno.ENOSPC
    leech.system.space = 0
    leech.daemon.host.disk.min_free = 1
    world.until(lambda: leech.row(torrent).error, 60)
    row = leech.row(torrent)
    assert (row.state, row.error.code, row.error.source) == ("error", "disk_full", "storage")
    assert str(leech.path(torrent, "a.bin")) in row.error.message
    assert leech.session(torrent).torrent.running  # it goes on seeding
    assert leech.row(other).state == "seeding"
    world.run(300)
    assert leech.row(torrent).error.code == "disk_full"
    del leech.system.errors["pwritev"]
    leech.system.space = None
    world.until(lambda: leech.row(torrent).error is None, 60)
    world.until(lambda: leech.row(torrent).state == "seeding", 180)
    assert leech.same(torrent)


def test_large_pieces_on_a_full_disk(make_home, world):
    torrent = Sample(files={"a.bin": 10 << 20}, piece_size=5 << 20)
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.system.errors["pwritev"] = errno.ENOSPC
    leech.steering.add(torrent.metainfo, AddOptions(peers=(seed.address,)))
    world.until(lambda: leech.row(torrent).error, 60)
    assert leech.row(torrent).error.code == "disk_full"
    assert leech.session(torrent).torrent.running
    del leech.system.errors["pwritev"]
    world.until(lambda: leech.row(torrent).state == "seeding", 120)
    assert leech.same(torrent)


def test_a_link_in_the_place_of_a_folder_is_an_error_until_it_is_gone(make_home, world, tmp_path):
    """Writing elsewhere in the download directory works all the time."""
    torrent = Sample(files={"a.bin": 2 * PIECE, "sub/b.bin": 2 * PIECE})
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    place = leech.downloads / torrent.name
    place.mkdir()
    (place / "sub").symlink_to(tmp_path)
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).error, 60)
    seen = []
    for _ in range(60):
        world.run(2)
        seen.append(leech.row(torrent).error.code)
    assert set(seen) == {"permission"}
    assert list(tmp_path.glob("*.bin")) == []
    (place / "sub").unlink()
    world.until(lambda: leech.row(torrent).state == "seeding", 120)
    assert leech.same(torrent)


def test_the_log_says_so_once_a_minute(pair, world, torrent, logged):
    _, leech = pair
    leech.system.errors["pwritev"] = errno.ENOSPC
    world.run(10 * QUIET)
    lines = [line for line in logged() if "No space left" in line]
    assert 1 <= len(lines) <= 11


def test_resume_tries_at_once(pair, world, torrent):
    _, leech = pair
    leech.system.errors["pwritev"] = errno.EROFS
    world.until(lambda: leech.row(torrent).error, 60)
    world.run(2 * RETRY)
    del leech.system.errors["pwritev"]
    result(leech.steering.pause(torrent.id))
    result(leech.steering.resume(torrent.id, False))
    assert leech.row(torrent).error is None
    world.until(lambda: leech.row(torrent).state == "seeding", 180)


def test_paused_in_an_error_and_resumed_it_seeds_but_does_not_fetch(pair, world, torrent):
    _, leech = pair
    world.until(lambda: leech.session(torrent).torrent.have.count >= 2, 60)
    leech.system.errors["pwritev"] = errno.EIO
    leech.system.space = 0
    world.until(lambda: leech.row(torrent).error, 60)
    result(leech.steering.pause(torrent.id))
    world.run(2 * RETRY)
    assert not leech.session(torrent).torrent.running
    result(leech.steering.resume(torrent.id, False))
    assert leech.session(torrent).torrent.running


def test_a_failed_sync_is_hashed_again_and_claims_nothing_meanwhile(pair, world, torrent):
    seed, leech = pair
    session = leech.session(torrent)
    world.until(lambda: len(session.durability.verified) == 3, 60)
    recorded = session.durability.have.count
    leech.system.errors["fdatasync"] = errno.EIO
    world.until(lambda: leech.row(torrent).error, 60)
    assert leech.row(torrent).error.code == "io_error"
    assert session.durability.have.count == recorded
    assert session.doubtful.count >= 3
    suspects = list(session.doubtful)
    leech.crash()  # and whatever comes, the next start hashes them
    del leech.system.errors["fdatasync"]
    leech.start()
    session = leech.session(torrent)
    assert set(suspects) <= set(session.torrent.have)
    leech.steering.add_peers(torrent.id, [seed.address])
    world.until(lambda: leech.row(torrent).state == "seeding", 180)
    assert leech.same(torrent)


def test_after_a_failed_sync_the_torrent_goes_on_by_itself(pair, world, torrent):
    _, leech = pair
    session = leech.session(torrent)
    world.until(lambda: session.durability.verified, 60)
    leech.system.errors["fdatasync"] = errno.EIO
    world.until(lambda: leech.row(torrent).error, 60)
    bad = session.doubtful.copy()
    assert bad.count
    with leech.path(torrent, "a.bin").open("r+b") as file:  # what the disk really has
        file.seek(next(iter(bad)) * PIECE)
        file.write(bytes(100))
    world.run(5 * RETRY)
    assert leech.row(torrent).error is not None
    del leech.system.errors["fdatasync"]
    world.until(lambda: leech.row(torrent).error is None, 60)
    world.until(lambda: leech.row(torrent).completed_at, 180)
    assert leech.same(torrent)
    assert session.torrent.totals.downloaded >= torrent.size + PIECE  # what was bad came again
    assert session.durability.have.has_all()


def test_a_sync_that_fails_in_a_verify_withdraws_what_was_claimed(home, world, torrent):
    home.put(torrent)
    session = home.add(torrent)
    assert session.durability.have.has_all()
    home.system.errors["fdatasync"] = errno.EIO
    result(home.steering.verify(torrent.id))
    assert home.row(torrent).error.code == "io_error"
    assert not session.torrent.running
    assert session.durability.have.count == 0
    assert len(session.durability.marks.marked) == 20
    del home.system.errors["fdatasync"]
    world.until(lambda: home.row(torrent).state == "seeding", 60)
    assert session.durability.have.has_all()
    assert session.durability.marks.marked == {}


def test_a_sync_that_fails_for_ever_is_not_a_busy_loop(home, world, torrent):
    home.put(torrent)
    home.system.errors["fdatasync"] = errno.EIO
    home.add(torrent)
    before = len(home.system.calls)
    world.run(10 * RETRY)
    assert len(home.system.calls) - before < 12 * 30
    assert home.row(torrent).error.code == "io_error"


def test_a_file_that_vanished_is_not_made_anew(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    path = seed.path(torrent, "a.bin")
    seed.put(torrent)
    seed.add(torrent)
    aside = path.with_suffix(".aside")
    path.rename(aside)
    seed.daemon.host.disk.descriptors.shed()
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: seed.row(torrent).error, 60)
    assert seed.row(torrent).error.code == "files_missing"
    assert seed.row(torrent).rate_up == 0
    world.run(300)
    assert not path.exists()
    seed.stop()
    seed.start()
    assert seed.row(torrent).error.code == "files_missing"
    assert str(path) in seed.row(torrent).error.message
    result(seed.steering.resume(torrent.id, False))
    world.run(1)
    assert seed.row(torrent).error.code == "files_missing"
    aside.rename(path)
    seed.system.calls.clear()
    result(seed.steering.resume(torrent.id, False))
    assert seed.row(torrent).state == "seeding"
    assert "preadv" not in seed.system.calls
    world.until(lambda: leech.row(torrent).state == "seeding", 300)


def test_files_put_back_without_a_restart(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    path = seed.path(torrent, "a.bin")
    seed.put(torrent)
    session = seed.add(torrent)
    aside = path.with_suffix(".aside")
    path.rename(aside)
    seed.daemon.host.disk.descriptors.shed()
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: seed.row(torrent).error, 60)
    assert not session.torrent.have.has_all()
    aside.rename(path)
    result(seed.steering.resume(torrent.id, False))
    assert seed.row(torrent).state == "seeding"
    assert session.torrent.have.has_all()


def test_missing_files_and_a_verify_begin_anew(home, world, torrent):
    home.put(torrent)
    home.add(torrent)
    home.crash()
    home.path(torrent, "a.bin").unlink()
    home.start()
    assert home.row(torrent).error.code == "files_missing"
    result(home.steering.verify(torrent.id))
    row = home.row(torrent)
    assert (row.state, row.done, row.error) == ("downloading", 0, None)
    assert not home.path(torrent, "a.bin").exists()
    home.crash()
    assert home.start().row(torrent).state == "downloading"


def test_an_answer_of_a_hanging_disk_does_not_undo_a_verify(home, world, torrent, monkeypatch):
    home.put(torrent)
    home.add(torrent)
    home.crash()
    path = home.path(torrent, "a.bin")
    aside = path.rename(path.with_suffix(".aside"))
    home.start()
    assert home.row(torrent).error.code == "files_missing"
    storage, late = home.session(torrent).storage, Deferred()
    looks = iter([lambda: late])  # the first only
    look = storage.existing
    monkeypatch.setattr(storage, "existing", lambda: next(looks, look)())
    resumed = home.steering.resume(torrent.id, False)
    world.run()
    aside.rename(path)
    result(home.steering.verify(torrent.id))
    world.run()
    assert home.row(torrent).state == "seeding"
    late.callback([None])  # looked at before the file was put back
    world.run()
    assert (home.row(torrent).state, home.row(torrent).error) == ("seeding", None)
    result(resumed)


def test_a_probe_of_a_hanging_disk_does_not_undo_a_verify(pair, world, torrent, monkeypatch):
    _, leech = pair
    world.until(lambda: leech.session(torrent).torrent.have.count >= 2, 60)
    late = Deferred()
    monkeypatch.setattr(leech.session(torrent).storage, "probe", lambda path: late)
    leech.system.errors["pwritev"] = errno.EIO
    world.until(lambda: leech.row(torrent).error, 60)
    world.run(RETRY)
    del leech.system.errors["pwritev"]
    result(leech.steering.verify(torrent.id))
    world.run(1)
    late.errback(StorageError("/: no such file", "files_missing", "/"))
    world.run(1)
    assert (leech.row(torrent).state, leech.row(torrent).error) == ("downloading", None)


def test_a_refused_rename_does_not_keep_a_torrent_from_going_on(pair, world, torrent, monkeypatch):
    _, leech = pair
    world.until(lambda: leech.session(torrent).torrent.have.count >= 2, 60)
    probe, late = leech.session(torrent).storage.probe, Deferred()
    monkeypatch.setattr(leech.session(torrent).storage, "probe", lambda path: late)
    leech.system.errors["pwritev"] = errno.EIO
    world.until(lambda: leech.row(torrent).error, 60)
    world.run(RETRY)
    del leech.system.errors["pwritev"]
    assert error(lambda: leech.steering.rename(torrent.id, "sample/nothing", "x")).name == "file_index"
    probe().chainDeferred(late)
    world.until(lambda: leech.row(torrent).error is None, 3 * RETRY)
    assert leech.session(torrent).torrent.running


@pytest.fixture
def doubtful(pair, world, torrent):
    """A leech whose last flush failed: pieces are to be hashed when the disk works again, in a second."""
    _, leech = pair
    fails(leech, torrent, "fdatasync", errno.EIO)
    return leech


def test_nothing_is_hashed_while_it_is_renamed(doubtful, world, torrent):
    """It would be looked for under the old names."""
    leech, session = doubtful, doubtful.session(torrent)
    has = session.torrent.have.count
    leech.flusher.hangs = True
    renamed = leech.steering.rename(torrent.id, torrent.name, "other")
    world.run(2 * FIRST_RETRY)
    leech.worker.hangs = True
    leech.flusher.go_on()
    world.run(1)
    while leech.worker.waiting:  # the last first
        leech.worker.waiting.insert(0, leech.worker.waiting.pop())
        leech.worker.step()
        world.run()
    leech.worker.go_on()
    assert result(renamed) == "other"
    world.until(lambda: leech.row(torrent).error is None, 3 * RETRY)
    world.run(1)
    assert session.torrent.have.count >= has


def test_after_a_move_that_failed_it_is_tried_again(pair, world, torrent):
    _, leech = pair
    fails(leech, torrent, "pwritev", errno.ENOSPC)
    (leech.downloads / "x" / torrent.name).mkdir(parents=True)
    (leech.downloads / "x" / torrent.name / "a.bin").write_text("in the way")
    leech.worker.hangs = True
    job = result(leech.steering.move(torrent.id, str(leech.downloads / "x"), "move"))
    world.run(2 * FIRST_RETRY)
    leech.worker.go_on()
    world.run()
    assert leech.steering.job(job).state == "failed"
    world.until(lambda: leech.row(torrent).error is None, 3 * RETRY)
    assert leech.session(torrent).torrent.running


@pytest.mark.parametrize("size", [PIECE, 5 << 20])
def test_a_verify_settles_what_could_not_be_written(make_home, world, size):
    torrent = Sample(files={"a.bin": 6 * size}, piece_size=size)
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.system.errors["pwritev"] = errno.ENOSPC
    leech.steering.add(torrent.metainfo, AddOptions(peers=(seed.address,)))
    world.until(lambda: leech.row(torrent).error, 60)
    seed.stop()
    session = leech.session(torrent)
    assert session.durability.marks.marked
    del leech.system.errors["pwritev"]
    result(leech.steering.verify(torrent.id))
    world.run(1)
    assert session.durability.marks.are_settled


def test_a_sector_that_cannot_be_read_is_fetched_again(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    session = seed.add(torrent)
    seed.system.errors["preadv"] = errno.EIO
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: seed.row(torrent).error, 60)
    assert seed.row(torrent).error.code == "io_error"
    lost = [piece for piece in range(20) if piece not in session.torrent.have]
    assert lost
    assert session.durability.have == session.torrent.have
    assert set(lost) <= set(session.durability.marks.marked)
    del seed.system.errors["preadv"]
    world.until(lambda: seed.row(torrent).error is None, 60)
    assert session.torrent.running


@pytest.mark.parametrize(("number", "code"), [(errno.EACCES, "permission"), (errno.EMFILE, "no_descriptors")])
def test_what_may_not_be_read_for_a_while_is_not_lost(make_home, world, torrent, number, code):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    session = seed.add(torrent)
    seed.system.errors["preadv"] = number
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: seed.row(torrent).error, 60)
    assert seed.row(torrent).error.code == code
    world.run(2 * RETRY)
    assert seed.row(torrent).error.code == code
    assert session.durability.have.has_all()
    del seed.system.errors["preadv"]
    world.until(lambda: leech.row(torrent).state == "seeding", 180)
    assert session.torrent.have.has_all()
    assert (seed.row(torrent).state, seed.row(torrent).error) == ("seeding", None)


def test_a_folder_that_may_not_be_looked_into(home, world, torrent):
    home.add(torrent, paused=True)
    home.stop()
    home.make()
    disk, refusing = home.daemon.host.disk, [True]

    def opened(*args, **kwargs):
        storage = open_storage(*args, **kwargs)
        look = storage.existing
        refused = StorageError("/x: permission denied", "permission", "/x")
        storage.existing = lambda: fail(refused) if refusing else look()
        return storage

    open_storage, disk.open = disk.open, opened
    result(Deferred.fromCoroutine(home.daemon.start()))
    world.run()
    assert home.row(torrent).error.code == "permission"
    refusing.clear()
    world.until(lambda: home.row(torrent).error is None, 60)
    assert home.row(torrent).state == "paused"


def test_a_database_that_is_full_stops_the_data_and_loses_nothing(pair, world, torrent):
    _, leech = pair
    session = leech.session(torrent)
    world.until(lambda: session.torrent.have.count >= 2, 60)
    state = leech.daemon.host.state
    full = StorageError("torrentd.db: database or disk is full", "disk_full")
    real = state._write
    state._write = lambda change: fail(full)
    world.until(lambda: leech.row(torrent).error, 60)
    assert (leech.row(torrent).error.code, leech.row(torrent).error.source) == ("disk_full", "state")
    world.run(5 * RETRY)
    had = session.torrent.have.copy()
    assert isinstance(error(lambda: leech.steering.pause(torrent.id)), StorageError)
    assert isinstance(error(lambda: leech.steering.add(Sample("new").metainfo, AddOptions())), StorageError)
    assert leech.steering.ids() == [torrent.id]
    state._write = real
    result(leech.steering.resume(torrent.id, False))
    world.until(lambda: leech.row(torrent).error is None, 60)
    assert session.durability.have == had
    world.until(lambda: leech.row(torrent).completed_at, 180)
    assert leech.same(torrent)
    leech.crash()
    assert leech.start().row(torrent).state == "seeding"


def test_bits_that_could_not_be_recorded_are_recorded_later(pair, world, torrent):
    _, leech = pair
    session = leech.session(torrent)
    world.until(lambda: session.durability.verified, 60)
    state, recorded = leech.daemon.host.state, session.durability.have.count
    real, state.record = state.record, lambda *args, **columns: fail(StorageError("full", "disk_full"))
    world.until(lambda: leech.row(torrent).error, 60)
    assert session.durability.have.count == recorded
    assert not session.durability.is_settled
    state.record = real
    world.until(lambda: leech.row(torrent).error is None, 60)
    assert session.durability.have.count > recorded
    world.until(lambda: leech.row(torrent).completed_at, 180)
    assert session.durability.is_settled
