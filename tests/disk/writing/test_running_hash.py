from __future__ import annotations

from pathlib import Path

import pytest

from tests.disk.fakes import FakeSystem, layout
from torrentd.disk.files import Files, Place, Terms
from torrentd.disk.hashing import hasher, piece_hash
from torrentd.disk.results import Failed, Verified
from torrentd.disk.writing.running_hash import RUN, Task, write_and_hash
from torrentd.model.geometry import BLOCK

SIZE = 3 * RUN + BLOCK
DATA = bytes(range(251)) * (SIZE // 251 + 1)
SALT = bytes(16)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    place = Place(str(tmp_path), layout(("before", 7), ("a", SIZE)), 0, FakeSystem())
    return Files(place, Terms(writable=True))


def task(parts: list[tuple[int, int]], hashed: int = 0, upto: int = 0, expected: bytes | None = None, **more) -> Task:
    views = [(begin, memoryview(DATA)[begin:end]) for begin, end in parts]
    sha = hasher()
    sha.update(DATA[:hashed])
    return Task(5, 7, views, sha, hashed, upto, expected, more.get("digests", False), SALT)


def test_what_follows_the_hashed_part_is_hashed_from_memory(files: Files) -> None:
    progress = write_and_hash(files, task([(0, RUN), (RUN, 2 * RUN)], 0, 2 * RUN))
    assert progress.hashed == 2 * RUN
    assert progress.hash.digest() == piece_hash(DATA[: 2 * RUN])
    assert "preadv" not in files.place.system.calls
    files.close()


def test_what_lies_behind_a_hole_is_only_written(files: Files) -> None:
    progress = write_and_hash(files, task([(2 * RUN, 3 * RUN)]))
    assert (progress.hashed, progress.verdict) == (0, None)
    files.close()


def test_once_the_hole_is_closed_it_is_read_back(files: Files) -> None:
    write_and_hash(files, task([(BLOCK, RUN), (2 * RUN, SIZE)]))
    middle = task([(0, BLOCK), (RUN, 2 * RUN)], 0, SIZE, piece_hash(DATA[:SIZE]))
    progress = write_and_hash(files, middle)
    assert progress.hashed == SIZE
    assert progress.verdict == Verified(5)
    files.close()


def test_the_given_hash_is_left_as_it_was_for_another_try(files: Files) -> None:
    first = task([(0, RUN)], 0, RUN)
    one, other = write_and_hash(files, first), write_and_hash(files, first)
    assert one.hash.digest() == other.hash.digest()
    files.close()


def test_digests_are_made_from_what_was_written(files: Files) -> None:
    good = write_and_hash(files, task([(0, SIZE)], 0, SIZE, piece_hash(DATA[:SIZE]), digests=True))
    bad = write_and_hash(files, task([], 0, SIZE, bytes(20)))
    assert isinstance(good.verdict, Verified)
    assert isinstance(bad.verdict, Failed)
    assert good.verdict.digests == bad.verdict.digests
    assert len(bad.verdict.digests) == SIZE // BLOCK
    files.close()
