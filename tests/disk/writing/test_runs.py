from __future__ import annotations

import errno
import random
from pathlib import Path

import pytest

from tests.disk.fakes import Sample, Steps, answer_of, open_descriptors, result
from torrentd.disk.results import Failed, Verified
from torrentd.disk.writing.running_hash import RUN
from torrentd.model.errors import StorageError
from torrentd.model.geometry import BLOCK

PIECE = 5 * RUN
RUN_BLOCKS = RUN // BLOCK
FILES = (("t/a", 2 * RUN + 100), ("t/b", 6 * RUN + 5))
"""Two pieces of 5 runs; the last one has 3 runs and 105 bytes."""


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path, FILES, PIECE)


@pytest.fixture
def slow(tmp_path: Path, steps: Steps) -> Sample:
    return Sample(tmp_path, FILES, PIECE, run=steps.run)


def store_run(sample: Sample, piece: int, number: int) -> None:
    first = number * RUN_BLOCKS
    sample.storage.store(piece, number * RUN, sample.blocks(piece, first, first + RUN_BLOCKS))


def test_pieces_in_order(sample: Sample) -> None:
    assert sample.write(0, 1) == [Verified(0), Verified(1)]
    assert sample.same(0)
    assert sample.same(1)
    assert sample.disk.buffers.waiting == 0
    assert result(sample.storage.flush()).pieces == [0, 1]


def test_runs_are_written_before_the_piece_is_whole_and_hashed_from_memory(sample: Sample) -> None:
    sample.storage.permit([0])
    for number in range(4):
        store_run(sample, 0, number)
    assert sample.path(1).read_bytes()[: 2 * RUN - 100] == sample.content[2 * RUN + 100 : 4 * RUN]
    store_run(sample, 0, 4)
    assert result(sample.finish(0)) == Verified(0)
    assert "preadv" not in sample.system.calls
    assert sample.disk.buffers.pooled == RUN, "one buffer was enough"


@pytest.mark.parametrize("seed", range(5))
def test_blocks_in_any_order_and_twice(sample: Sample, seed: int) -> None:
    sample.storage.permit([1])
    blocks = list(enumerate(sample.blocks(1)))
    random.Random(seed).shuffle(blocks)
    for number, view in blocks + blocks[:50]:
        sample.storage.store(1, number * BLOCK, [view])
    assert result(sample.finish(1)) == Verified(1)
    assert sample.path(1).read_bytes()[3 * RUN - 100 :] == sample.piece(1)


def test_many_runs_at_a_time_do_not_fill_the_memory(tmp_path: Path) -> None:
    sample = Sample(tmp_path, (("a", 32 * RUN),), 32 * RUN)
    sample.storage.permit([0])
    for block in range(RUN_BLOCKS):
        for number in range(32):
            begin = number * RUN + block * BLOCK
            sample.storage.store(0, begin, [memoryview(sample.content)[begin : begin + BLOCK]])
    assert sample.disk.buffers.pooled <= 9 * RUN
    assert result(sample.finish(0)) == Verified(0)
    assert sample.same(0)


def test_nothing_is_written_before_the_permit(sample: Sample, tmp_path: Path) -> None:
    for number in range(5):
        store_run(sample, 0, number)
    assert list(tmp_path.iterdir()) == []
    assert sample.disk.buffers.waiting == PIECE
    done = sample.finish(0)
    assert not done.called
    sample.storage.permit([0])
    assert result(done) == Verified(0)


def test_runs_that_come_meanwhile_share_the_next_job(slow: Sample, steps: Steps) -> None:
    slow.storage.permit([0])
    for number in (0, 3, 1, 4, 2):
        store_run(slow, 0, number)
    done = slow.finish(0)
    steps.step()
    assert len(steps.jobs) == 1
    steps.step()
    assert result(done) == Verified(0)


def test_a_wrong_piece_claims_nothing_and_may_be_tried_again(sample: Sample) -> None:
    sample.storage.permit([0])
    sample.storage.store(0, 0, [memoryview(sample.piece(0)[:RUN])])
    sample.storage.store(0, RUN, [memoryview(bytes(BLOCK)), *sample.blocks(0, RUN_BLOCKS + 1)])
    failed = result(sample.finish(0))
    assert isinstance(failed, Failed)
    assert result(sample.storage.flush()).pieces == []
    sample.store(0)
    verified = result(sample.finish(0, digests=True))
    wrong = [number for number, digest in enumerate(failed.digests) if digest != verified.digests[number]]
    assert wrong == [RUN_BLOCKS]
    assert result(sample.storage.flush()).pieces == [0]


