"""The state directory is made, and made private."""

from __future__ import annotations

from pathlib import Path

import pytest

from torrentd.model.errors import StorageError
from torrentd.state.directory import prepare


def test_it_is_made_with_its_parents(tmp_path: Path) -> None:
    prepare(str(tmp_path / "a/b/state"))
    assert (tmp_path / "a/b/state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a").stat().st_mode & 0o700 == 0o700


def test_one_that_is_there_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    (tmp_path / "state/kept").write_text("x")
    prepare(str(tmp_path / "state"))
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state/kept").exists()


def test_a_file_in_the_way_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file/state"):
        with pytest.raises(StorageError, match=f"^paths.state_dir: {tmp_path}/file: is not a directory"):
            prepare(str(path))


def test_a_parent_that_cannot_be_made_is_told_with_what_it_is_for() -> None:
    with pytest.raises(StorageError, match=r"^paths\.state_dir: /proc/nobody: No such file or directory$"):
        prepare("/proc/nobody/state")
