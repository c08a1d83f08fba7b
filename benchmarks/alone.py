"""One benchmark at a time on this machine, on CPUs that are as quiet as they get.

Two runs at once would halve each other, and so would a compiler: a run waits for the others, and before each timed
part for idle CPUs, but not for ever. How much foreign CPU there was is part of every measurement (see meter).
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.meter import busy_seconds

LOCKED = "/dev/shm"
"""The lock is on this directory: every user can open it, and no lock file is left behind."""

LOOK = 0.4
"""Seconds over which the CPUs are watched."""

QUIET = 0.2
"""Share of one CPU that may be busy on a quiet machine: what a kernel and an idle desktop need."""

PATIENCE = 4.0
"""Seconds to wait for quiet CPUs before each timed part; a machine that never is gets measured all the same."""


@contextmanager
def machine_to_ourselves(directory: str = LOCKED) -> Iterator[None]:
    """Hold the machine-wide lock; whoever holds it already is waited for."""
    lock = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another benchmark on this machine to end", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def wait_for_quiet(patience: float = PATIENCE) -> bool:
    """Return when the CPUs are idle, or after `patience` seconds; whether they were."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = busy_seconds()
        time.sleep(LOOK)
        if busy_seconds() - before < LOOK * QUIET:
            return True
    return False
