"""Whether writing would work."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.disk.fakes import FakeSystem, Sample, open_descriptors, result
from torrentd.model.errors import StorageError


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path, [("t/a", 100_000)])


def test_it_leaves_nothing_behind(sample: Sample, tmp_path: Path) -> None:
    assert result(sample.storage.probe()) is None
    assert list(tmp_path.iterdir()) == []
    assert open_descriptors(tmp_path) == []


def test_a_download_directory_that_is_not_there_yet(tmp_path: Path) -> None:
    sample = Sample(tmp_path / "not" / "yet", [("t/a", 100_000)])
    assert result(sample.storage.probe()) is None
    assert list(tmp_path.iterdir()) == []


def test_too_little_space(tmp_path: Path) -> None:
    sample = Sample(tmp_path, [("t/a", 100_000)], min_free=1000)
    assert isinstance(sample.system, FakeSystem)
    sample.system.space = 1000
    with pytest.raises(StorageError) as caught:
        result(sample.storage.probe())
    assert (caught.value.code, caught.value.path) == ("disk_full", str(tmp_path))
    sample.system.space = 1_000_000
    assert result(sample.storage.probe()) is None


@pytest.mark.parametrize(("number", "code"), [(errno.EDQUOT, "disk_full"), (errno.EROFS, "read_only")])
def test_a_write_that_is_refused(sample: Sample, number: int, code: str, tmp_path: Path) -> None:
    assert isinstance(sample.system, FakeSystem)
    sample.system.errors["pwritev"] = number
    with pytest.raises(StorageError) as caught:
        result(sample.storage.probe())
    assert caught.value.code == code
    assert open_descriptors(tmp_path) == []
