"""Files and folders under other names: on the disk, in the lists, after a restart, and after a crash at any step."""

from __future__ import annotations

import errno
import os
import sys
from collections import Counter
from contextlib import suppress
from random import Random

import pytest
from twisted.internet.defer import Deferred, execute, fail

from tests.session import world
from tests.session.world import PIECE, Sample, error, result
from torrentd.disk.verbs import renaming
from torrentd.model.errors import RpcError, StorageError
from torrentd.session.control import AddOptions
from torrentd.session.running.renaming import Renaming
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.state.records import Renaming as Note


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def seed(home, torrent):
    home.put(torrent)
    home.add(torrent)
    return home


def rename(home, torrent, path, name):
    new = result(home.steering.rename(torrent.id, path, name))
    home.world.run(1)
    return new


def paths(home, torrent):
    return [row.path for row in result(home.steering.files(torrent.id))]


def on_disk(home):
    return sorted(str(path.relative_to(home.downloads)) for path in home.downloads.rglob("*") if path.is_file())


def asleep(home, torrent):
    home.world.until(lambda: isinstance(home.daemon.around.torrents[bytes.fromhex(torrent.id)], Sleeper), 600)


def again(home):
    home.stop()
    home.start()
    home.world.run(1)


def test_a_file(seed, torrent):
    assert rename(seed, torrent, "sample/sub/b.txt", "c d.txt") == "sample/sub/c d.txt"
    for _ in range(2):
        assert paths(seed, torrent) == on_disk(seed) == ["sample/a.bin", "sample/sub/c d.txt"]
        assert (seed.row(torrent).state, seed.row(torrent).progress) == ("seeding", 1.0)
        again(seed)
    assert rename(seed, torrent, "sample/sub/c d.txt", "b.txt") == "sample/sub/b.txt"
    again(seed)
    assert paths(seed, torrent) == on_disk(seed) == ["sample/a.bin", "sample/sub/b.txt"]


def test_folders(seed, torrent):
    rename(seed, torrent, "sample/sub", "deep")
    rename(seed, torrent, "sample", "other")
    rename(seed, torrent, "other/a.bin", "z.bin")
    for _ in range(2):
        assert sorted(paths(seed, torrent)) == on_disk(seed) == ["other/deep/b.txt", "other/z.bin"]
        assert (seed.row(torrent).state, seed.row(torrent).name) == ("seeding", "other")
        again(seed)
    asleep(seed, torrent)
    assert seed.row(torrent).name == "other"


def test_it_is_an_edit(seed, torrent):
    result(seed.steering.pause(torrent.id))
    before, revision = seed.row(torrent), seed.steering.revision()
    seed.world.run(5)
    rename(seed, torrent, "sample/a.bin", "z.bin")
    for _ in range(2):
        assert seed.row(torrent).edited_at > before.edited_at
        again(seed)
    assert revision < seed.steering.revision()


def test_what_is_exported_stays(seed, torrent):
    before = result(seed.steering.export(torrent.id))
    rename(seed, torrent, "sample", "other")
    for _ in range(2):
        assert result(seed.steering.export(torrent.id)) == before
        again(seed)


def test_it_goes_on_seeding(seed, make_home, world, torrent):
    leech = make_home(6882, toml="[limits]\ndownload = 40000\n").start()
    leech.add(torrent)
    result(leech.steering.add_peers(torrent.id, [seed.address]))
    world.until(lambda: leech.row(torrent).done, 90)
    assert leech.row(torrent).left
    rename(seed, torrent, "sample/a.bin", "z.bin")
    world.until(lambda: leech.row(torrent).state == "seeding", 90)
    assert leech.same(torrent)


def test_it_downloads_under_the_new_name(seed, make_home, world, torrent):
    leech = make_home(6882).start()
    leech.add(torrent)
    rename(leech, torrent, "sample", "other")
    result(leech.steering.add_peers(torrent.id, [seed.address]))
    world.until(lambda: leech.row(torrent).state == "seeding", 90)
    assert on_disk(leech) == ["other/a.bin", "other/sub/b.txt"]


@pytest.mark.parametrize(
    ("path", "name", "problem"),
    [
        ("sample/nothing", "x", "file_index"),
        ("../sample", "x", "file_index"),
        ("sample/", "x", "file_index"),
        ("sample/a.bin", "../x", "path_not_allowed"),
        ("sample/a.bin", "", "path_not_allowed"),
        ("sample/a.bin", "sub", "path_not_allowed"),
    ],
)
def test_nonsense(seed, torrent, path, name, problem):
    assert error(lambda: seed.steering.rename(torrent.id, path, name)).name == problem
    assert seed.row(torrent).state == "seeding"


