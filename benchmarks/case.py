"""What a case is, what it measures, and the ground it takes place on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.alone import PATIENCE
from benchmarks.clients import DEFAULTS, Client, Demands, FarEnd, Kind
from benchmarks.content import Content
from benchmarks.sizes import GIB

DISTURBED = 0.1
"""Foreign CPU, as a share of a transfer's time, above which the transfer says little."""

TAIL = 0.3
"""Seconds that the meter runs on: what the end of a transfer still costs belongs to it (a flush, a database commit)."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One transfer by one client. Bytes, seconds; CPU is user and system time of the client's process."""

    case: str
    client: str
    bytes: int
    """payload, all peers together"""
    seconds: float
    first_byte: float
    """seconds until payload was seen to move"""
    cpu: float
    peak_rss: int
    foreign: float
    """CPU of processes that have nothing to do with it"""
    verified: bool
    """the content was the same, byte by byte"""
    received: int = 0
    """of `bytes`, where both ways count"""
    lag: float = 0.0
    """seconds in which 99 of 100 calls to the client were answered, where it was asked"""

    @property
    def disturbed(self) -> bool:
        """Whether other programs had much of the CPUs meanwhile."""
        return self.foreign > self.seconds * DISTURBED

    @property
    def rate(self) -> float:
        """Bytes per second from beginning to end."""
        return self.bytes / self.seconds

    @property
    def rate_after_first(self) -> float:
        """Bytes per second from the first byte to the end."""
        return self.bytes / (self.seconds - self.first_byte)

    @property
    def cpu_per_gib(self) -> float:
        return self.cpu * GIB / self.bytes


@dataclass(frozen=True, slots=True)
class Ground:
    """Where transfers take place."""

    area: Path
    """a folder in tmpfs, for content"""
    patience: float = PATIENCE
    """seconds to wait for quiet CPUs before each"""


@dataclass(frozen=True, slots=True)
class Case:
    """What one case does; `share` of the content's size goes to each peer."""

    name: str
    title: str
    run: Callable[[Case, Kind, Content, Ground], Measurement]
    uploads: bool = False
    both_ways: bool = False
    """downloads and uploads at once, and the client is asked how it is meanwhile"""
    peers: int = 1
    share: int = 1
    """the content is the full size divided by this"""
    demands: Demands = DEFAULTS
    beside: str = ""
    """the case that is the same work without these demands"""


@contextmanager
def folders(area: Path) -> Iterator[tuple[Path, Path]]:
    """A folder on the disk for the state of clients, one in tmpfs for content; both are removed."""
    with tempfile.TemporaryDirectory(prefix="torrentd-bench-") as work:
        target = area / "target"
        target.mkdir()
        try:
            yield Path(work), target
        finally:
            shutil.rmtree(target)


@contextmanager
def running(case: Case, kind: Kind, work: Path, area: Path) -> Iterator[tuple[Client, FarEnd]]:
    """The client and its far end, stopped at the end."""
    far = FarEnd(work, case.peers, case.demands)
    try:
        with started(kind, work, area, case.demands) as client:
            yield client, far
    finally:
        far.stop()


@contextmanager
def started(kind: Kind, work: Path, area: Path, demands: Demands) -> Iterator[Client]:
    """The client alone, stopped at the end."""
    client = kind.start(work, area, demands)
    try:
        yield client
    finally:
        client.stop()
