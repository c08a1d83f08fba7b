"""Evidence that the last run crashed.

Python's faulthandler writes the stack of the thread that died into a file when the process gets SIGSEGV, SIGABRT
(systemd's watchdog sends it to a daemon that hangs), SIGBUS, SIGFPE or SIGILL. A kill -9, a power cut and a clean stop
leave nothing. So a file that is not empty at start tells a crash of ours from everything else.
"""

from __future__ import annotations

import faulthandler
from pathlib import Path
from typing import IO

MAX_REPORT = 64 * 1024
"""Bytes that are read back; a stack is a few KiB."""


class CrashReport:
    """The file `path`, usually `<state_dir>/crash`."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._file: IO[bytes] | None = None

    def watch(self) -> str:
        """Return what the last crash left (empty: it did not crash), and from now on catch the next.

        The old report is kept as `<path>.last` until the next one. OSError when the files cannot be written.
        """
        report = b""
        if self._path.exists() and self._path.stat().st_size:
            with self._path.open("rb") as file:
                report = file.read(MAX_REPORT)
            self._path.rename(f"{self._path}.last")
        self._file = self._path.open("wb")
        faulthandler.enable(self._file)
        return report.decode("utf-8", "replace")

    def end(self) -> None:
        """Stop watching, at a clean stop."""
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None
