from __future__ import annotations

from random import Random
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.disk.fakes import Answers
from torrentd.disk.results import Failed, Flushed, Verified
from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.model.geometry import BLOCK
from torrentd.simulate.clock import Clock
from torrentd.simulate.disks.content import fill
from torrentd.simulate.disks.disk import SimulatedDisk
from torrentd.simulate.disks.platter import Platter
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.torrents import make

PIECE = 2 * BLOCK
DIRECTORY = "/downloads"


class Bench:
    """A storage of three pieces in two files."""

    def __init__(self, **platter: Any) -> None:
        self.clock = Clock()
        self.platter = Platter(**platter)
        self.busy: list[bool] = []
        self.torrent = make(Random(1), 3 * PIECE - 100, PIECE, files=[PIECE + 10, 2 * PIECE - 110])
        self.open()

    def open(self) -> None:
        """As after a restart."""
        reactor = Reactor(self.clock)
        disk = SimulatedDisk(reactor, self.platter, self.busy.append, lambda: 1e9 + self.clock.now, PIECE)
        metainfo = self.torrent.metainfo
        self.storage = disk.open(metainfo.layout, metainfo.geometry, metainfo.hashes, DIRECTORY)
        self.finish = Answers(self.storage).finish

    def fill(self, piece: int, bad: bool = False) -> None:
        """Store all blocks of a piece."""
        length = self.torrent.geometry.piece_length(piece)
        data = bytearray(length)
        fill(self.torrent.metainfo.hashes, [(piece, 0, length)], memoryview(data), frozenset([piece] if bad else []))
        view = memoryview(data)
        self.storage.store(piece, 0, [view[start : start + BLOCK] for start in range(0, length, BLOCK)])

    def result(self, deferred: Deferred[Any], seconds: float = 1.0) -> Any:
        """What it fires with within that time; None if it does not."""
        results: list[Any] = []
        deferred.addBoth(results.append)
        self.clock.run_until(self.clock.now + seconds)
        return getattr(results[0], "value", results[0]) if results else None

    def write(self, *pieces: int) -> None:
        self.storage.permit(pieces)
        for piece in pieces:
            self.fill(piece)
            assert self.result(self.finish(piece)) == Verified(piece)


def test_a_right_piece_is_verified_and_there() -> None:
    bench = Bench()
    bench.write(0, 2)
    into = bytearray(BLOCK)
    assert bench.storage.read_now([(2, 0, BLOCK)], memoryview(into))
    assert list(bench.result(bench.storage.check())) == [0, 2]
    assert bench.storage.dirty_bytes == 2 * PIECE - 100


def test_a_wrong_block_fails_the_piece_and_its_digest_differs() -> None:
    bench = Bench()
    bench.storage.permit([0])
    bench.fill(0, bad=True)
    failed = bench.result(bench.finish(0))
    bench.fill(0)
    verified = bench.result(bench.finish(0, digests=True))
    assert isinstance(failed, Failed) and isinstance(verified, Verified)
    assert verified.digests is not None
    assert [one == other for one, other in zip(failed.digests, verified.digests, strict=True)] == [False, False]


def test_a_missing_block_fails_the_piece() -> None:
    bench = Bench()
    bench.storage.permit([0])
    bench.fill(0)
    bench.storage.discard([0])
    data = bytearray(BLOCK)
    fill(bench.torrent.metainfo.hashes, [(0, 0, BLOCK)], memoryview(data))
    bench.storage.permit([0])
    bench.storage.store(0, 0, [memoryview(data)])
    assert isinstance(bench.result(bench.finish(0)), Failed)


def test_nothing_is_written_without_a_permit() -> None:
    bench = Bench()
    bench.fill(0)
    done = bench.finish(0)
    assert bench.result(done) is None
    assert list(bench.storage.content.good) == []
    bench.storage.permit([0])
    bench.clock.run_until(9)
    assert list(bench.storage.content.good) == [0]


def test_a_piece_that_was_finished_twice_is_answered_twice() -> None:
    bench = Bench()
    bench.fill(0)
    first = bench.finish(0)
    bench.fill(0)
    second = bench.finish(0)
    bench.storage.permit([0])
    assert bench.result(first) == bench.result(second) == Verified(0)


def test_what_waits_is_counted() -> None:
    bench = Bench(rate=PIECE)
    bench.storage.permit([0, 1])
    for piece in (0, 1):
        bench.fill(piece)
        bench.finish(piece)
    assert bench.busy == [True]
    bench.clock.run_until(5)
    assert bench.busy == [True, False]


