"""The daemon with a fault: under a tool (`prefix`), with ours injected (see `injection`), watched from outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.interop.daemon import Torrentd

INJECTION = Path(__file__).parent / "injection"
"""Holds the sitecustomize module that Python imports at its start."""

TICKS = os.sysconf("SC_CLK_TCK")


class Injected(Torrentd):
    """`prefix`: a command that runs the daemon. `faults`: what `injection/sitecustomize.py` is told."""

    def __init__(
        self,
        folder: Path,
        host: str,
        prefix: Sequence[str | Path] = (),
        faults: Mapping[str, Any] | None = None,
        **changes: dict[str, Any],
    ) -> None:
        super().__init__(folder, host, **changes)
        self.prefix = list(prefix)
        self.faults = dict(faults or {})
        self._patient = True

    def spawn(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None, **pipes: Any) -> None:
        injected = {"PYTHONPATH": str(INJECTION), "FAULTS": json.dumps(self.faults)} if self.faults else {}
        super().spawn([*self.prefix, *command], {**(environment or {}), **injected}, **pipes)

    def launch(self) -> None:
        """Start without waiting for an answer."""
        self._patient = False
        self.start()
        self._patient = True

    def until_ready(self, look: Callable[[], Any]) -> None:
        if self._patient:
            super().until_ready(look)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def whole_log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def log_size(self) -> int:
        """How much of the log there is now, to look at what comes later."""
        return (self.folder / "log").stat().st_size

    def log_since(self, size: int) -> str:
        return (self.folder / "log").read_bytes()[size:].decode(errors="replace")


def resident(pid: int) -> int:
    """Bytes of memory that a process uses."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def bytes_read(pid: int) -> int:
    """Bytes that a process has read from files, cached or not; what came from sockets is not in it."""
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(lines["rchar"])


def strace(*rules: str, log: Path) -> list[str]:
    """The prefix that makes system calls fail as `rules` say (strace(1), `--inject`), from the first call on."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed")
    calls = ",".join(rule.partition(":")[0] for rule in rules)
    injections = [argument for rule in rules for argument in ("-e", f"inject={rule}")]
    # -D: the daemon is our child, and strace its tracer from the side
    return [program, "-D", "-f", "--seccomp-bpf", "-qq", "-o", str(log), "-e", f"trace={calls}", *injections]


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    """A file system of its own at `path`; skips the test where mounting is not allowed."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip(f"cannot mount a small disk: {result.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def grow(path: Path, size: str) -> None:
    """Give a small disk another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(path)], check=True)
