from __future__ import annotations

from pathlib import Path

import pytest

from tests.disk.fakes import Sample, layout, open_descriptors, result
from torrentd.disk.folders import FileStat
from torrentd.disk.verbs.looking import readable
from torrentd.model.errors import StorageError
from torrentd.model.geometry import Geometry
from torrentd.model.layout import FileEntry

FILES = (("t/a", 10), ("t/none", 0), FileEntry((".pad", "x"), 6, 0, padding=True), ("t/d/c", 20))


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path, FILES, 8)


def test_each_file_is_told_as_it_is(sample: Sample) -> None:
    assert result(sample.storage.existing()) == [None, None, None, None]
    sample.put(0, 1)
    facts = sample.path(0).stat()
    first, empty, padding, absent = result(sample.storage.existing())
    assert first == FileStat(10, facts.st_mtime_ns, facts.st_ino)
    assert empty.size == 0
    assert (padding, absent) == (None, None)


def test_links_and_folders_are_not_our_files(sample: Sample, tmp_path: Path) -> None:
    sample.put(0)
    sample.path(0).rename(tmp_path / "real")
    sample.path(0).symlink_to(tmp_path / "real")
    sample.path(3).mkdir(parents=True)
    assert result(sample.storage.existing()) == [None, None, None, None]


def test_a_file_in_the_place_of_a_folder(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"")
    assert result(sample.storage.existing()) == [None, None, None, None]


def test_a_folder_that_is_not_there_says_nothing_of_the_next(tmp_path: Path) -> None:
    sample = Sample(tmp_path, (("t/x/a", 1), ("t/x/b", 1), ("t/y/c", 1), ("t/y/d", 1), ("t/x/e", 1)), 8)
    sample.put(2)
    found = result(sample.storage.existing())
    assert [stat is not None for stat in found] == [False, False, True, False, False]


def test_files_replaced_while_open_are_opened_by_their_path_again(sample: Sample) -> None:
    sample.put(0)
    result(sample.storage.read([(0, 0, 8)]))
    assert open_descriptors(sample.root) == ["/t/a"]
    result(sample.storage.existing())
    assert open_descriptors(sample.root) == ["/t/a"]
    sample.path(0).unlink()
    sample.path(0).write_bytes(b"other text")
    result(sample.storage.existing())
    assert open_descriptors(sample.root) == []
    assert bytes(result(sample.storage.read([(0, 0, 8)]))) == b"other te"


@pytest.mark.parametrize(
    ("sizes", "pieces"),
    [
        ((10, 0, 20), [0, 1, 2, 3, 4]),
        ((9, 0, 20), [0, 2, 3, 4]),
        ((7, 0, 20), [2, 3, 4]),
        ((None, None, 20), [2, 3, 4]),
        ((10, None, 99), [0, 1, 2, 3, 4]),
        ((10, 0, 19), [0, 1, 2, 3]),
        ((10, 0, 0), [0, 1]),
    ],
)
def test_pieces_that_reach_into_what_is_not_there_cannot_be_read(
    sizes: tuple[int | None, ...], pieces: list[int]
) -> None:
    a, none, c = (None if size is None else FileStat(size, 1, 1) for size in sizes)
    assert list(readable(layout(*FILES), Geometry(36, 8), [a, none, None, c], range(5))) == pieces


def test_only_asked_pieces_are_told() -> None:
    stats = [FileStat(size, 1, 1) for size in (10, 0, 6, 20)]
    assert list(readable(layout(*FILES), Geometry(36, 8), list(stats), [3, 1])) == [1, 3]


def test_a_folder_we_may_not_enter_is_an_error(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: object, **_: object) -> None:
        raise PermissionError(13, "Permission denied")

    sample.put(0)
    monkeypatch.setattr("os.stat", denied)
    deferred = sample.storage.existing()
    monkeypatch.undo()
    with pytest.raises(StorageError) as caught:
        result(deferred)
    assert (caught.value.code, caught.value.path) == ("permission", str(sample.path(0)))
