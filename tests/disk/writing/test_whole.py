from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from tests.disk.fakes import FakeSystem, Sample, Steps, answer_of, open_descriptors, result
from torrentd.disk.results import Failed, Verified
from torrentd.model.errors import StorageError
from torrentd.model.geometry import BLOCK

FILES = (("t/a", 3 * BLOCK), ("t/b", 5), ("t/c", 4 * BLOCK))
"""7 blocks and 5 bytes: 4 pieces of 2 blocks, the second one in all three files, the last one shorter."""


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def slow(tmp_path: Path, steps: Steps) -> Sample:
    """The worker waits to be told."""
    return Sample(tmp_path, FILES, run=steps.run)


def test_pieces_over_many_files_are_written_and_verified(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    pieces = range(sample.geometry.piece_count)
    assert sample.write(*pieces) == [Verified(piece) for piece in pieces]
    assert all(sample.same(index) for index in range(3))
    assert sample.disk.buffers.waiting == 0


def test_blocks_may_come_in_any_order_and_their_views_are_used_up_at_once(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    read = bytearray(BLOCK)
    sample.storage.permit([0])
    for block in (1, 0):
        read[:] = sample.blocks(0)[block]
        sample.storage.store(0, block * BLOCK, [memoryview(read)])
    assert result(sample.finish(0)) == Verified(0)
    assert sample.path(0).read_bytes()[: 2 * BLOCK] == sample.piece(0)


def test_a_piece_with_a_wrong_hash_is_not_written(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    sample.storage.permit([0])
    sample.store(0, bytes(2 * BLOCK))
    failed = result(sample.finish(0))
    assert isinstance(failed, Failed)
    assert list(tmp_path.iterdir()) == []
    assert sample.storage.dirty_bytes == 0
    sample.store(0)
    verified = result(sample.finish(0, digests=True))
    assert len(verified.digests) == len(failed.digests) == 2
    assert not set(verified.digests) & set(failed.digests), "both blocks were lies"


def test_digests_show_the_block_that_was_wrong(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    sample.storage.permit([0])
    sample.store(0, sample.piece(0)[:BLOCK] + bytes(BLOCK))
    failed = result(sample.finish(0))
    sample.store(0)
    verified = result(sample.finish(0, digests=True))
    assert [one == other for one, other in zip(failed.digests, verified.digests, strict=True)] == [True, False]


def test_nothing_is_written_before_the_permit(slow: Sample, steps: Steps, tmp_path: Path) -> None:
    slow.store(0)
    done = slow.finish(0)
    steps.all()
    assert not done.called
    assert list(tmp_path.iterdir()) == []
    slow.storage.permit([0, 1])
    steps.all()
    assert result(done) == Verified(0)


def test_a_permit_is_used_up(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    sample.write(0)
    sample.store(0)
    done = sample.finish(0)
    assert not done.called
    sample.storage.permit([0])
    assert result(done) == Verified(0)


def test_pieces_that_finish_while_the_workers_are_busy_share_a_job(slow: Sample, steps: Steps) -> None:
    done = []
    slow.storage.permit(range(4))
    for piece in range(4):
        slow.store(piece)
        done.append(slow.finish(piece))
    assert len(steps.jobs) == 2, "as many as there are workers; each with one piece"
    steps.step()
    assert len(steps.jobs) == 2
    steps.all()
    assert [result(deferred) for deferred in done] == [Verified(piece) for piece in range(4)]
    assert all(slow.same(index) for index in range(3))


def test_a_job_takes_about_a_mebibyte(tmp_path: Path, steps: Steps) -> None:
    sample = Sample(tmp_path, (("a", 200 * BLOCK),), BLOCK, run=steps.run)
    sample.write(*range(200))
    assert len(steps.jobs) == 2
    steps.step()
    steps.step()
    assert [len(args[3]) for _, _, args in steps.jobs] == [64, 64]
    steps.all()
    assert sample.same(0)


def test_a_piece_finished_again_meanwhile_is_written_once(slow: Sample, steps: Steps) -> None:
    """A torrent was stopped and started while the disk was slow."""
    slow.storage.permit([0])
    slow.store(0)
    first = slow.finish(0)
    slow.storage.discard([0])
    slow.store(0, bytes(2 * BLOCK))
    second = slow.finish(0)
    steps.all()
    assert (result(first), result(second)) == (Verified(0), Verified(0))
    assert slow.path(0).read_bytes()[: 2 * BLOCK] == slow.piece(0)
    assert slow.disk.buffers.waiting == 0


def test_a_copy_is_tried_when_the_one_before_it_was_wrong(slow: Sample, steps: Steps) -> None:
    slow.storage.permit([0])
    slow.store(0, bytes(2 * BLOCK))
    first = slow.finish(0)
    slow.store(0)
    second = slow.finish(0)
    steps.all()
    assert isinstance(result(first), Failed)
    assert result(second) == Verified(0)


def test_discarded_pieces_are_forgotten_with_their_permits(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    sample.storage.permit([0])
    sample.store(0, bytes(2 * BLOCK))
    sample.storage.discard([0, 1])
    assert sample.disk.buffers.pooled == 2 * BLOCK
    sample.store(0)
    done = sample.finish(0)
    assert not done.called
    sample.storage.permit([0])
    assert result(done) == Verified(0)


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EIO, "io_error")])
def test_a_write_that_fails_leaves_no_claim(tmp_path: Path, number: int, code: str) -> None:
    system = FakeSystem()
    sample = Sample(tmp_path, FILES, system=system)
    system.errors["pwritev"] = number
    errors = [answer.value for answer in sample.write(0, 1)]
    assert [error.code for error in errors] == [code, code]
    assert result(sample.storage.flush()).pieces == []
    assert sample.disk.buffers.waiting == 0
    del system.errors["pwritev"]
    assert sample.write(0, 1) == [Verified(0), Verified(1)]
    assert result(sample.storage.flush()).pieces == [0, 1]


def test_the_pieces_of_a_job_fail_one_by_one(tmp_path: Path, steps: Steps) -> None:
    sample = Sample(tmp_path, FILES, run=steps.run, workers=1)
    (tmp_path / "t").mkdir()
    (tmp_path / "t/b").symlink_to("elsewhere")
    sample.storage.permit(range(4))
    done = []
    for piece in range(4):
        sample.store(piece)
        done.append(sample.finish(piece))
    steps.all()
    answers = [answer_of(deferred) for deferred in done]
    assert [getattr(answer, "type", None) for answer in answers] == [None, StorageError, None, None]


def test_a_job_without_descriptors_is_tried_again_once_others_are_closed(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES)
    sample.write(3)
    sample.system.errors["pwritev"] = errno.EMFILE
    assert sample.write(0)[0].value.code == "no_descriptors"
    assert sample.system.calls.count("pwritev") == 3, "the third job found nothing to close"
    del sample.system.errors["pwritev"]
    assert sample.write(0) == [Verified(0)]


def test_an_unexpected_exception_reaches_every_piece_of_the_job(slow: Sample, steps: Steps) -> None:
    done: list[Any] = slow.write(0)
    deferred, _, _ = steps.jobs.popleft()
    deferred.errback(ZeroDivisionError())
    assert done[0].type is ZeroDivisionError
    assert slow.disk.buffers.waiting == 0


def test_peers_are_held_back_while_too_much_waits(tmp_path: Path, steps: Steps) -> None:
    sample = Sample(tmp_path, FILES, run=steps.run, queue_limit=3 * BLOCK)
    sample.write(0)
    assert sample.busy == []
    sample.write(1)
    assert sample.busy == [True]
    steps.step()
    assert sample.busy == [True]
    steps.step()
    assert sample.busy == [True, False]


def test_close_waits_for_what_may_be_written_and_gives_up_the_rest(slow: Sample, steps: Steps, tmp_path: Path) -> None:
    written = slow.write(0)
    slow.store(1)
    unpermitted = slow.finish(1)
    slow.store(2)
    closed = slow.storage.close()
    assert not closed.called
    steps.all()
    assert closed.called
    assert written == [Verified(0)]
    with pytest.raises(StorageError, match="given up"):
        result(unpermitted)
    assert slow.disk.buffers.waiting == 0
    assert open_descriptors(tmp_path) == []
