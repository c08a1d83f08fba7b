"""A crash leaves evidence; everything else leaves none."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from torrentd.state.crash import MAX_REPORT

RUN = """
import os, sys
from torrentd.state.crash import CrashReport
report = CrashReport(sys.argv[1])
print(len(report.watch()))
sys.stdout.flush()
if sys.argv[2] == "clean":
    report.end()
else:
    os.kill(os.getpid(), int(sys.argv[2]))
"""


def run(path: Path, how: int | str) -> int:
    """Length of the report that this run found; it ends in the given way."""
    process = subprocess.run(
        [sys.executable, "-c", RUN, str(path), str(int(how) if isinstance(how, int) else how)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return int(process.stdout)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_crash_is_found_once_and_its_stack_kept(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "crash"
    assert run(path, number) == 0
    assert run(path, "clean") > 0
    assert run(path, "clean") == 0
    assert b"Fatal Python error" in (tmp_path / "crash.last").read_bytes()


def test_a_kill_and_a_clean_end_are_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "crash"
    for how in (signal.SIGKILL, signal.SIGTERM, "clean"):
        assert run(path, how) == 0
    assert run(path, "clean") == 0


def test_a_huge_report_is_read_in_part(tmp_path: Path) -> None:
    (tmp_path / "crash").write_bytes(b"\xff" * 2 * MAX_REPORT)
    assert run(tmp_path / "crash", "clean") == MAX_REPORT
