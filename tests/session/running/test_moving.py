"""Torrents to other directories: nothing lost, nothing replaced, whatever happens on the way."""

from __future__ import annotations

import errno
import gc
import os
from contextlib import suppress
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from tests.session.world import Sample, error, result
from torrentd.disk import moving
from torrentd.session.control import AddOptions
from torrentd.session.entering.beginning import begin
from torrentd.state.moves import load as load_moves


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def target(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere"


@pytest.fixture
def home(make_home, tmp_path, torrent):
    """A seed that may go below `tmp_path`."""
    made = make_home(6881, toml=f'allowed_roots = ["{tmp_path}"]\n').start()
    made.put(torrent)
    made.add(torrent)
    return made


@pytest.fixture
def other_disk(monkeypatch):
    """As if every target was on another file system."""

    def link(source, target, *, src_dir_fd, dst_dir_fd, follow_symlinks):
        if src_dir_fd != dst_dir_fd:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        real(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, follow_symlinks=follow_symlinks)

    real = os.link
    monkeypatch.setattr(moving.os, "link", link)


def move(home, torrent, path, mode="move"):
    id = result(home.steering.move(torrent.id, str(path), mode))
    home.world.run(1)
    return home.steering.job(id)


def lies_in(directory: Path, torrent) -> bool:
    return all(
        (directory / torrent.name / name).is_file() and (directory / torrent.name / name).read_bytes() == data
        for name, data in torrent.files.items()
    )


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if not path.is_dir()]


def test_within_a_file_system(home, torrent, target):
    inode = home.path(torrent, "a.bin").stat().st_ino
    assert move(home, torrent, target).state == "done"
    row = home.row(torrent)
    assert (row.state, row.download_dir, row.error) == ("seeding", str(target), None)
    assert lies_in(target, torrent)
    assert (target / torrent.name / "a.bin").stat().st_ino == inode
    assert list(home.downloads.iterdir()) == []


@pytest.mark.usefixtures("other_disk")
def test_into_another_file_system(home, torrent, target):
    before = home.path(torrent, "a.bin").stat()
    job = move(home, torrent, target)
    assert (job.state, job.done) == ("done", job.total)
    after = (target / torrent.name / "a.bin").stat()
    assert after.st_ino != before.st_ino
    assert after.st_mtime_ns == before.st_mtime_ns
    assert lies_in(target, torrent)
    assert list(home.downloads.iterdir()) == []
    assert home.row(torrent).state == "seeding"


def test_it_is_there_after_a_restart(home, torrent, target):
    move(home, torrent, target)
    home.stop()
    home.start()
    row = home.row(torrent)
    assert (row.state, row.download_dir, row.progress) == ("seeding", str(target), 1.0)


@pytest.mark.usefixtures("other_disk")
def test_it_goes_on_downloading_at_the_new_place(home, make_home, world, torrent, target):
    leech = make_home(6882, toml=f'allowed_roots = ["{target}"]\n').start()
    leech.put(torrent, "a.bin")
    leech.add(torrent)
    assert move(leech, torrent, target).state == "done"
    result(leech.steering.add_peers(torrent.id, [home.address]))
    world.until(lambda: leech.row(torrent).state == "seeding", 30)
    assert lies_in(target, torrent)
    assert files_in(leech.downloads) == []


@pytest.mark.parametrize("path", ["", "relative", "/", "/etc", "/proc/self", "a\0b"])
def test_other_places_are_not_allowed(home, torrent, path):
    problem = error(lambda: home.steering.move(torrent.id, path, "move"))
    assert problem.name == "path_not_allowed"
    assert home.row(torrent).state == "seeding"


def test_links_do_not_lead_out(home, torrent, target):
    (target / "link").symlink_to("/etc")
    assert error(lambda: home.steering.move(torrent.id, f"{target}/link/x", "move")).name == "path_not_allowed"


@pytest.mark.parametrize("copied", [False, True])
def test_nothing_is_replaced(home, torrent, target, copied, request):
    if copied:
        request.getfixturevalue("other_disk")
    in_the_way = target / torrent.name / "sub" / "b.txt"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("mine")
    job = move(home, torrent, target)
    assert job.state == "failed"
    assert "is not replaced" in job.error.message
    assert in_the_way.read_text() == "mine"
    assert files_in(target) == [in_the_way]
    assert lies_in(home.downloads, torrent)
    row = home.row(torrent)
    assert (row.state, row.download_dir) == ("seeding", str(home.downloads))


