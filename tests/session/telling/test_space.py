"""What is free: asked for by a thread, remembered, and not waited for when a disk hangs."""

from __future__ import annotations

import shutil

from tests.session.world import result
from torrentd.session.telling.rows import DiskRow
from torrentd.session.telling.space import FRESH, MOST, PATIENCE


def status_rows(home) -> list[DiskRow]:
    result(home.steering.look_at_disks())
    return home.steering.status().disk


def test_the_download_directory_is_told(home):
    (row,) = status_rows(home)
    assert (row.path, row.total) == (str(home.downloads), shutil.disk_usage(home.downloads).total)
    assert row.free is not None


def test_a_folder_that_is_not_there_yet(home):
    path = f"{home.downloads}/not/yet"
    assert result(home.steering.disk(path)).total == shutil.disk_usage(home.downloads).total


def test_a_disk_that_hangs_holds_nobody(home, world):
    before = status_rows(home)
    world.run(FRESH)
    home.mounts.hangs = True
    for _ in range(3):
        looking = home.steering.look_at_disks()
        assert home.steering.status().disk == before
        assert not looking.called
        world.run(PATIENCE)
        assert result(looking) is None
    assert len(home.mounts.waiting) == 1  # nobody asks twice
    waiting = home.steering.look_at_disks()
    home.mounts.go_on()
    assert result(waiting) is None


def test_one_that_never_answered_is_unknown(home, world):
    home.mounts.hangs = True
    asked = home.steering.disk("/elsewhere")
    world.run(PATIENCE)
    assert result(asked) == DiskRow("/elsewhere", None, None)


def test_an_answer_is_good_for_a_moment(home, world):
    status_rows(home)
    home.mounts.hangs = True
    assert result(home.steering.look_at_disks()) is None
    world.run(FRESH)
    home.steering.status()
    assert len(home.mounts.waiting) == 1


def test_no_more_is_remembered_than_fits(home, world):
    home.mounts.hangs = True
    for number in range(MOST + 5):
        home.steering.disk(f"/{number}")
    assert len(home.mounts.waiting) == MOST
    home.mounts.go_on()
    world.run(PATIENCE)
    for number in range(5):
        result(home.steering.disk(f"/again/{number}"))
    assert len(home.daemon.around.space._rows) == MOST
