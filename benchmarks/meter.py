"""What a process cost: CPU, peak memory, and what else ran meanwhile. All of it from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")

_UTIME, _STIME, _CUTIME, _CSTIME = 11, 12, 13, 14  # fields of /proc/PID/stat behind the command's name
_IDLE, _IOWAIT, _GUEST = 3, 4, 8  # fields of the first line of /proc/stat; guest time is in user time already
_RESET_PEAK = "5"  # what proc(5) wants written to clear_refs


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of the process, and of its children that ended. 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(fields[index]) for index in (_UTIME, _STIME, _CUTIME, _CSTIME)) * TICK


def busy_seconds() -> float:
    """CPU time that the whole machine has spent since it started."""
    with open("/proc/stat") as stat:
        fields = [int(field) for field in stat.readline().split()[1:]]
    return (sum(fields[:_GUEST]) - fields[_IDLE] - fields[_IOWAIT]) * TICK


def peak_rss(pid: int) -> int:
    """The most memory the process had resident since the peak was reset, in bytes. 0 if it is gone."""
    with suppress(OSError), open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _reset_peak(pid: int) -> None:
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)


class Meter:
    """Over a `with` block: wall time, CPU and peak memory of one process, and the CPU of those it has no part in.

    `helpers` are the other processes of the benchmark; `foreign` is all CPU besides, which disturbs the measurement.
    """

    def __init__(self, pid: int, helpers: Sequence[int] = ()) -> None:
        self._pid = pid
        self._ours = [*helpers, os.getpid()]
        self.seconds = self.cpu = self.foreign = 0.0
        self.peak_rss = 0

    def __enter__(self) -> Meter:
        _reset_peak(self._pid)
        self._began = self._now()
        return self

    def __exit__(self, *exc: object) -> None:
        wall, cpu, ours, busy = (after - before for after, before in zip(self._now(), self._began, strict=True))
        self.seconds, self.cpu = wall, cpu
        self.foreign = max(0.0, busy - cpu - ours)
        self.peak_rss = peak_rss(self._pid)

    def _now(self) -> tuple[float, float, float, float]:
        return time.monotonic(), cpu_seconds(self._pid), sum(map(cpu_seconds, self._ours)), busy_seconds()
