from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from torrentd.disk.folders import Folders, own_part, sync_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "downloads"
    path.mkdir()
    return path


def identity(fd: int) -> tuple[int, int]:
    facts = os.fstat(fd)
    return facts.st_dev, facts.st_ino


def test_folders_are_made_on_demand_and_every_new_entry_is_told(root: Path) -> None:
    with Folders(str(root)) as folders:
        folders.enter(("a", "b"), create=True)
        folders.enter(("a", "c"), create=True)
        assert list(folders.entries) == [(), ("a",)]
    assert (root / "a" / "b").is_dir()
    assert (root / "a" / "c").is_dir()


def test_nothing_is_made_without_being_asked(root: Path) -> None:
    with Folders(str(root)) as folders, pytest.raises(FileNotFoundError):
        folders.enter(("a",))
    assert list(root.iterdir()) == []


def test_the_chain_goes_on_from_what_two_paths_share(root: Path) -> None:
    (root / "a" / "b" / "c").mkdir(parents=True)
    (root / "a" / "d").mkdir()
    with Folders(str(root)) as folders:
        for path in (("a", "b", "c"), ("a", "b"), ("a", "b"), ("a", "d"), (), (), ("a", "b", "c")):
            expected = os.stat(root.joinpath(*path))
            assert identity(folders.enter(path)) == (expected.st_dev, expected.st_ino)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_planted_link_is_not_followed_at_any_level(root: Path, tmp_path: Path, level: int) -> None:
    outside = tmp_path / "outside"
    (outside / "a" / "b" / "c").mkdir(parents=True)
    parts = ("a", "b", "c")
    above = root.joinpath(*parts[:level])
    above.mkdir(parents=True, exist_ok=True)
    (above / parts[level]).symlink_to(outside.joinpath(*parts[: level + 1]), target_is_directory=True)
    with Folders(str(root)) as folders:
        for create in (False, True):
            with pytest.raises(NotADirectoryError):
                folders.enter(parts, create=create)


def test_the_download_directory_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root, target_is_directory=True)
    with Folders(str(link)) as folders:
        folders.enter(("a",), create=True)
    assert (root / "a").is_dir()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside" / "films").mkdir(parents=True)
    return tmp_path / "outside"


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("planted", ["films", "films/new"])
def test_a_link_planted_below_what_the_configuration_names_is_not_followed(
    root: Path, outside: Path, planted: str, create: bool
) -> None:
    root.joinpath(planted).parent.mkdir(exist_ok=True)
    root.joinpath(planted).symlink_to(outside, target_is_directory=True)
    with Folders(f"{root}/films/new", [str(root)]) as folders, pytest.raises(NotADirectoryError):
        folders.enter(("a",), create=create)
    assert os.listdir(outside) == ["films"] and os.listdir(outside / "films") == []
    with Folders(f"{root}/films") as folders:  # the configuration does not name what it lies in any more
        folders.enter((), create=True)


def test_what_the_configuration_names_may_be_a_link(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root, target_is_directory=True)
    for named in (f"{link}/films/new", f"{root}/films/new"):  # as it was written, and as it was resolved
        with Folders(named, ["/nowhere", str(link)]) as folders:
            folders.enter(("a",), create=True)
        assert (root / "films" / "new" / "a").is_dir()
        (root / "films" / "new" / "a").rmdir()


def test_what_is_named_is_made_from_what_there_is(tmp_path: Path) -> None:
    own = tmp_path / "x" / "y"
    with Folders(f"{own}/films/new", [str(own)]) as folders:
        with pytest.raises(FileNotFoundError):
            folders.enter(())
        folders.enter(("a",), create=True)
        folders.close()
        folders.enter(("a",))
    assert (own / "films" / "new" / "a").is_dir()


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("/srv/dl", "/srv/dl"),
        ("/srv/dl/films", "/srv/dl"),
        ("/srv/dl/own/x", "/srv/dl/own"),
        ("/srv/dlx", "/srv/dlx"),
        ("/elsewhere/films", "/elsewhere/films"),
    ],
)
def test_the_part_that_is_the_users_word(root: str, expected: str) -> None:
    assert own_part(root, ["/srv/dl", "/srv/dl/own"]) == expected


def test_the_download_directory_is_made_with_what_it_lies_in(tmp_path: Path) -> None:
    with Folders(str(tmp_path / "x" / "y")) as folders:
        folders.enter((), create=True)
    assert (tmp_path / "x" / "y").is_dir()


def test_a_folder_that_was_not_there_is_looked_for_again(root: Path) -> None:
    with Folders(str(root)) as folders:
        folders.enter(())
        with pytest.raises(FileNotFoundError):
            folders.enter(("a", "b"))
        (root / "a" / "b").mkdir(parents=True)
        expected = os.stat(root / "a" / "b")
        assert identity(folders.enter(("a", "b"))) == (expected.st_dev, expected.st_ino)


def test_stat_tells_of_the_link_itself(root: Path) -> None:
    (root / "f").symlink_to("/etc/passwd")
    with Folders(str(root)) as folders:
        assert folders.stat(("f",)).st_ino == os.lstat(root / "f").st_ino


def test_close_leaves_no_descriptor(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Folders(str(root)) as folders:
        folders.enter(("a", "b"), create=True)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO])
def test_a_file_system_that_keeps_folders_in_another_way_is_no_error(root: Path, number: int) -> None:
    synced = []

    def fsync(fd: int) -> None:
        synced.append(identity(fd))
        raise OSError(number, "no")

    with Folders(str(root)) as folders:
        folder = folders.enter(())
        if number == errno.EIO:
            with pytest.raises(OSError, match="no"):
                sync_folder(folder, fsync)
        else:
            sync_folder(folder, fsync)
        assert synced == [identity(folder)]
