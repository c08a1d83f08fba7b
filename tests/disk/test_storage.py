"""The verbs together, also over real threads. Each verb has its own tests."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from tests.disk.fakes import Answers, FakeSystem, Sample, open_descriptors, result
from torrentd.disk.results import Failed, Flushed, Verified
from torrentd.disk.system import System
from torrentd.model.geometry import BLOCK
from torrentd.model.layout import FileEntry


class Threads:
    """Real workers; `until` is the reactor: it takes in what they have done."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count)
        self._done: SimpleQueue[tuple[Deferred[Any], Any]] = SimpleQueue()

    def run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        deferred: Deferred[Any] = Deferred()

        def work() -> None:
            try:
                answer = function(*args)
            except BaseException:
                answer = Failure()
            self._done.put((deferred, answer))

        self._pool.submit(work)
        return deferred

    def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            deferred, answer = self._done.get(timeout=30)
            deferred.callback(answer)

    def result(self, deferred: Deferred[Any]) -> Any:
        self.until(lambda: deferred.called and not deferred.paused)
        return result(deferred)

    def stop(self) -> None:
        self._pool.shutdown()


@pytest.fixture(params=[gettempdir(), "/dev/shm"])
def root(request: pytest.FixtureRequest) -> Iterator[Path]:
    if not os.path.isdir(request.param) or not os.access(request.param, os.W_OK):
        pytest.skip(f"no {request.param} here")
    with TemporaryDirectory(dir=request.param) as path:
        yield Path(path)


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads(2)
    yield threads
    threads.stop()


MANY = (
    *[(f"t/small/{number}", 1000 + number) for number in range(100)],
    ("t/empty", 0),
    FileEntry(("t", "pad"), BLOCK, 0, padding=True),
    ("t/large", 300 * BLOCK + 7),
)


def flushed_and_read_back(sample: Sample, threads: Threads, pieces: list[int]) -> None:
    flushed = threads.result(sample.storage.flush())
    assert sorted(flushed.pieces) == sorted(pieces)
    ranges = [(piece, 0, sample.geometry.piece_length(piece)) for piece in pieces]
    assert threads.result(sample.storage.read(ranges)) == b"".join(sample.piece(piece) for piece in pieces)
    assert list(threads.result(sample.storage.check())) == sorted(pieces)


@pytest.mark.parametrize("piece_size", [BLOCK, 4 * BLOCK])
def test_a_torrent_of_many_files_from_first_block_to_removal(root: Path, threads: Threads, piece_size: int) -> None:
    sample = Sample(root, MANY, piece_size, run=threads.run, flush_run=threads.run, system=System(), open_files=5)
    pieces = list(range(sample.geometry.piece_count))
    random.Random(7).shuffle(pieces)
    results = sample.write(*pieces)
    threads.until(lambda: len(results) == len(pieces))
    assert all(isinstance(answer, Verified) for answer in results)
    assert len(open_descriptors(root)) <= 5
    flushed_and_read_back(sample, threads, pieces)
    assert all(sample.same(index) for index, entry in enumerate(sample.layout.files) if not entry.padding)
    threads.result(sample.storage.delete())
    assert list(root.iterdir()) == []
    assert open_descriptors(root) == []


def test_large_pieces_from_two_threads(root: Path, threads: Threads) -> None:
    sample = Sample(root, (("a", 7 << 20), ("b", 14 << 20)), 5 << 20, run=threads.run, flush_run=threads.run)
    blocks = [
        (piece, number * BLOCK, view)
        for piece in range(sample.geometry.piece_count)
        for number, view in enumerate(sample.blocks(piece))
    ]
    random.Random(7).shuffle(blocks)
    pieces = list(range(sample.geometry.piece_count))
    sample.storage.permit(pieces)
    for piece, begin, view in blocks:
        sample.storage.store(piece, begin, [view])
    done = [sample.finish(piece) for piece in pieces]
    assert [threads.result(deferred) for deferred in done] == [Verified(piece) for piece in pieces]
    flushed_and_read_back(sample, threads, pieces)
    threads.result(sample.storage.close())
    assert open_descriptors(root) == []


def test_read_now_hits_after_a_write(root: Path, threads: Threads) -> None:
    sample = Sample(root, (("a", 8 * BLOCK),), run=threads.run, system=System())
    results = sample.write(1)
    threads.until(lambda: results)
    into = bytearray(2 * BLOCK)
    at_hand = sample.storage.read_now([(1, 0, BLOCK), (1, BLOCK, BLOCK)], memoryview(into))
    assert not at_hand or into == sample.piece(1)


def test_torrents_share_descriptors_memory_and_nothing_else(tmp_path: Path) -> None:
    sample = Sample(tmp_path / "one", (("a", 2 * BLOCK),))
    other = sample.disk.open(sample.layout, sample.geometry, sample.hashes(), str(tmp_path / "other"))
    other.permit([0])
    other.store(0, 0, [memoryview(bytes(2 * BLOCK))])
    sample.write(0)
    assert sample.same(0)
    assert isinstance(result(Answers(other).finish(0)), Failed)
    result(sample.storage.close())
    assert result(other.flush()) == Flushed([], [])
    result(other.close())
    sample.disk.close()


def test_a_full_disk_stops_writing_and_not_reading(tmp_path: Path) -> None:
    system = FakeSystem()
    sample = Sample(tmp_path, (("a", 4 * BLOCK),), system=system, min_free=1000)
    system.space = 10 * BLOCK
    assert sample.write(0) == [Verified(0)]
    system.space = 1000
    assert sample.write(1)[0].value.code == "disk_full"
    assert result(sample.storage.read([(0, 0, BLOCK)])) == sample.content[:BLOCK]
    system.space = 10 * BLOCK
    assert sample.write(1) == [Verified(1)]
    assert sample.same(0)
