"""A host's disk as its daemon sees it: the seam `disk.disk.Disk`, over a platter that outlives the daemon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from torrentd.disk.writing.buffers import QUEUE_LIMIT, Buffers
from torrentd.model.geometry import Geometry
from torrentd.model.layout import Layout
from torrentd.simulate.disks.moving import SimulatedMoving
from torrentd.simulate.disks.platter import Platter
from torrentd.simulate.disks.storage import SimulatedStorage
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.workers import HOP


class SimulatedDisk:
    """`on_busy` as of `Disk`; `wall_clock` gives files their times."""

    def __init__(
        self,
        reactor: Reactor,
        platter: Platter,
        on_busy: Callable[[bool], None],
        wall_clock: Callable[[], float],
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self.platter = platter
        self.wall_clock = wall_clock
        self.buffers = Buffers(queue_limit, on_busy)
        self._reactor = reactor
        self.free_at = 0.0
        """when all that was asked is done"""

    def open(
        self,
        layout: Layout,
        geometry: Geometry,
        hashes: bytes,
        directory: str,
        allocation: Literal["sparse", "full"] = "sparse",
    ) -> SimulatedStorage:
        """As `Disk.open`. Room is taken when pieces are written, whatever the allocation."""
        return SimulatedStorage(self, directory, layout, geometry, hashes)

    def moving(self, layout: Layout, source: str, target: str, tag: str) -> SimulatedMoving:
        """As `Disk.moving`. There are no temporary files."""
        return SimulatedMoving(self, layout, source, target)

    def close(self) -> None:
        """There are no descriptors."""

    def hang(self, seconds: float) -> None:
        """The disk does nothing for so long; what is asked meanwhile waits."""
        self.free_at = max(self.free_at, self._reactor.seconds()) + seconds

    def work(self, size: int, job: Callable[..., None], *args: Any) -> None:
        """Run `job` when the disk has done all that was asked before, and moved `size` bytes."""
        now = self._reactor.seconds()
        self.free_at = max(self.free_at, now) + self.platter.duration(size)
        self._reactor.callLater(self.free_at - now + HOP, job, *args)
