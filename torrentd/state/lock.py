"""One daemon per state directory.

The lock is `flock`, which the kernel gives back however the process ends; the pid in the file is only for the words
of the error. The file is never removed: a second daemon could have opened it already, and would lock a file that
nobody else sees.
"""

from __future__ import annotations

import fcntl
import os

from torrentd.model.errors import StorageError
from torrentd.state.faults import translate_os

MAX_PID_TEXT = 32  # a pid and a newline; whatever else is in the file is not read


class LockHeld(StorageError):
    """Another process has the lock. `pid` is None while it has not written it yet."""

    def __init__(self, path: str, pid: int | None) -> None:
        holder = f"process {pid}" if pid is not None else "another process"
        super().__init__(f"{path}: {holder} is using this state directory", path=path)
        self.pid = pid


class Lock:
    """The file `path`, usually `<state_dir>/lock`. Acquire it after the fork: it belongs to the process that did."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock and write our pid. LockHeld at once if another has it; StorageError when the file cannot be
        opened."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                self._lock(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise translate_os(error, self._path) from error
        self._descriptor = descriptor
        _write_pid(descriptor)

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(self._path, _read_pid(descriptor)) from None

    def release(self) -> None:
        """Give it back; fine when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _write_pid(descriptor: int) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError:
        pass  # a full disk: the lock holds all the same, only the words of its error lack the pid


def _read_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, MAX_PID_TEXT, 0).strip()
    return int(text) if text.isdigit() else None
