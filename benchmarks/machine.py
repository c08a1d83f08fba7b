"""What the hardware does at best, measured in the same run: hashing, copying, loopback TCP.

Plain library calls on large buffers, no protocol. They say how far a transfer is from what any program could reach
here, and make two machines comparable.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from dataclasses import dataclass

from benchmarks.loopback import Stream, feeding
from benchmarks.sizes import GIB, KIB, MIB
from torrentd.net.ciphers import rc4

SECONDS = 1.0
"""How long each limit is measured."""

PIECE = 256 * KIB
COPIED = 64 * MIB
"""Bytes of each copy: more than the caches hold."""

RECEIVED = MIB
"""Bytes of the buffer that is received into."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Bytes per second, but for the last."""

    cores: int
    sha1: float
    """one core"""
    sha1_all: float
    """as many threads as there are cores"""
    rc4: float
    """one core, in place"""
    memcpy: float
    loopback: float
    loopback_cpu: float
    """CPU seconds per GiB of the receiving side"""


def measure(seconds: float = SECONDS) -> Machine:
    """All limits, one after the other."""
    cores = os.cpu_count() or 1
    rate, cpu = _loopback(seconds)
    return Machine(
        cores=cores,
        sha1=_sha1(1, seconds),
        sha1_all=_sha1(cores, seconds),
        rc4=_rc4(seconds),
        memcpy=_memcpy(seconds),
        loopback=rate,
        loopback_cpu=cpu,
    )


def _sha1(threads: int, seconds: float) -> float:
    """hashlib lets other threads run while it hashes, so that threads add up."""
    data = os.urandom(PIECE)
    counts = [0] * threads
    end = time.monotonic() + seconds

    def work(index: int) -> None:
        while time.monotonic() < end:
            hashlib.sha1(data).digest()
            counts[index] += 1

    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) * PIECE / seconds


def _rc4(seconds: float) -> float:
    """By the thread's own time: it is what encrypted connections need on the reactor."""
    stream, data = rc4(os.urandom(20)), memoryview(bytearray(PIECE))
    count, began, end = 0, time.thread_time(), time.monotonic() + seconds
    while time.monotonic() < end:
        stream.update_into(data, data)
        count += 1
    return count * PIECE / (time.thread_time() - began)


def _memcpy(seconds: float) -> float:
    """The best of many copies of one buffer to another."""
    source, target = memoryview(bytearray(COPIED)), memoryview(bytearray(COPIED))
    best = float("inf")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        target[:] = source
        best = min(best, time.perf_counter() - began)
    return COPIED / best


def _loopback(seconds: float) -> tuple[float, float]:
    """One process sends what another receives into a reused buffer: rate, and the receiver's CPU per GiB."""
    buffer = bytearray(RECEIVED)
    total = 0
    with feeding(Stream(bytes(PIECE))) as connection:
        cpu, began = time.process_time(), time.monotonic()
        while time.monotonic() - began < seconds:
            total += connection.recv_into(buffer)
        wall, cpu = time.monotonic() - began, time.process_time() - cpu
    return total / wall, cpu * GIB / total
