"""One daemon per state directory, whatever becomes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from torrentd.model.errors import StorageError
from torrentd.state.lock import Lock, LockHeld

HOLDER = """
import sys
from torrentd.state.lock import Lock
Lock(sys.argv[1]).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_process_learns_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    process = holder(path)
    try:
        with pytest.raises(LockHeld, match=f"process {process.pid} is using") as caught:
            Lock(str(path)).acquire()
        assert caught.value.pid == process.pid
        assert path.read_text() == f"{process.pid}\n"
    finally:
        process.kill()
        process.communicate()
    lock = Lock(str(path))
    lock.acquire()  # the kernel gave it back
    assert path.read_text() == f"{os.getpid()}\n"
    lock.release()


def test_two_locks_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    first, second = Lock(str(tmp_path / "lock")), Lock(str(tmp_path / "lock"))
    first.acquire()
    with pytest.raises(LockHeld):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_a_shorter_pid_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("99999999999\n")
    lock = Lock(str(tmp_path / "lock"))
    lock.acquire()
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    lock.release()


@pytest.mark.parametrize("text", ["", "nonsense\n", "-5\n", "9" * 100])
def test_a_holder_that_left_no_pid_is_another_process(tmp_path: Path, text: str) -> None:
    first = Lock(str(tmp_path / "lock"))
    first.acquire()
    (tmp_path / "lock").write_text(text)
    with pytest.raises(LockHeld):
        Lock(str(tmp_path / "lock")).acquire()
    first.release()


def test_a_file_that_cannot_be_opened_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not/there"):
        Lock(str(tmp_path / "not/there")).acquire()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="link"):
        Lock(str(tmp_path / "link")).acquire()


def test_children_do_not_keep_it(tmp_path: Path) -> None:
    lock = Lock(str(tmp_path / "lock"))
    lock.acquire()
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
    try:
        lock.release()
        lock.acquire()
        lock.release()
    finally:
        child.kill()
        child.communicate()
