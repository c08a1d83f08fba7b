"""Processes that a benchmark starts and that are ended with it, whatever happens."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TypeVar

T = TypeVar("T")

STOP_TIME = 10.0
"""Seconds that a process may take to end before it is killed."""

POLL = 0.02
"""Seconds between two looks at something that is waited for."""

LOG_SHOWN = 1000
"""Characters of a dead process's log in the error."""

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None)


class ProcessDied(Exception):
    """A process that is measured, or that helps, ended by itself."""


class Process:
    """One child process. Its output goes to a file in `directory`, which is also where it runs."""

    def __init__(self, name: str, command: Sequence[str], directory: Path, *, piped: bool = False) -> None:
        self.name = name
        self._log = directory / f"{name}.log"
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else log,
                stderr=log,
                cwd=directory,
                preexec_fn=_die_with_parent,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Its standard input and output."""
        assert self._child.stdin is not None and self._child.stdout is not None
        return self._child.stdin, self._child.stdout

    def check(self) -> None:
        """ProcessDied, with the end of its log, if it does not run any more."""
        if self._child.poll() is not None:
            log = self._log.read_text(errors="replace")[-LOG_SHOWN:]
            raise ProcessDied(f"{self.name} ended with {self._child.returncode}: {log}")

    def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL if that does not help."""
        self._child.terminate()
        try:
            self._child.wait(STOP_TIME)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()


def wait_until(look: Callable[[], T | None], seconds: float, what: str) -> T:
    """What `look` returns once it is true. TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(POLL)


def _die_with_parent() -> None:
    """Runs in the child: the kernel ends it with us, even if we are killed."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
