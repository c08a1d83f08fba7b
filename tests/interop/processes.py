"""Other programs as child processes: started in a folder of their own, watched, ended by the test that started them.

Waiting for somebody else's program is polling; `until` is the only place that does it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar

import pytest

START = 20.0
"""Seconds a program has to answer for the first time, on a busy machine."""
STOP = 10.0
"""Seconds a program has to end by itself before it is killed."""
LOOK = 0.02
"""Seconds between two looks at another program."""
LOG_TAIL = 2000
"""characters of a log that a failure shows"""

FAKETIME = "/usr/$LIB/faketime/libfaketimeMT.so.1"
"""What `faketime` loads into a program; used as such, since `faketime` stands between it and its signals."""

T = TypeVar("T")


def until(look: Callable[[], T], what: str, seconds: float) -> T:
    """The first true value of `look`; fails the test, naming `what`, when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s in vain until {what}")
        time.sleep(LOOK)


def free_port(host: str) -> int:
    """A port that is free for TCP and UDP, for programs that cannot take port 0 and tell."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family) as stream, socket.socket(family, socket.SOCK_DGRAM) as datagram:
            stream.bind((host, 0))
            port: int = stream.getsockname()[1]
            try:
                datagram.bind((host, port))
            except OSError:
                continue
            return port


def require(program: str) -> str:
    """The path of an installed program. Without it the test is skipped, or fails under TORRENTD_REQUIRE_PEERS=1."""
    path = shutil.which(program)
    if path is None:
        missing(program)
    return path


class Missing(pytest.skip.Exception):
    """What a test needs is not here."""


def missing(name: str) -> NoReturn:
    """Ends a test that needs `name`."""
    if os.environ.get("TORRENTD_REQUIRE_PEERS") == "1":
        pytest.fail(f"{name} is missing, and TORRENTD_REQUIRE_PEERS=1 wants it", pytrace=False)
    raise Missing(f"{name} is missing")


class Program(ABC):
    """A child process. `start` returns when it is ready; `stop` when it has ended."""

    name: ClassVar[str]

    def __init__(self, folder: Path, host: str) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.host = host
        """the address that is this program's alone"""
        self.clock = 1
        """how many times as fast as ours its clock runs"""
        self.process: subprocess.Popen[Any] | None = None

    @abstractmethod
    def start(self) -> None: ...

    def stop(self) -> int | None:
        """SIGTERM, then patience, then SIGKILL; the exit status."""
        if self.process is None:
            return None
        self.process.terminate()
        return self.wait_for_end()

    def kill(self) -> None:
        """SIGKILL, without a word."""
        if self.process is not None:
            self.process.kill()
            self.wait_for_end()

    def wait_for_end(self) -> int | None:
        process, self.process = self.process, None
        if process is None:
            return None
        try:
            return process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail(f"{self.name} did not end within {STOP:g} s\n{self.log()}")
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            for left in (f"faketime_shm_{process.pid}", f"sem.faketime_sem_{process.pid}"):
                Path("/dev/shm", left).unlink(missing_ok=True)  # libfaketime forgets them where a signal ends it

    def spawn(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None, **pipes: Any) -> None:
        """Start the process with a home of its own; its output goes to the log."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **(environment or {})}
        if self.clock > 1:
            require("faketime")
            env |= {"LD_PRELOAD": FAKETIME, "FAKETIME": f"+0 x{self.clock}"}
        with (self.folder / "log").open("ab") as log:
            pipes = {"stdin": subprocess.DEVNULL, "stdout": log, **pipes}
            self.process = subprocess.Popen(list(map(str, command)), env=env, cwd=self.folder, stderr=log, **pipes)

    def until_ready(self, look: Callable[[], Any]) -> None:
        """Wait until `look` is true; an OSError means "not yet"."""

        def ready() -> Any:
            assert self.process is not None
            if self.process.poll() is not None:
                pytest.fail(f"{self.name} ended with {self.process.returncode}\n{self.log()}")
            try:
                return look()
            except OSError:
                return False

        until(ready, f"{self.name} answers", START)

    def log(self) -> str:
        """The end of what the program said."""
        path = self.folder / "log"
        return path.read_text(errors="replace")[-LOG_TAIL:] if path.exists() else ""


PYTHON = Path(sys.executable)
