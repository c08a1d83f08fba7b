"""The transfers that are timed. Each is the same work for every client, in tmpfs, over loopback TCP.

    A   download from one peer          C    download from eight peers
    B   seed to one peer                C2   seed to eight peers, a quarter of the size each

Time runs from the call that adds the torrent to "complete" as the control interface says (A, C), or to the last
peer's completion (B, C2, from the first peer's start). The far end dials on a tick of its own; each transfer begins at
the same time before it, so that it costs all the same. Also told is the rate after the first byte. What arrived is
compared with the source.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.alone import PATIENCE, wait_for_quiet
from benchmarks.clients import Client, FarEnd, Kind
from benchmarks.content import Content
from benchmarks.meter import Meter
from benchmarks.processes import POLL, wait_until
from benchmarks.sizes import GIB

TIME_LIMIT = 120.0
"""Seconds for one transfer; the slowest client that we know needs 60 for case A."""

REDIAL = 1.0
"""Seconds after which a far end that has no peer dials again, and the client is asked how it is."""

DISTURBED = 0.1
"""Foreign CPU, as a share of a transfer's time, above which the transfer says little."""

TAIL = 0.3
"""Seconds that the meter runs on: what the end of a transfer still costs belongs to it (a flush, a database commit)."""

SETTLE = 0.5
"""Seconds between a seed's start and the first peer: the start is not what is measured."""


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
    peers: int = 1
    share: int = 1
    """the content is the full size divided by this"""


@dataclass(frozen=True, slots=True)
class _Clock:
    """Seconds until the first byte and until the end."""

    first_byte: float
    end: float


def download(case: Case, kind: Kind, content: Content, ground: Ground) -> Measurement:
    """The client fetches the content from the far end's seeds."""
    with _folders(ground.area) as (work, target), _running(kind, work, ground.area, case.peers) as (client, far):
        for session in range(case.peers):
            far.add(content, content.directory, complete=True, session=session)
        wait_until(far.done, TIME_LIMIT, "the far end seeds")
        wait_for_quiet(ground.patience)
        far.wait_for_tick()
        with Meter(client.pid, [far.pid]) as meter:
            began = time.monotonic()
            client.add(content, target, complete=False)
            clock = _transfer(client, far, began, client.done, "sent", case.peers, content.size)
            time.sleep(TAIL)
        verified = content.is_in(target)
    return _measurement(case, kind, content.size, clock, meter, verified)


def upload(case: Case, kind: Kind, content: Content, ground: Ground) -> Measurement:
    """The client seeds the content to the far end's leeches."""
    with _folders(ground.area) as (work, target), _running(kind, work, ground.area, case.peers) as (client, far):
        client.add(content, content.directory, complete=True)
        wait_until(client.done, TIME_LIMIT, f"{kind.name} seeds")
        time.sleep(SETTLE)
        wait_for_quiet(ground.patience)
        far.wait_for_tick()
        targets = [target / str(session) for session in range(case.peers)]
        with Meter(client.pid, [far.pid]) as meter:
            began = time.monotonic()
            for session, folder in enumerate(targets):
                folder.mkdir()
                far.add(content, folder, complete=False, session=session)
            clock = _transfer(client, far, began, far.done, "received", case.peers, content.size * case.peers)
            time.sleep(TAIL)
        verified = all(content.is_in(folder) for folder in targets)
    return _measurement(case, kind, content.size * case.peers, clock, meter, verified)


CASES = {
    case.name: case
    for case in (
        Case("A", "download from one peer", download),
        Case("B", "seed to one peer", upload, uploads=True),
        Case("C", "download from 8 peers", download, peers=8),
        Case("C2", "seed to 8 peers, a quarter of the size each", upload, uploads=True, peers=8, share=4),
    )
}


def _transfer(
    client: Client, far: FarEnd, began: float, done: Callable[[], bool], moved: str, peers: int, size: int
) -> _Clock:
    """Connect the far end and wait for the end; `moved` is its counter of the payload, `size` bytes in the end.

    The measured client is left alone until the far end has counted everything: asking it costs it CPU. Once a second it
    is asked all the same, so that an error is not waited out.
    """
    far.dial(client.endpoint, list(range(peers)))
    look_after_at = began + REDIAL
    first_byte: float | None = None
    while True:
        look, now = far.look(), time.monotonic()
        if first_byte is None and look[moved]:
            first_byte = now - began
        due = now > look_after_at
        if (due or look[moved] >= size) and done():
            return _Clock(first_byte or 0.0, time.monotonic() - began)
        if due:
            far.dial(client.endpoint, look["lonely"])
            look_after_at = now + REDIAL
        if now > began + TIME_LIMIT:
            raise TimeoutError(f"the transfer did not end within {TIME_LIMIT:g} s")
        time.sleep(POLL)


def _measurement(case: Case, kind: Kind, size: int, clock: _Clock, meter: Meter, verified: bool) -> Measurement:
    return Measurement(
        case=case.name,
        client=kind.name,
        bytes=size,
        seconds=clock.end,
        first_byte=clock.first_byte,
        cpu=meter.cpu,
        peak_rss=meter.peak_rss,
        foreign=meter.foreign,
        verified=verified,
    )


@contextmanager
def _folders(area: Path) -> Iterator[tuple[Path, Path]]:
    """A folder on the disk for the state of clients, one in tmpfs for content; both are removed."""
    with tempfile.TemporaryDirectory(prefix="torrentd-bench-") as work:
        target = area / "target"
        target.mkdir()
        try:
            yield Path(work), target
        finally:
            shutil.rmtree(target)


@contextmanager
def _running(kind: Kind, work: Path, area: Path, peers: int) -> Iterator[tuple[Client, FarEnd]]:
    """The client and its far end, stopped at the end."""
    far = FarEnd(work, peers)
    try:
        client = kind.start(work, area)
        try:
            yield client, far
        finally:
            client.stop()
    finally:
        far.stop()
