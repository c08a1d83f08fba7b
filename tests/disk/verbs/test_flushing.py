from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.disk.fakes import FakeSystem, Sample, Steps, answer_of, open_descriptors, result
from torrentd.disk.results import Flushed, Verified
from torrentd.model.errors import StorageError
from torrentd.model.geometry import BLOCK
from torrentd.model.layout import FileEntry

FILES = (("t/a", 3 * BLOCK), ("t/d/b", BLOCK), FileEntry((".pad", "x"), BLOCK, 0, padding=True), ("t/c", 4 * BLOCK))
"""Pieces of 2 blocks: 0 in a, 1 in a and b, 2 in padding and c, 3 in c, 4 (one block) in c."""


class Syncs(FakeSystem):
    """Remembers what was synced, by path."""

    def __init__(self) -> None:
        super().__init__()
        self.synced: list[str] = []

    def fdatasync(self, fd: int) -> None:
        self.synced.append(os.readlink(f"/proc/self/fd/{fd}"))
        super().fdatasync(fd)

    def fsync(self, fd: int) -> None:
        self.synced.append(os.readlink(f"/proc/self/fd/{fd}"))
        super().fsync(fd)


@pytest.fixture
def system() -> Syncs:
    return Syncs()


@pytest.fixture
def sample(tmp_path: Path, system: Syncs) -> Sample:
    return Sample(tmp_path, FILES, system=system)


def paths(root: Path, *names: str) -> list[str]:
    return [str(root / name) for name in names]


def test_files_first_then_every_folder_with_a_new_entry(sample: Sample, system: Syncs, tmp_path: Path) -> None:
    sample.write(0, 1)
    assert sample.storage.dirty_bytes == 4 * BLOCK
    flushed = result(sample.storage.flush())
    assert system.synced == [*paths(tmp_path, "t/a", "t/d/b"), str(tmp_path), *paths(tmp_path, "t", "t/d")]
    assert flushed.pieces == [0, 1]
    for index, stat in flushed.files:
        facts = sample.path(index).stat()
        assert stat == (facts.st_size, facts.st_mtime_ns, facts.st_ino)
    assert [index for index, _ in flushed.files] == [0, 1]
    assert sample.storage.dirty_bytes == 0


def test_what_is_flushed_is_not_flushed_again(sample: Sample, system: Syncs, tmp_path: Path) -> None:
    sample.write(0)
    result(sample.storage.flush())
    system.synced.clear()
    assert result(sample.storage.flush()) == Flushed([], [])
    sample.write(1)
    result(sample.storage.flush())
    assert system.synced == paths(tmp_path, "t/a", "t/d/b", "t", "t/d")


def test_files_that_were_closed_meanwhile_are_opened_again(sample: Sample, system: Syncs, tmp_path: Path) -> None:
    sample.write(0)
    sample.disk.descriptors.shed()
    assert result(sample.storage.flush()).pieces == [0]
    assert system.synced[0] == str(tmp_path / "t/a")


@pytest.mark.parametrize("harm", ["delete", "truncate", "folder", "pipe"])
def test_a_file_that_was_closed_and_is_not_there_any_more_is_not_claimed(sample: Sample, harm: str) -> None:
    sample.write(0)
    sample.disk.descriptors.shed()
    path = sample.path(0)
    path.unlink()
    if harm == "truncate":
        path.write_bytes(b"short")
    elif harm == "folder":
        path.mkdir()
    elif harm == "pipe":
        os.mkfifo(path)
    with pytest.raises(StorageError) as caught:
        result(sample.storage.flush())
    assert caught.value.path == str(path)
    assert sample.storage.suspect() == [0]
    assert open_descriptors(sample.root) == []


def test_a_flush_covers_what_was_written_before_it_began(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, FILES, flush_run=steps.run)
    sample.write(0)
    first = sample.storage.flush()
    sample.write(1)
    second = sample.storage.flush()
    assert len(steps.jobs) == 1, "one at a time"
    steps.step()
    assert result(first).pieces == [0]
    steps.all()
    assert result(second).pieces == [1]


def test_a_failed_sync_is_not_believed_later(sample: Sample, system: Syncs) -> None:
    sample.write(0, 1)
    system.errors["fdatasync"] = errno.EIO
    with pytest.raises(StorageError) as caught:
        result(sample.storage.flush())
    assert (caught.value.code, caught.value.path) == ("io_error", str(sample.path(0)))
    del system.errors["fdatasync"]
    assert sample.storage.suspect() == [0, 1]
    assert result(sample.storage.flush()).pieces == []
    assert sample.storage.suspect() == [0, 1]


def test_a_folder_that_cannot_be_synced_is_a_failure_too(sample: Sample, system: Syncs) -> None:
    sample.write(0)
    system.errors["fsync"] = errno.EIO
    with pytest.raises(StorageError):
        result(sample.storage.flush())
    assert sample.storage.suspect() == [0]
    system.errors["fsync"] = errno.EINVAL
    system.synced.clear()
    result(sample.storage.flush())
    assert system.synced[-1].endswith("/t"), "the folder is tried again"


def test_a_folder_that_is_gone_matters_only_for_its_files(sample: Sample, system: Syncs, tmp_path: Path) -> None:
    sample.write(0)
    (tmp_path / "t").rename(tmp_path / "moved")
    with pytest.raises(StorageError):
        result(sample.storage.flush())
    result(sample.storage.check())
    system.synced.clear()
    assert result(sample.storage.flush()) == Flushed([], [])
    assert system.synced == [str(tmp_path)]


def test_file_systems_that_do_not_sync_folders_are_accepted(sample: Sample, system: Syncs) -> None:
    system.errors["fsync"] = errno.EINVAL
    sample.write(0)
    assert result(sample.storage.flush()).pieces == [0]


def test_pieces_written_while_a_flush_fails_are_suspect_or_failed(tmp_path: Path) -> None:
    steps, flushes = Steps(), Steps()
    system = FakeSystem()
    sample = Sample(tmp_path, FILES, run=steps.run, flush_run=flushes.run, system=system)
    sample.write(0)
    steps.all()
    flush = sample.storage.flush()
    during = sample.write(1)
    steps.all()
    after = sample.write(3)
    system.errors["fdatasync"] = errno.EIO
    flushes.all()
    steps.all()
    assert answer_of(flush).type is StorageError
    assert during == [Verified(1)]
    assert sample.storage.suspect() == [0, 1]
    assert "disk failed" in str(after[0].value)


@pytest.mark.parametrize("harm", ["delete", "replace", "truncate"])
def test_a_file_that_is_not_there_any_more_is_not_claimed(sample: Sample, harm: str) -> None:
    sample.write(0)
    path = sample.path(0)
    if harm == "truncate":
        os.truncate(path, 5)
    else:
        path.unlink()
    if harm == "replace":
        sample.put(0)
    with pytest.raises(StorageError) as caught:
        result(sample.storage.flush())
    assert (caught.value.code, caught.value.path) == ("files_missing", str(path))
    assert sample.storage.suspect() == [0]
    assert open_descriptors(sample.root) == []