def test_nothing_is_replaced(seed, torrent):
    (seed.downloads / "sample" / "mine").write_text("mine")
    assert "is not replaced" in str(error(lambda: seed.steering.rename(torrent.id, "sample/a.bin", "mine")))
    seed.world.run(1)
    for _ in range(2):
        assert paths(seed, torrent) == ["sample/a.bin", "sample/sub/b.txt"]
        assert on_disk(seed) == ["sample/a.bin", "sample/mine", "sample/sub/b.txt"]
        assert seed.row(torrent).state == "seeding"
        again(seed)


def test_what_is_not_there_yet_does_not_take_a_name_that_is_taken(home, torrent):
    home.add(torrent)
    (home.downloads / "sample").mkdir(exist_ok=True)
    (home.downloads / "sample" / "mine").write_text("mine")
    assert "is not replaced" in str(error(lambda: home.steering.rename(torrent.id, "sample/a.bin", "mine")))
    rename(home, torrent, "sample/a.bin", "yours")
    assert on_disk(home) == ["sample/mine"]
    assert paths(home, torrent) == ["sample/yours", "sample/sub/b.txt"]


@pytest.mark.parametrize("sleeping", [False, True])
def test_what_another_torrent_uses_stays(seed, torrent, sleeping):
    other = Sample(files={"sub/c.txt": 1000}, comment=b"same folder")
    seed.put(other)
    seed.add(other)
    if sleeping:
        asleep(seed, other)
    for path, name in (("sample", "x"), ("sample/sub", "x"), ("sample/sub/b.txt", "c.txt")):
        problem = error(lambda path=path, name=name: seed.steering.rename(torrent.id, path, name))
        assert (problem.name, "another torrent" in str(problem)) == ("path_not_allowed", True)
    assert seed.row(torrent).state == "seeding"
    rename(seed, torrent, "sample/a.bin", "z.bin")
    assert on_disk(seed) == ["sample/sub/b.txt", "sample/sub/c.txt", "sample/z.bin"]


@pytest.mark.parametrize("first", ["move", "rename"])
def test_nothing_is_moved_into_a_folder_while_it_is_renamed(seed, torrent, first):
    other = Sample("other")
    seed.put(other)
    seed.add(other)
    target = str(seed.downloads / "sample" / "below")
    seed.worker.hangs = True
    if first == "move":
        job = result(seed.steering.move(other.id, target, "move"))
        refused = seed.steering.rename(torrent.id, "sample", "x")
        seed.worker.waiting.insert(0, seed.worker.waiting.pop())
        seed.worker.step()
        assert error(lambda: refused).name == "busy"
        seed.worker.go_on()
        seed.world.run(1)
        assert seed.steering.job(job).state == "done"
    else:
        renamed = seed.steering.rename(torrent.id, "sample", "x")
        assert error(lambda: seed.steering.move(other.id, target, "move")).name == "busy"
        seed.worker.go_on()
        seed.world.run(1)
        assert result(renamed) == "x"
    assert [seed.row(one).state for one in (torrent, other)] == ["seeding", "seeding"]


def test_a_disk_that_does_not_keep_it(seed, torrent, monkeypatch):
    def failing(fd):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(seed.system, "fsync", failing)
    assert isinstance(error(lambda: seed.steering.rename(torrent.id, "sample", "other")), StorageError)
    for _ in range(2):
        assert paths(seed, torrent) == on_disk(seed) == ["sample/a.bin", "sample/sub/b.txt"]
        assert (seed.row(torrent).state, seed.row(torrent).name) == ("seeding", "sample")
        monkeypatch.undo()
        again(seed)


def test_moved_and_renamed(make_home, tmp_path, torrent):
    home = make_home(6881, toml=f'allowed_roots = ["{tmp_path}"]\n').start()
    home.put(torrent)
    home.add(torrent)
    rename(home, torrent, "sample/sub", "deep")
    home.worker.hangs = True
    job = result(home.steering.move(torrent.id, str(tmp_path / "elsewhere"), "move"))
    assert error(lambda: home.steering.rename(torrent.id, "sample", "other")).name == "busy"
    home.worker.go_on()
    home.world.run(1)
    assert home.steering.job(job).state == "done"
    rename(home, torrent, "sample", "other")
    for _ in range(2):
        assert on_disk(home) == []
        assert (tmp_path / "elsewhere" / "other" / "deep" / "b.txt").read_bytes() == torrent.files["sub/b.txt"]
        assert home.row(torrent).state == "seeding"
        again(home)


