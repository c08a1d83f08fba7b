"""The daemon with a fault: under a tool (`prefix`), with ours injected (see `injection`), watched from outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.interop.daemon import Torrentd
from tests.interop.processes import until

INJECTION = Path(__file__).parent / "injection"
"""Holds the sitecustomize module that Python imports at its start."""

ATTACH = 5.0
"""Seconds that strace has to attach."""

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


@contextmanager
def failing(pid: int, *rules: str, paths: Sequence[Path] = ()) -> Iterator[Path]:
    """While it lasts, system calls of a process fail as `rules` say (strace(1), `--inject`): those on `paths`, or all.
    Counting calls (`when=`) begins here, in each thread by itself. Gives strace's log."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed")
    calls = ",".join(rule.partition(":")[0] for rule in rules)
    chosen = [argument for path in paths for argument in ("-P", str(path))]
    injected = [argument for rule in rules for argument in ("-e", f"inject={rule}")]
    with TemporaryDirectory() as folder:
        log = Path(folder) / "strace"
        command = [program, "-fqq", "-p", str(pid), "-o", str(log), "-e", f"trace={calls}", "-e", "signal=none"]
        with subprocess.Popen([*command, *chosen, *injected], stderr=subprocess.PIPE, text=True) as tracer:
            try:
                until(lambda: _is_traced(pid) or tracer.poll() is not None, "strace is attached", ATTACH)
                if tracer.poll() is not None:
                    pytest.skip(f"strace is not allowed to attach: {tracer.stderr and tracer.stderr.read()}")
                yield log
            finally:
                tracer.terminate()  # it detaches, and the process goes on


def _is_traced(pid: int) -> bool:
    """Whether every thread of the process is."""
    states = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return not any("TracerPid:\t0\n" in state for state in states)
