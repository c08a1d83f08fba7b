from __future__ import annotations

from pathlib import Path

import pytest

from tests.disk.fakes import Sample, open_descriptors, result
from torrentd.model.errors import StorageError
from torrentd.model.layout import FileEntry

FILES = (
    ("t/a", 10),
    ("t/d/e/b", 10),
    FileEntry(("t", "pad"), 4, 0, padding=True),
    ("t/none", 0),
    FileEntry(("t", "link"), 0, 0, symlink=("t", "a")),
)


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    root = tmp_path / "downloads"
    root.mkdir()
    return Sample(root, FILES, 8)


def test_files_links_and_emptied_folders_go(sample: Sample) -> None:
    sample.write(0, 1, 2)
    result(sample.storage.flush())
    assert sample.path(4).is_symlink()
    result(sample.storage.delete())
    assert list(sample.root.iterdir()) == []
    assert open_descriptors(sample.root) == []


def test_everything_else_stays_with_the_folders_it_lies_in(sample: Sample) -> None:
    sample.put(0, 1, 3)
    (sample.root / "t" / "d" / "mine").write_bytes(b"x")
    (sample.root / "t" / "pad").write_bytes(b"x")
    result(sample.storage.delete())
    left = sorted(str(path.relative_to(sample.root)) for path in sample.root.rglob("*"))
    assert left == ["t", "t/d", "t/d/mine", "t/pad"]


def test_what_is_gone_already_is_fine(sample: Sample) -> None:
    result(sample.storage.delete())
    sample.put(1)
    result(sample.open().delete())
    assert list(sample.root.iterdir()) == []


def test_nothing_is_removed_through_a_link(sample: Sample, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "e").mkdir(parents=True)
    (outside / "e" / "b").write_bytes(b"victim")
    (outside / "a").write_bytes(b"victim")
    (sample.root / "t").mkdir()
    (sample.root / "t" / "d").symlink_to(outside, target_is_directory=True)
    (sample.root / "t" / "a").symlink_to(outside / "a")
    result(sample.storage.delete())
    assert (outside / "e" / "b").exists()
    assert (outside / "a").exists()
    assert (sample.root / "t" / "a").is_symlink(), "not a file of ours"


def test_a_download_directory_that_is_gone_is_fine(sample: Sample) -> None:
    sample.root.rmdir()
    result(sample.storage.delete())


def test_what_cannot_be_removed_is_an_error(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    sample.put(0)

    def denied(path: object, **_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.unlink", denied)
    with pytest.raises(StorageError) as caught:
        result(sample.storage.delete())
    assert (caught.value.code, caught.value.path) == ("permission", str(sample.path(0)))