def test_the_same_place_is_nothing_to_do(home, torrent):
    assert move(home, torrent, home.downloads).state == "done"
    assert lies_in(home.downloads, torrent)
    assert home.row(torrent).state == "seeding"


@pytest.mark.usefixtures("other_disk")
def test_a_full_disk_leaves_all_at_the_old_place(home, torrent, target, monkeypatch):
    def full(fd, buffers, offset):
        if offset:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.pwritev(fd, buffers, offset)

    monkeypatch.setattr(moving, "AT_ONCE", 1 << 15)
    monkeypatch.setattr(home.system, "pwritev", full)
    job = move(home, torrent, target)
    assert (job.state, job.error.code) == ("failed", "disk_full")
    assert files_in(target) == []
    assert lies_in(home.downloads, torrent)
    assert home.row(torrent).state == "seeding"
    monkeypatch.undo()
    assert move(home, torrent, target).state == "done"


def test_files_that_are_gone_are_not_moved(home, torrent, target):
    home.path(torrent, "a.bin").unlink()
    job = move(home, torrent, target)
    assert (job.state, job.error.code) == ("failed", "files_missing")
    assert files_in(target) == []
    assert home.row(torrent).download_dir == str(home.downloads)


def test_point_looks_at_what_is_there(home, torrent, target):
    (home.downloads / torrent.name).rename(target / torrent.name)
    assert move(home, torrent, target, "point").state == "done"
    home.world.run(5)
    row = home.row(torrent)
    assert (row.state, row.download_dir) == ("seeding", str(target))
    home.stop()
    home.start()
    assert home.row(torrent).state == "seeding"


def test_point_claims_nothing_that_a_worker_wrote_at_the_old_place(make_home, world, home, torrent, tmp_path, target):
    leech = make_home(6882, toml=f'allowed_roots = ["{tmp_path}"]\n').start()
    session = leech.add(torrent)
    leech.worker.hangs = True
    leech.steering.add_peers(torrent.id, [home.address])
    world.until(lambda: session.torrent.storing, 90)
    result(home.steering.pause(torrent.id))
    result(leech.steering.move(torrent.id, str(target), "point"))
    world.run(1)
    leech.worker.go_on()
    world.run(30)
    session = leech.session(torrent)
    assert (session.error.code, files_in(target)) == ("files_missing", [])
    assert session.durability.is_settled


def test_point_believes_nothing_of_a_half_fetched_torrent(make_home, world, tmp_path, target):
    """Large pieces stay marked as being written: of the files at the new place that says nothing."""
    large = Sample("large", files={"a.bin": 30 << 20}, piece_size=5 << 20)
    seed = make_home(6883, toml="[limits]\nupload = 4000000\n").start()
    seed.put(large)
    seed.add(large)
    leech = make_home(6882, toml=f'allowed_roots = ["{tmp_path}"]\n').start()
    session = leech.add(large, peers=(seed.address,))
    world.until(lambda: session.durability.have.count and session.durability.marks.marked, 90)
    seed.stop()
    (target / "large").mkdir()
    (target / "large" / "a.bin").write_bytes(bytes(large.size))
    assert move(leech, large, target, "point").state == "done"
    assert session.torrent.have.count == session.durability.have.count == 0


def test_point_while_it_is_looked_at(home, torrent, target):
    """What is found at the old place is not claimed at the new one."""
    (target / torrent.name / "sub").mkdir(parents=True)
    for name, data in torrent.files.items():
        (target / torrent.name / name).write_bytes(bytes(len(data)))
    result(home.steering.remove(torrent.id, False))
    home.worker.hangs = True
    home.steering.add(torrent.metainfo, AddOptions())
    home.world.run()
    home.keeper.hangs = True
    home.steering.move(torrent.id, str(target), "point")
    home.worker.step()
    home.world.run()
    home.keeper.go_on()
    while home.worker.waiting:  # the last first
        home.worker.waiting.insert(0, home.worker.waiting.pop())
        home.worker.step()
        home.world.run()
    home.worker.go_on()
    home.world.run(5)
    assert (home.row(torrent).state, home.row(torrent).download_dir) == ("downloading", str(target))
    assert home.session(torrent).torrent.have.count == 0


