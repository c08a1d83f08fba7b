from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.disk.fakes import FakeSystem, Steps, answer_of, at_once, layout, open_descriptors, result
from torrentd.disk.access import Access
from torrentd.disk.descriptors import Descriptors
from torrentd.disk.files import Files, Place
from torrentd.model.errors import StorageError

FILES = layout(("t/a", 5), ("t/b", 5))


def access(root: Path, system: FakeSystem | None = None, run=at_once) -> Access:
    return Access(1, Place(str(root), FILES, 0, system or FakeSystem()), Descriptors(), run)


def write(files: Files, offset: int, data: bytes) -> str:
    files.write(offset, memoryview(data))
    return "written"


def test_what_a_job_opened_and_learned_comes_back_with_its_value(tmp_path: Path) -> None:
    here = access(tmp_path)
    assert result(here.work(write, 3, b"xxxx", files=range(2), writable=True)) == "written"
    assert here.expected == {0: 5, 1: 5}
    assert list(here.entries) == [(), ("t",)]
    assert open_descriptors(tmp_path) == ["/t/a", "/t/b"]
    here.forget([0])
    assert open_descriptors(tmp_path) == ["/t/b"]
    here.descriptors.forget_storage(1)


def test_open_files_are_used_again(tmp_path: Path) -> None:
    here = access(tmp_path)
    result(here.work(write, 0, b"x", files=[0], writable=True))
    held: list[int] = []
    result(here.work(lambda files: held.append(files.descriptor(0)), files=[0]))
    file = here.descriptors.get((1, 0))
    assert file is not None
    assert held == [file.fd]
    here.descriptors.forget_storage(1)


def test_after_an_error_files_are_opened_by_their_path_again(tmp_path: Path) -> None:
    system = FakeSystem()
    here = access(tmp_path, system)
    result(here.work(write, 0, b"x", files=[0], writable=True))
    system.errors["pwritev"] = errno.EIO
    with pytest.raises(StorageError):
        result(here.work(write, 0, b"x", files=[0], writable=True))
    assert open_descriptors(tmp_path) == []


def test_a_job_without_descriptors_is_tried_again_once_idle_files_are_closed(tmp_path: Path) -> None:
    here = access(tmp_path)
    result(here.work(write, 0, b"x", files=[0], writable=True))
    tries: list[list[str]] = []

    def short_of_descriptors(files: Files) -> str:
        tries.append(open_descriptors(tmp_path))
        if len(tries) == 1:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return "well"

    assert result(here.work(short_of_descriptors, files=())) == "well"
    assert tries == [["/t/a"], []]


def test_it_is_not_tried_again_if_that_would_not_help(tmp_path: Path) -> None:
    def short_of_descriptors(files: Files) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    error = answer_of(access(tmp_path).work(short_of_descriptors, files=())).value
    assert error.code == "no_descriptors"


def test_files_are_held_while_a_job_waits_for_its_thread(tmp_path: Path) -> None:
    steps = Steps()
    here = access(tmp_path, run=steps.run)
    first = here.work(write, 0, b"x", files=[0], writable=True)
    steps.all()
    result(first)
    second = here.work(lambda files: os.fstat(files.descriptor(0)).st_size, files=[0])
    here.descriptors.shed()
    here.forget([0])
    assert open_descriptors(tmp_path) == ["/t/a"]
    steps.all()
    assert result(second) == 5
    assert open_descriptors(tmp_path) == []


def test_nothing_is_done_after_the_end(tmp_path: Path) -> None:
    here = access(tmp_path)
    here.closed = True
    with pytest.raises(StorageError, match="closed"):
        result(here.work(write, 0, b"x", files=[0], writable=True))
    assert list(tmp_path.iterdir()) == []
