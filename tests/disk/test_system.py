from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from torrentd.disk.system import System, storage_error


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EACCES, "permission"),
        (errno.EPERM, "permission"),
        (errno.ENOENT, "files_missing"),
        (errno.EROFS, "read_only"),
        (errno.EMFILE, "no_descriptors"),
        (errno.ENFILE, "no_descriptors"),
        (errno.EIO, "io_error"),
    ],
)
def test_an_error_has_the_code_of_the_api_and_names_the_path(number: int, code: str) -> None:
    error = storage_error(OSError(number, os.strerror(number)), "/d/a")
    assert (error.code, error.path) == (code, "/d/a")
    assert str(error) == f"/d/a: {os.strerror(number)}"


def test_a_link_in_the_way_is_told_in_words() -> None:
    assert str(storage_error(OSError(errno.ELOOP, "x"), "/d/a")).endswith(
        "a symbolic link is in the way and is not followed"
    )


def test_an_error_without_a_number_keeps_its_text() -> None:
    error = storage_error(OSError("odd"), "/d/a")
    assert (str(error), error.code) == ("/d/a: odd", "io_error")


def test_a_write_that_takes_nothing_is_an_error(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT)
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            System().pwritev(fd, [b""], 0)
    finally:
        os.close(fd)


def test_free_space_of_a_real_file_system(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        free = System().free(fd)
        assert free is not None
        assert free > 0
    finally:
        os.close(fd)