class TestUnderWay:
    """The disk hangs, so that there is time to do something."""

    @pytest.fixture
    def renaming(self, seed, torrent):
        seed.worker.hangs = True
        return seed.steering.rename(torrent.id, "sample", "other")

    def test_what_has_to_wait(self, seed, torrent, renaming):
        assert seed.row(torrent).state == "moving"
        for call in (
            lambda: seed.steering.move(torrent.id, str(seed.downloads), "move"),
            lambda: seed.steering.verify(torrent.id),
        ):
            assert error(call).name == "busy"
        result(seed.steering.pause(torrent.id))
        seed.worker.go_on()
        seed.world.run(1)
        assert result(renaming) == "other"
        assert seed.row(torrent).state == "paused"

    def test_removed_with_its_files(self, seed, torrent, renaming):
        removal = seed.steering.remove(torrent.id, True)
        seed.worker.go_on()
        seed.world.run(1)
        result(removal)
        assert (result(renaming), on_disk(seed)) == ("other", [])


def test_a_name_is_forgotten_with_its_torrent(seed, torrent):
    rename(seed, torrent, "sample", "other")
    result(seed.steering.remove(torrent.id, True))
    seed.world.run(1)
    assert on_disk(seed) == []
    seed.add(torrent)
    assert paths(seed, torrent) == ["sample/a.bin", "sample/sub/b.txt"]


class Killed(BaseException):
    """As if the process was gone."""


def killed(seed, torrent, monkeypatch, after):
    """The process ends before, or after, the disk was changed."""
    real = os.rename

    def dying(*args, **named):
        if after:
            real(*args, **named)
        raise Killed

    monkeypatch.setattr(renaming.os, "rename", dying)
    done = seed.steering.rename(torrent.id, "sample", "other")
    done.addErrback(lambda failure: failure.trap(Killed) and None)
    with suppress(Killed):
        seed.world.run(1)
    monkeypatch.setattr(renaming.os, "rename", real)
    seed.crash()


@pytest.mark.parametrize("after", [False, True])
def test_a_crash(seed, torrent, monkeypatch, after):
    killed(seed, torrent, monkeypatch, after)
    seed.start()
    seed.world.run(5)
    assert on_disk(seed) == paths(seed, torrent) == ["other/a.bin", "other/sub/b.txt"]
    assert (seed.row(torrent).state, seed.row(torrent).name, seed.row(torrent).error) == ("seeding", "other", None)


def test_nothing_is_moved_into_a_folder_that_follows_after_a_crash(seed, torrent, monkeypatch):
    other = Sample("other2")
    seed.put(other)
    seed.add(other)
    seed.world.run(1)
    killed(seed, torrent, monkeypatch, False)
    refused = []

    async def meanwhile(self, session, note, real=Renaming._followed):
        moving = await self._around.waking.awake(bytes.fromhex(other.id))
        with pytest.raises(RpcError) as raised:
            self._daemon.moving.move(moving, str(seed.downloads / "sample" / "below"), "move")
        refused.append(raised.value.name)
        await real(self, session, note)

    monkeypatch.setattr(Renaming, "_followed", meanwhile)
    seed.start()
    seed.world.run(5)
    assert refused == ["busy"]
    move = seed.steering.move(other.id, str(seed.downloads / "sample" / "below"), "move")
    seed.world.run(1)
    result(move)


def test_a_disk_that_does_not_follow_after_a_crash(seed, torrent, monkeypatch):
    killed(seed, torrent, monkeypatch, after=False)
    (seed.downloads / "other").write_text("mine")
    seed.start()
    seed.world.run(5)
    for _ in range(2):
        assert paths(seed, torrent) == ["sample/a.bin", "sample/sub/b.txt"]
        assert on_disk(seed) == ["other", "sample/a.bin", "sample/sub/b.txt"]
        assert (seed.row(torrent).state, seed.row(torrent).name) == ("seeding", "sample")
        again(seed)


def test_thousands_of_files_do_not_hold_the_reactor(home, monkeypatch):
    """Whatever is done for each file is done by a worker."""
    monkeypatch.setattr(home.system, "fdatasync", lambda fd: None)
    many = Sample(files={f"sub/{number}": 100 for number in range(600)})
    home.put(many)
    home.add(many)
    calls: Counter[str] = Counter()

    def count(frame, event, arg):
        if event == "call" and "torrentd" in frame.f_code.co_filename:
            calls[f"{frame.f_code.co_filename} {frame.f_code.co_name}"] += 1

    def elsewhere(function, *args, **kwargs):
        sys.setprofile(None)
        try:
            return execute(function, *args, **kwargs)
        finally:
            sys.setprofile(count)

    monkeypatch.setattr(world, "execute", elsewhere)
    sys.setprofile(count)
    try:
        rename(home, many, "sample", "other")
    finally:
        sys.setprofile(None)
    assert home.row(many).state == "seeding"
    assert {name: times for name, times in calls.items() if times >= 600} == {}


