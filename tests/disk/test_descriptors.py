from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.disk.fakes import open_descriptors
from torrentd.disk.descriptors import Descriptors
from torrentd.disk.files import Opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(6):
        (tmp_path / str(number)).write_bytes(b"x")
    return tmp_path


def opened(root: Path, number: int, writable: bool = False) -> Opened:
    fd = os.open(root / str(number), os.O_RDWR if writable else os.O_RDONLY)
    facts = os.fstat(fd)
    return Opened(number, fd, writable, facts.st_dev, facts.st_ino)


def test_the_least_recently_used_is_closed_first(root: Path) -> None:
    table = Descriptors(limit=2)
    table.adopt(1, opened(root, 0))
    table.adopt(1, opened(root, 1))
    table.get((1, 0))
    table.adopt(1, opened(root, 2))
    assert open_descriptors(root) == ["/0", "/2"]
    assert table.get((1, 1)) is None
    table.forget_storage(1)


def test_a_file_in_use_is_not_closed_under_its_user(root: Path) -> None:
    table = Descriptors(limit=1)
    table.adopt(1, opened(root, 0))
    held = table.hold(1, [0, 1], writable=False)
    assert list(held) == [0]
    table.adopt(1, opened(root, 1))
    assert open_descriptors(root) == ["/0"], "the idle one goes, though it is newer"
    assert os.pread(held[0].fd, 1, 0) == b"x"
    table.forget((1, 0))
    assert table.get((1, 0)) is None
    assert os.pread(held[0].fd, 1, 0) == b"x"
    table.release(held.values())
    assert open_descriptors(root) == []


def test_a_job_that_writes_gets_only_writable_ones(root: Path) -> None:
    table = Descriptors()
    table.adopt(1, opened(root, 0))
    assert table.hold(1, [0], writable=True) == {}
    table.adopt(1, opened(root, 0, writable=True))
    held = table.hold(1, [0], writable=True)
    assert held[0].writable
    table.release(held.values())
    assert len(open_descriptors(root)) == 1
    table.adopt(1, opened(root, 0))
    file = table.get((1, 0))
    assert file is not None
    assert file.writable, "the more capable one stays"
    table.forget_storage(1)


def test_a_file_that_was_replaced_replaces_the_old_one(root: Path) -> None:
    table = Descriptors()
    table.adopt(1, opened(root, 0, writable=True))
    (root / "new").write_bytes(b"y")
    (root / "new").rename(root / "0")
    table.adopt(1, opened(root, 0))
    file = table.get((1, 0))
    assert file is not None
    assert os.pread(file.fd, 1, 0) == b"y"
    table.forget_storage(1)
    assert open_descriptors(root) == []


def test_storages_do_not_share_files(root: Path) -> None:
    table = Descriptors()
    table.adopt(1, opened(root, 0))
    assert table.get((2, 0)) is None
    table.adopt(2, opened(root, 0))
    table.forget_storage(1)
    assert table.get((2, 0)) is not None
    table.forget_storage(2)


def test_shed_closes_what_nobody_uses(root: Path) -> None:
    table = Descriptors()
    table.adopt(1, opened(root, 0))
    table.adopt(1, opened(root, 1))
    held = table.hold(1, [1], writable=False)
    assert table.shed()
    assert open_descriptors(root) == ["/1"]
    assert not table.shed()
    table.release(held.values())
    table.forget_storage(1)