def test_a_piece_is_not_finished_while_blocks_are_missing(sample: Sample) -> None:
    sample.storage.permit([0])
    store_run(sample, 0, 0)
    with pytest.raises(ValueError, match="missing"):
        sample.finish(0)


def test_an_error_while_the_piece_comes_is_told_when_it_is_finished(sample: Sample) -> None:
    sample.storage.permit([0])
    sample.system.errors["pwritev"] = errno.ENOSPC
    sample.store(0)
    with pytest.raises(StorageError) as caught:
        result(sample.finish(0))
    assert caught.value.code == "disk_full"
    assert sample.disk.buffers.waiting == 0
    del sample.system.errors["pwritev"]
    assert sample.write(0) == [Verified(0)]


def test_an_error_of_the_last_job(slow: Sample, steps: Steps) -> None:
    done = slow.write(0)
    slow.system.errors["pwritev"] = errno.EIO
    steps.all()
    assert done[0].value.code == "io_error"
    assert slow.disk.buffers.waiting == 0


def test_a_discarded_piece_begun_anew_waits_for_the_old_runs_to_land(slow: Sample, steps: Steps) -> None:
    slow.storage.permit([0])
    slow.storage.store(0, 0, [memoryview(bytes(RUN))])
    slow.storage.discard([0])
    slow.storage.permit([0])
    store_run(slow, 0, 0)
    assert len(steps.jobs) == 1
    steps.step()
    assert len(steps.jobs) == 1
    for number in range(1, 5):
        store_run(slow, 0, number)
    done = slow.finish(0)
    steps.all()
    assert result(done) == Verified(0)
    assert slow.disk.buffers.waiting == 0


def test_discarding_gives_back_what_waits(sample: Sample) -> None:
    store_run(sample, 0, 0)
    sample.storage.store(0, RUN, sample.blocks(0, RUN_BLOCKS, RUN_BLOCKS + 1))
    assert sample.disk.buffers.waiting == RUN
    sample.storage.discard([0, 1])
    assert (sample.disk.buffers.waiting, sample.disk.buffers.pooled) == (0, 2 * RUN)


def test_a_piece_finished_again_meanwhile_is_written_once(slow: Sample, steps: Steps) -> None:
    first = slow.write(0)
    slow.storage.discard([0])
    second = slow.write(0)
    steps.all()
    assert (first, second) == ([Verified(0)], [Verified(0)])
    assert slow.disk.buffers.waiting == 0


def test_a_copy_is_tried_when_the_one_before_it_was_wrong(slow: Sample, steps: Steps) -> None:
    slow.storage.permit([0])
    slow.storage.store(0, 0, [memoryview(bytes(PIECE))])
    first = slow.finish(0)
    second = slow.write(0)
    steps.all()
    assert isinstance(result(first), Failed)
    assert second == [Verified(0)]


def test_close_drops_what_is_unfinished_and_waits_for_the_rest(slow: Sample, steps: Steps, tmp_path: Path) -> None:
    written = slow.write(0)
    for number in range(3):
        store_run(slow, 1, number)
    slow.storage.store(1, 3 * RUN, slow.blocks(1, 3 * RUN_BLOCKS))
    unpermitted = slow.finish(1)
    closed = slow.storage.close()
    assert not closed.called
    with pytest.raises(StorageError, match="given up"):
        result(unpermitted)
    steps.all()
    assert written == [Verified(0)]
    assert closed.called
    assert slow.disk.buffers.waiting == 0
    assert open_descriptors(tmp_path) == []


def test_close_waits_for_the_runs_of_an_unfinished_piece(slow: Sample, steps: Steps) -> None:
    slow.storage.permit([0])
    store_run(slow, 0, 0)
    closed = slow.storage.close()
    assert not closed.called
    steps.all()
    assert closed.called


def test_runs_written_before_a_failed_flush_spoil_the_piece(sample: Sample) -> None:
    sample.storage.permit([0])
    store_run(sample, 0, 0)
    sample.system.errors["fdatasync"] = errno.EIO
    answer_of(sample.storage.flush())
    del sample.system.errors["fdatasync"]
    for number in range(1, 5):
        store_run(sample, 0, number)
    with pytest.raises(StorageError, match="disk failed while"):
        result(sample.finish(0))
    assert result(sample.storage.flush()).pieces == []
    assert sample.write(0) == [Verified(0)]
    assert result(sample.storage.flush()).pieces == [0]