@pytest.mark.parametrize("moved", [False, True])
def test_what_is_being_written_is_written_first(home, make_home, world, tmp_path, torrent, moved):
    """Whichever of several threads is the quicker one."""
    home.put(torrent, "a.bin")
    home.add(torrent)
    leech = make_home(6882, toml=f'allowed_roots = ["{tmp_path}"]\n').start()
    session = leech.add(torrent)
    leech.worker.hangs = True
    result(leech.steering.add_peers(torrent.id, [home.address]))
    world.until(lambda: session.torrent.storing, 90)
    if moved:
        result(leech.steering.move(torrent.id, str(tmp_path / "elsewhere"), "move"))
    else:
        renamed = leech.steering.rename(torrent.id, "sample", "other")
    world.run(1)
    while leech.worker.waiting:
        leech.worker.waiting.insert(0, leech.worker.waiting.pop())
        leech.worker.step()
        world.run()
    leech.worker.go_on()
    if not moved:
        assert result(renamed) == "other"
    world.run(10)
    place = tmp_path / "elsewhere" / "sample" if moved else leech.downloads / "other"
    assert (place / "a.bin").read_bytes() == torrent.files["a.bin"]
    assert on_disk(leech) == ([] if moved else ["other/a.bin"])
    for _ in range(2):
        assert (leech.row(torrent).done, leech.row(torrent).error) == (5 * PIECE, None)
        assert leech.session(torrent).durability.is_settled
        again(leech)


@pytest.mark.parametrize("luck", [9, 39, 41])
def test_a_torrent_that_begins_is_looked_at_under_its_new_names(home, luck):
    """The worker's answers come in any order."""
    rng = Random(luck)
    torrent = Sample(files={f"sub/{number}": 100 for number in range(510)})
    home.put(torrent)
    home.worker.hangs = True
    home.steering.add(torrent.metainfo, AddOptions())
    for _ in range(rng.randrange(6)):
        if home.worker.waiting:
            home.worker.step()
        home.world.run()
    renamed = []
    home.steering.rename(torrent.id, "sample", "other").addBoth(renamed.append)
    for _ in range(60):
        if home.worker.waiting:
            home.worker.waiting.insert(0, home.worker.waiting.pop(rng.randrange(len(home.worker.waiting))))
            home.worker.step()
        home.world.run(rng.choice([0, 0, 0.05]))
    home.worker.go_on()
    home.world.run(40)
    assert renamed and home.row(torrent).state == "seeding"


def test_a_refused_rename_does_not_run_what_is_being_stopped(seed, torrent):
    seed.worker.hangs = seed.keeper.hangs = True
    seed.steering.rename(torrent.id, "sample/nothing", "x").addErrback(lambda failure: None)
    session = seed.session(torrent)
    Deferred.fromCoroutine(seed.daemon.stop())
    seed.world.run(0.1)
    seed.worker.go_on()
    seed.world.run(0.1)
    assert not session.torrent.running
    seed.keeper.go_on()
    seed.world.run(5)


def fails_in(home, monkeypatch, name):
    """The database is full when it is asked for this."""
    full = StorageError("torrentd.db: database or disk is full", "disk_full")
    monkeypatch.setattr(home.daemon.host.state, name, lambda *args: fail(full))


def test_a_database_that_cannot_forget_the_note(seed, torrent, monkeypatch):
    fails_in(seed, monkeypatch, "end_renaming")
    assert rename(seed, torrent, "sample", "other") == "other"
    assert (seed.row(torrent).state, seed.row(torrent).error) == ("seeding", None)
    monkeypatch.undo()
    again(seed)
    assert paths(seed, torrent) == ["other/a.bin", "other/sub/b.txt"]
    assert (seed.row(torrent).state, seed.row(torrent).error) == ("seeding", None)


def test_a_database_that_is_full_after_a_crash(seed, torrent, monkeypatch):
    state = seed.daemon.host.state
    result(
        state.begin_renaming(
            bytes.fromhex(torrent.id),
            {0: ("other", "a.bin"), 1: ("other", "sub", "b.txt")},
            Note(("sample",), ("other",)),
        )
    )
    seed.crash()
    seed.make()
    fails_in(seed, monkeypatch, "end_renaming")
    result(Deferred.fromCoroutine(seed.daemon.start(False)))
    seed.world.run(1)
    assert on_disk(seed) == ["other/a.bin", "other/sub/b.txt"]
    assert (seed.row(torrent).state, seed.row(torrent).error) == ("seeding", None)
    monkeypatch.undo()
    assert rename(seed, torrent, "other", "third") == "third"
