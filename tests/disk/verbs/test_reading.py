from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.disk.fakes import FakeSystem, Sample, Steps, open_descriptors, result
from torrentd.disk.verbs.reading import joined
from torrentd.model.errors import StorageError
from torrentd.model.geometry import BLOCK
from torrentd.model.layout import FileEntry

FILES = (("t/a", 3 * BLOCK), FileEntry((".pad", "x"), BLOCK, 0, padding=True), ("t/c", 4 * BLOCK + 9))


class Cached(FakeSystem):
    """A page cache that holds everything, or nothing, or a file system that knows no RWF_NOWAIT."""

    def __init__(self, answer: int | None = None) -> None:
        super().__init__()
        self.answer = answer
        self.reads: list[tuple[int, int, int]] = []

    def preadv(self, fd: int, buffers: Sequence[bytearray | memoryview], offset: int, flags: int = 0) -> int:
        self.reads.append((offset, len(buffers[0]), flags))
        if flags and self.answer is not None:
            raise OSError(self.answer, os.strerror(self.answer))
        return super().preadv(fd, buffers, offset, 0)


def now(sample: Sample, *ranges: tuple[int, int, int]) -> bytes | None:
    into = bytearray(sum(length for _, _, length in ranges))
    return bytes(into) if sample.storage.read_now(ranges, memoryview(into)) else None


def test_consecutive_ranges_are_one_stretch() -> None:
    ranges = [(0, 0, 10), (0, 10, 22), (1, 0, 5), (1, 6, 4), (0, 0, 3)]
    assert joined(ranges, 32) == [(0, 37), (38, 4), (0, 3)]
    assert joined([], 32) == []


def test_blocks_come_back_to_back_from_wherever_they_are(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    sample.put()
    ranges = [(0, 0, BLOCK), (0, BLOCK, BLOCK), (1, 0, 2 * BLOCK), (3, BLOCK, 9)]
    expected = sample.piece(0) + sample.piece(1) + sample.piece(3)[BLOCK : BLOCK + 9]
    assert bytes(result(sample.storage.read(ranges))) == expected


def test_a_file_is_read_at_once_when_it_was_opened_by_a_worker(tmp_path: Path) -> None:
    system = Cached()
    sample = Sample(tmp_path, FILES, system=system)
    sample.put()
    ranges = [(0, 0, BLOCK), (0, BLOCK, BLOCK), (1, 0, BLOCK)]
    assert now(sample, *ranges) is None
    result(sample.storage.read([(0, 0, 1)]))
    system.reads.clear()
    assert now(sample, *ranges) == sample.content[: 3 * BLOCK]
    assert system.reads == [(0, 3 * BLOCK, os.RWF_NOWAIT)]


def test_padding_is_read_without_any_file(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    assert now(sample, (1, BLOCK, BLOCK)) == bytes(BLOCK)


def test_what_is_not_in_the_page_cache_is_left_to_a_worker(tmp_path: Path) -> None:
    system = Cached(errno.EAGAIN)
    sample = Sample(tmp_path, FILES, system=system)
    sample.put()
    assert result(sample.storage.read([(0, 0, 5)])) == sample.content[:5]
    assert now(sample, (0, 0, 5)) is None
    system.answer = None
    assert now(sample, (0, 0, 5)) == sample.content[:5]


def test_any_error_is_left_to_a_worker(tmp_path: Path) -> None:
    system = Cached()
    sample = Sample(tmp_path, FILES, system=system)
    sample.put()
    result(sample.storage.read([(0, 0, 5)]))
    system.answer = errno.EIO
    assert now(sample, (0, 0, 5)) is None


def test_a_file_system_without_the_flag_is_asked_once(tmp_path: Path) -> None:
    """The test's own folder may lie on tmpfs, which is then read directly; anything else is left to the workers."""
    system = Cached(errno.EOPNOTSUPP)
    sample = Sample(tmp_path, FILES, system=system)
    sample.put()
    result(sample.storage.read([(0, 0, 5)]))
    system.reads.clear()
    first, second = now(sample, (0, 0, 5)), now(sample, (0, 0, 5))
    assert first == second
    assert [flags for _, _, flags in system.reads].count(os.RWF_NOWAIT) == 1


@pytest.fixture
def memory() -> Iterator[Path]:
    if not os.path.isdir("/dev/shm") or not os.access("/dev/shm", os.W_OK):
        pytest.skip("no tmpfs at /dev/shm")
    with TemporaryDirectory(dir="/dev/shm") as path:
        yield Path(path)


def test_tmpfs_is_read_directly(memory: Path) -> None:
    sample = Sample(memory, FILES)
    sample.put()
    result(sample.storage.read([(0, 0, 5)]))
    assert now(sample, (0, 0, 5)) == sample.content[:5]


@pytest.mark.parametrize("harm", ["delete", "truncate"])
def test_a_file_that_vanishes_is_noticed_and_not_made_anew(tmp_path: Path, harm: str) -> None:
    sample = Sample(tmp_path, FILES)
    sample.write(0)
    assert now(sample, (0, 0, 2 * BLOCK)) == sample.piece(0)
    if harm == "delete":
        sample.path(0).unlink()
        assert result(sample.storage.existing())[0] is None
    else:
        os.truncate(sample.path(0), 5)
    assert now(sample, (0, 0, BLOCK)) is None
    with pytest.raises(StorageError) as caught:
        result(sample.storage.read([(0, 0, BLOCK)]))
    assert (caught.value.code, caught.value.path) == ("files_missing", str(sample.path(0)))
    error = sample.write(1)[0].value
    assert error.code == "files_missing"
    assert not sample.path(0).exists() or sample.path(0).stat().st_size == 5


def test_a_file_open_for_reading_is_opened_again_for_writing(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    sample.put()
    result(sample.storage.read([(0, 0, 5)]))
    with open(sample.path(0), "r+b") as file:
        file.write(bytes(2 * BLOCK))
    sample.write(0)
    assert sample.same(0)
    assert open_descriptors(tmp_path) == ["/t/a"]


def test_close_waits_for_a_read(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, FILES, run=steps.run)
    sample.put()
    data = sample.storage.read([(0, 0, 5)])
    closed = sample.storage.close()
    assert not closed.called
    steps.all()
    assert result(data) == sample.content[:5]
    assert closed.called
    with pytest.raises(StorageError, match="closed"):
        result(sample.storage.read([(0, 0, 5)]))
