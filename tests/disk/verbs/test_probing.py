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


# --- in the place where it failed


def refused(sample: Sample, path: Path) -> StorageError:
    with pytest.raises(StorageError) as caught:
        result(sample.storage.probe(str(path)))
    assert caught.value.path == str(path)
    return caught.value


@pytest.fixture
def deep(tmp_path: Path) -> Sample:
    return Sample(tmp_path, [("t/a", 100), ("t/sub/more/b", 100)])


def test_folders_that_are_not_there_yet(deep: Sample, tmp_path: Path) -> None:
    for path in (tmp_path / "t/sub/more/b", tmp_path / "t/a", tmp_path / "elsewhere", tmp_path):
        assert result(deep.storage.probe(str(path))) is None
    assert list(tmp_path.iterdir()) == []


def test_a_link_or_a_file_in_the_place_of_a_folder(deep: Sample, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t/sub").symlink_to(tmp_path)
    assert refused(deep, tmp_path / "t/sub/more/b").code == "permission"
    assert result(deep.storage.probe(str(tmp_path / "t/a"))) is None
    (tmp_path / "t/sub").unlink()
    (tmp_path / "t/sub").write_bytes(b"")
    assert refused(deep, tmp_path / "t/sub/more/b").code == "permission"
    (tmp_path / "t/sub").unlink()
    assert result(deep.storage.probe(str(tmp_path / "t/sub/more/b"))) is None


def test_something_else_in_the_place_of_the_file(deep: Sample, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    path = tmp_path / "t/a"
    path.mkdir()
    assert refused(deep, path).code == "permission"
    path.rmdir()
    path.symlink_to(tmp_path)
    assert refused(deep, path).code == "permission"
    path.unlink()
    path.write_bytes(b"x")
    assert result(deep.storage.probe(str(path))) is None
    assert path.read_bytes() == b"x"
    assert open_descriptors(tmp_path) == []