def test_removed_before_its_turn(home, torrent, target):
    home.keeper.hangs = True
    removal = home.steering.remove(torrent.id, False)
    job = result(home.steering.move(torrent.id, str(target / "new"), "move"))
    home.keeper.go_on()
    home.world.run(1)
    result(removal)
    assert (home.steering.job(job).state, home.steering.job(job).error.code) == ("failed", "torrent_not_found")
    assert list(target.iterdir()) == []


def test_what_has_no_files_yet(make_home, world, home, torrent, target):
    leech = make_home(6882, toml=f'allowed_roots = ["{target}"]\n').start()
    result(leech.steering.add_magnet(f"magnet:?xt=urn:btih:{torrent.id}", AddOptions()))
    assert error(lambda: leech.steering.move(torrent.id, "/etc", "move")).name == "path_not_allowed"
    assert move(leech, torrent, target).state == "done"
    assert leech.row(torrent).download_dir == str(target)
    leech.stop()
    leech.start()
    result(leech.steering.add_peers(torrent.id, [home.address]))
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    assert lies_in(target, torrent)


class TestUnderWay:
    """The disk hangs, so that there is time to do something."""

    @pytest.fixture
    def job(self, home, torrent, target):
        home.worker.hangs = True
        return result(home.steering.move(torrent.id, str(target), "move"))

    def test_nobody_else_looks_at_its_files(self, home, torrent, job):
        """As a start does that is late: of one that it suspects of having ended the last."""
        home.world.run()
        jobs = len(home.worker.waiting)
        Deferred.fromCoroutine(begin(home.session(torrent)))
        home.world.run()
        assert home.session(torrent).begun
        assert len(home.worker.waiting) == jobs

    def test_its_state(self, home, torrent, job):
        assert home.row(torrent).state == "moving"
        assert home.steering.job(job).state == "running"

    def test_what_has_to_wait(self, home, torrent, target, job):
        for call in (
            lambda: home.steering.move(torrent.id, str(target), "move"),
            lambda: home.steering.verify(torrent.id),
        ):
            assert error(call).name == "busy"
        result(home.steering.pause(torrent.id))
        assert home.row(torrent).state == "moving"
        home.worker.go_on()
        home.world.run(1)
        assert home.row(torrent).state == "paused"

    def test_given_up(self, home, torrent, target, job):
        home.steering.cancel_job(job)
        home.worker.go_on()
        home.world.run(1)
        assert home.steering.job(job).state == "cancelled"
        assert files_in(target) == []
        assert lies_in(home.downloads, torrent)
        assert home.row(torrent).state == "seeding"

    def test_removed_with_its_files(self, home, torrent, target, job):
        removal = home.steering.remove(torrent.id, True)
        home.worker.go_on()
        home.world.run(1)
        result(removal)
        assert files_in(target) == files_in(home.downloads) == []


CALLS = {"link": 6, "unlink": 8, "fsync": 5, "rmdir": 2}
"""What changes the disk on the way, and how often at most."""


class Killed(BaseException):
    """As if the process was gone."""


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize(("name", "at"), [(name, at) for name, most in CALLS.items() for at in range(most)])
def test_a_crash_at_any_step(home, torrent, target, copied, name, at, request, monkeypatch):
    """The next start comes to the end that this one was to have."""
    if copied:
        request.getfixturevalue("other_disk")
    real, count = getattr(moving.os, name), iter(range(1000))

    def dying(*args, **named):
        if next(count) >= at:
            raise Killed
        return real(*args, **named)

    monkeypatch.setattr(moving.os, name, dying)
    done: Deferred = home.steering.move(torrent.id, str(target), "move")
    done.addErrback(lambda failure: failure.trap(Killed) and None)
    with suppress(Killed):
        home.world.run(1)
    monkeypatch.setattr(moving.os, name, real)
    home.crash()
    gc.collect()  # what died is reported as unhandled now, and not while another test looks at the log
    home.start()
    home.world.run(5)
    row = home.row(torrent)
    assert (row.state, row.error, row.progress) == ("seeding", None, 1.0)
    place = Path(row.download_dir)
    assert lies_in(place, torrent)
    assert len(files_in(target)) + len(files_in(home.downloads)) == len(torrent.files)
    assert load_moves(home.daemon.host.state._commits._connection) == {}
