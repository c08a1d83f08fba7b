from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.disk.fakes import Sample, Steps, result
from torrentd.disk.results import Verified
from torrentd.model.errors import StorageError
from torrentd.model.layout import FileEntry, Priority

FILES = (
    ("t/a", 10),
    ("t/none", 0),
    FileEntry(("t", "d", "link"), 0, 0, symlink=("t", "e", "f")),
    ("t/unwanted", 0),
)
WANTED = [Priority.NORMAL, Priority.LOW, Priority.NORMAL, Priority.SKIP]


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    sample = Sample(tmp_path, FILES, 16)
    sample.storage.set_wanted(WANTED)
    return sample


def test_wanted_files_without_content_and_links_come_with_the_first_flush(sample: Sample) -> None:
    sample.write(0)
    assert not sample.path(1).exists()
    result(sample.storage.flush())
    assert sample.path(1).read_bytes() == b""
    assert os.readlink(sample.path(2)) == "../e/f"
    assert not sample.path(3).exists()


def test_nothing_is_made_of_a_torrent_that_was_only_added(sample: Sample, tmp_path: Path) -> None:
    result(sample.storage.flush())
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_stays(sample: Sample) -> None:
    sample.put(1)
    sample.path(2).parent.mkdir()
    sample.path(2).symlink_to("elsewhere")
    sample.write(0)
    result(sample.storage.flush())
    assert os.readlink(sample.path(2)) == "elsewhere"


def test_what_could_not_be_made_is_tried_again(sample: Sample) -> None:
    sample.write(0)
    sample.path(1).symlink_to("elsewhere")
    with pytest.raises(StorageError, match="not followed"):
        result(sample.storage.flush())
    sample.path(1).unlink()
    assert result(sample.storage.flush()).pieces == [0]
    assert sample.path(1).exists()


def test_an_empty_file_that_was_removed_is_made_again_when_it_is_wanted_again(tmp_path: Path) -> None:
    sample = Sample(tmp_path, FILES, 5)
    sample.write(0)
    result(sample.storage.flush())
    sample.path(1).unlink()
    sample.disk.descriptors.shed()
    sample.storage.set_wanted(WANTED)
    sample.write(1)
    assert result(sample.storage.flush()).pieces == [1]
    assert sample.path(1).read_bytes() == b""


def test_close_waits_for_the_flush_that_follows(tmp_path: Path) -> None:
    steps = Steps()
    sample = Sample(tmp_path, FILES, 16, run=steps.run, flush_run=steps.run)
    sample.write(0)
    steps.all()
    flush = sample.storage.flush()
    closed = sample.storage.close()
    steps.step()
    assert not closed.called
    steps.all()
    assert result(flush).pieces == [0]
    assert closed.called


def test_a_link_that_cannot_be_made_is_an_error(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    sample.write(0)
    monkeypatch.setattr("os.symlink", denied)
    with pytest.raises(StorageError) as caught:
        result(sample.storage.flush())
    assert (caught.value.code, caught.value.path) == ("permission", str(sample.path(2)))


def test_unwanted_files_get_only_their_edge_and_no_blocks(tmp_path: Path) -> None:
    sample = Sample(tmp_path, (("a", 10), ("b", 1 << 20), ("c", 1 << 20)), 16, allocation="full")
    sample.storage.set_wanted([Priority.NORMAL, Priority.SKIP, Priority.SKIP])
    assert sample.write(0) == [Verified(0)]
    assert sample.path(0).stat().st_blocks > 0
    assert sample.path(1).stat().st_size == 1 << 20
    assert sample.path(1).stat().st_blocks * 512 < 1 << 20
    assert not sample.path(2).exists()
    assert sample.system.calls.count("fallocate") == 1


def test_a_file_wanted_later_is_allocated_when_it_is_opened_again(tmp_path: Path) -> None:
    sample = Sample(tmp_path, (("a", 10), ("b", 1 << 20)), 16, allocation="full")
    sample.storage.set_wanted([Priority.NORMAL, Priority.SKIP])
    sample.write(0)
    sample.storage.set_wanted([Priority.NORMAL, Priority.HIGH])
    sample.disk.descriptors.shed()
    sample.write(1)
    assert sample.path(1).stat().st_blocks * 512 >= 1 << 20
