from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.disk.fakes import FakeSystem, Sample, Steps, answer_of, open_descriptors, result
from torrentd.disk.results import Verified
from torrentd.model.errors import StorageError
from torrentd.model.geometry import BLOCK
from torrentd.model.layout import FileEntry

FILES = (("t/a", 3 * BLOCK), ("t/none", 0), FileEntry((".pad", "x"), BLOCK, 0, padding=True), ("t/c", 4 * BLOCK + 9))
"""5 pieces of 2 blocks: 0 in a, 1 in a and padding, 2, 3, and 4 of 9 bytes in c."""


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path, FILES)


def test_everything_that_is_there_is_found(sample: Sample) -> None:
    sample.put()
    assert list(result(sample.storage.check())) == [0, 1, 2, 3, 4]


def test_wrong_pieces_are_told_from_right_ones(sample: Sample) -> None:
    sample.put()
    with open(sample.path(3), "r+b") as file:
        file.seek(2 * BLOCK)
        file.write(b"\0\0\0\0")
    assert list(result(sample.storage.check())) == [0, 1, 2, 4]


def test_only_the_asked_pieces_are_read(sample: Sample) -> None:
    sample.put()
    assert list(result(sample.storage.check([4, 1]))) == [1, 4]
    assert sample.system.calls.count("preadv") == 2


def test_missing_and_short_files_are_missing_pieces_and_are_not_read(sample: Sample) -> None:
    assert list(result(sample.storage.check())) == []
    sample.put(3)
    os.truncate(sample.path(3), 3 * BLOCK)
    progress: list[int] = []
    assert list(result(sample.storage.check(progress=progress.append))) == [2]
    assert progress == [4, 5]
    assert sample.system.calls == ["preadv"]
    assert not sample.path(0).exists()


def test_a_link_in_the_place_of_a_file_is_nothing(sample: Sample, tmp_path: Path) -> None:
    sample.put()
    sample.path(0).rename(tmp_path / "moved")
    sample.path(0).symlink_to(tmp_path / "moved")
    assert list(result(sample.storage.check())) == [2, 3, 4]


def test_progress_and_cancel_between_portions(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, (("a", 12 << 20),), 1 << 20, run=steps.run)
    sample.put()
    progress: list[int] = []
    cancelled: list[bool] = []
    done = sample.storage.check(None, progress.append, lambda: bool(cancelled))
    steps.step()
    assert len(steps.jobs) == 2
    steps.step()
    assert progress == [0, 8]
    cancelled.append(True)
    steps.all()
    assert list(result(done)) == list(range(8))


def test_large_pieces_are_read_in_parts_and_may_be_cancelled_between_them(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, (("a", (20 << 20) + 5),), 20 << 20, run=steps.run)
    sample.put()
    done = sample.storage.check()
    steps.step()
    assert len(steps.jobs) == 2
    steps.all()
    assert list(result(done)) == [0, 1]
    cancelled: list[bool] = []
    done = sample.storage.check([0], cancelled=lambda: bool(cancelled))
    steps.step()
    steps.step()
    cancelled.append(True)
    steps.step()
    assert list(result(done)) == []
    assert not steps.jobs


def test_a_large_piece_in_a_file_that_vanishes_meanwhile(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, (("a", 20 << 20),), 20 << 20, run=steps.run)
    sample.put()
    done = sample.storage.check()
    steps.step()
    sample.path(0).unlink()
    steps.all()
    assert list(result(done)) == []


def test_a_file_that_cannot_be_read_is_an_error(sample: Sample) -> None:
    sample.put()
    sample.system.errors["preadv"] = errno.EIO
    with pytest.raises(StorageError) as caught:
        result(sample.storage.check())
    assert caught.value.code == "io_error"
    assert open_descriptors(sample.root) == [], "nobody reads with them again"


def test_an_error_ends_a_check_when_nothing_of_it_is_under_way_any_more(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, (("a", 40 << 20),), 1 << 20, run=steps.run)
    sample.put()
    done = sample.storage.check()
    steps.step()
    sample.system.errors["preadv"] = errno.EIO
    steps.step()
    del sample.system.errors["preadv"]
    closed = sample.storage.close()
    assert not done.called
    assert not closed.called
    steps.step()
    assert not steps.jobs
    with pytest.raises(StorageError, match=os.strerror(errno.EIO)):
        result(done)
    result(closed)
    assert open_descriptors(sample.root) == []


def test_what_was_found_is_part_of_the_next_flush(sample: Sample) -> None:
    sample.put()
    result(sample.storage.check([0, 1]))
    flushed = result(sample.storage.flush())
    assert flushed.pieces == [0, 1]
    assert [index for index, _ in flushed.files] == [0]


def test_a_file_that_is_made_while_a_check_looks_is_flushed(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, FILES, run=steps.run)
    sample.store(3)
    sample.finish(3)
    checked = sample.storage.check([0])
    looked, look, terms = steps.jobs.popleft()
    seen = look(*terms)
    sample.storage.permit([3])
    steps.all()  # another worker, which is quicker
    looked.callback(seen)
    steps.all()
    assert list(result(checked)) == []
    flushing = sample.storage.flush()
    steps.all()
    flushed = result(flushing)
    assert (flushed.pieces, [index for index, _ in flushed.files]) == ([3], [3])


def test_after_a_check_missing_files_may_be_made(sample: Sample) -> None:
    sample.write(0)
    sample.path(0).unlink()
    result(sample.storage.existing())
    assert sample.write(0)[0].value.code == "files_missing"
    result(sample.storage.check())
    assert sample.write(0, 1) == [Verified(0), Verified(1)]
    assert sample.same(0)


def test_suspect_pieces_are_read_back_from_the_disk_and_flushed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = FakeSystem()
    sample = Sample(tmp_path, FILES, system=system)
    sample.write(0, 2)
    system.errors["fdatasync"] = errno.EIO
    answer_of(sample.storage.flush())
    assert sample.storage.suspect() == [0, 2]
    del system.errors["fdatasync"]
    with open(sample.path(3), "r+b") as file:
        file.write(b"\0\0\0\0")
    dropped: list[int] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda fd, start, length, advice: dropped.append(advice))
    assert result(sample.storage.flush()).pieces == [], "a later success means nothing"
    assert list(result(sample.storage.check(sample.storage.suspect()))) == [0]
    assert dropped == [os.POSIX_FADV_DONTNEED] * 2
    assert sample.storage.suspect() == []
    assert result(sample.storage.flush()).pieces == [0]


def test_what_is_small_takes_one_job(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, FILES, run=steps.run)
    sample.put()
    found = sample.storage.check()
    steps.step()
    assert list(result(found)) == [0, 1, 2, 3, 4]
    assert not steps.jobs


def test_nothing_was_found_if_it_is_cancelled_meanwhile(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, FILES, run=steps.run)
    sample.put()
    found = sample.storage.check(cancelled=lambda: True)
    steps.step()
    assert list(result(found)) == []
