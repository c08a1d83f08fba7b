"""A torrent's files to another directory of a simulated disk: the interface of `disk.moving.Moving`.

All of a platter is one file system, so files get a second name, which takes no time and no room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from torrentd.disk.folders import FileStat
from torrentd.model.errors import StorageError
from torrentd.model.layout import Layout
from torrentd.simulate.disks.outcome import answer

if TYPE_CHECKING:
    from torrentd.simulate.disks.disk import SimulatedDisk


class SimulatedMoving:
    """See `SimulatedDisk.moving`, which makes it."""

    def __init__(self, disk: SimulatedDisk, layout: Layout, source: str, target: str) -> None:
        self.done = 0
        self.total = 0
        self._disk = disk
        self._layout = layout
        self._source, self._target = source, target

    def prepare(self, fresh: bool, known: Collection[int] = ()) -> Deferred[None]:
        return self._later(self._prepare, fresh, known)

    def step(self) -> Deferred[bool]:
        return self._later(self._step)

    def stats(self) -> Deferred[list[FileStat | None]]:
        return self._later(self._stats, self._target)

    def undo(self) -> Deferred[None]:
        return self._later(self._disk.platter.forget, self._target, self._layout)

    def clean(self) -> Deferred[None]:
        return self._later(self._disk.platter.forget, self._source, self._layout)

    def _prepare(self, fresh: bool, known: Collection[int]) -> None:
        old, new = self._stats(self._source), self._stats(self._target)
        for index, (here, there) in enumerate(zip(old, new, strict=True)):
            if here is None and there is None and index in known:
                raise StorageError("/: the file is missing", "files_missing", "/")
            if fresh and here is not None and there is not None:
                raise StorageError("/: is there already, and is not replaced", "io_error", "/")
        self.total = sum(stat.size for stat in old if stat is not None)

    def _step(self) -> bool:
        if self._disk.platter.faults.write is not None:
            raise self._disk.platter.faults.write
        self._disk.platter.link(self._source, self._target, self._layout)
        self.done = self.total
        return True

    def _stats(self, directory: str) -> list[FileStat | None]:
        content = self._disk.platter.known(directory, self._layout)
        return [content.stats.get(index) if content else None for index in range(len(self._layout.files))]

    def _later(self, job: Callable[..., Any], *args: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self._disk.work(0, answer, done, job, *args)
        return done