def test_a_disk_has_its_rate() -> None:
    bench = Bench(rate=PIECE / 2)
    bench.storage.permit([0, 1])
    times: list[float] = []
    for piece in (0, 1):
        bench.fill(piece)
        bench.finish(piece).addCallback(lambda _: times.append(bench.clock.now))
    bench.clock.run_until(9)
    assert times == [pytest.approx(2, abs=0.01), pytest.approx(4, abs=0.01)]


def test_a_full_disk_says_so_until_there_is_room() -> None:
    bench = Bench(free=PIECE)
    bench.write(0)
    bench.storage.permit([1])
    bench.fill(1)
    error = bench.result(bench.finish(1))
    assert isinstance(error, StorageError) and error.code == "disk_full"
    assert bench.result(bench.storage.probe()).code == "disk_full"
    bench.platter.free = 10 * PIECE
    assert bench.result(bench.storage.probe()) is None
    bench.write(1)
    assert bench.platter.free == 9 * PIECE
    bench.result(bench.storage.delete())
    assert bench.platter.free == 11 * PIECE


def test_a_flush_covers_what_was_written_before() -> None:
    bench = Bench()
    bench.write(0)
    flushed = bench.storage.flush()
    bench.write(2)
    answer = bench.result(flushed)
    assert isinstance(answer, Flushed)
    assert (answer.pieces, [index for index, _ in answer.files]) == ([0], [0])
    assert bench.result(bench.storage.flush()).pieces == [2]


def test_a_failed_flush_leaves_its_pieces_suspect_until_they_are_checked() -> None:
    bench = Bench()
    bench.write(0, 1)
    bench.platter.faults.flush = StorageError("broken", "io_error")
    assert bench.result(bench.storage.flush()) is bench.platter.faults.flush
    assert bench.storage.suspect() == [0, 1]
    bench.platter.faults.flush = None
    bench.result(bench.storage.check([0]))
    assert bench.storage.suspect() == [1]


def test_files_survive_a_restart_and_have_the_same_stats() -> None:
    bench = Bench()
    bench.write(0, 1)
    before = bench.result(bench.storage.existing())
    bench.open()
    assert bench.result(bench.storage.existing()) == before
    assert list(bench.result(bench.storage.check())) == [0, 1]
    assert (before[0].size, len({stat.inode for stat in before})) == (PIECE + 10, 2)


def test_a_file_that_vanished_cannot_be_read() -> None:
    bench = Bench()
    bench.write(0, 1, 2)
    bench.platter.lose(bench.storage.content, 1)
    into = memoryview(bytearray(100))
    with pytest.raises(StorageError) as caught:
        bench.storage.read_now([(2, 0, 100)], into)
    assert caught.value.code == "files_missing"
    assert bench.storage.read_now([(0, 0, 100)], into)
    assert list(bench.result(bench.storage.check())) == [0]


def test_rot_is_read_and_found_by_a_check() -> None:
    bench = Bench()
    bench.write(0, 1)
    bench.platter.rot(bench.storage.content, 1)
    good, bad = bytearray(BLOCK), bytearray(BLOCK)
    fill(bench.torrent.metainfo.hashes, [(1, 0, BLOCK)], memoryview(good))
    bench.storage.read_now([(1, 0, BLOCK)], memoryview(bad))
    assert good != bad
    assert list(bench.result(bench.storage.check())) == [0]


def test_what_is_not_cached_is_read_by_a_worker_at_the_disk_s_rate() -> None:
    bench = Bench(rate=BLOCK)
    bench.platter.faults.cached = False
    bench.platter.put(DIRECTORY, bench.torrent.metainfo.layout, bench.torrent.geometry, Bitfield.full(3), 0.0)
    assert not bench.storage.read_now([(0, 0, BLOCK)], memoryview(bytearray(BLOCK)))
    done = bench.storage.read([(0, 0, BLOCK)])
    assert bench.result(done, 0.9) is None
    data = bytearray(BLOCK)
    fill(bench.torrent.metainfo.hashes, [(0, 0, BLOCK)], memoryview(data))
    assert bench.result(bench.storage.read([(0, 0, BLOCK)]), 3) == data


def test_closing_waits_for_what_may_be_written_and_fails_the_rest() -> None:
    bench = Bench(rate=PIECE)
    bench.storage.permit([0])
    for piece in (0, 1):
        bench.fill(piece)
    permitted, forgotten = bench.finish(0), bench.finish(1)
    closed = bench.storage.close()
    assert isinstance(bench.result(forgotten, 0.1), StorageError)
    assert not closed.called
    assert bench.result(permitted) == Verified(0)
    assert closed.called
