"""What all torrents share on the way to their files: workers, memory, descriptors, and what is known of devices."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from itertools import count
from typing import Literal

from torrentd.disk.access import Access, Run
from torrentd.disk.descriptors import OPEN_FILES, Descriptors
from torrentd.disk.devices import Devices
from torrentd.disk.files import Place
from torrentd.disk.hashing import SALT_SIZE
from torrentd.disk.moving import Moving
from torrentd.disk.storage import Storage
from torrentd.disk.system import System
from torrentd.disk.writing.buffers import QUEUE_LIMIT, Buffers
from torrentd.disk.writing.desk import Desk, Unflushed
from torrentd.model.geometry import Geometry
from torrentd.model.layout import Layout


class Disk:
    """The daemon's disk.

    `run(f, *args)` and `flush_run(f, *args)` call `f` in a worker and fire their Deferred on the reactor's thread;
    `workers` is how many jobs of one torrent's writing are under way at a time. `on_busy(True)` says that more than
    `queue_limit` bytes wait, `on_busy(False)` that it is at most half of that again; it is called from within
    `Storage.store`, `finish`, `discard` and when jobs end. `min_free` bytes are left on every file system. `own`: the
    directories that the configuration names, which alone may be reached through links.
    """

    def __init__(
        self,
        run: Run,
        flush_run: Run,
        *,
        on_busy: Callable[[bool], None],
        queue_limit: int = QUEUE_LIMIT,
        open_files: int = OPEN_FILES,
        min_free: int = 0,
        workers: int = 2,
        own: Iterable[str] = (),
        system: System | None = None,
    ) -> None:
        self.buffers = Buffers(queue_limit, on_busy)
        self.descriptors = Descriptors(open_files)
        self.min_free = min_free
        self._run = run
        self._flush_run = flush_run
        self._workers = workers
        self._own = tuple(own)
        self._system = system or System()
        self._devices = Devices()
        self._keys = count()

    def open(
        self,
        layout: Layout,
        geometry: Geometry,
        hashes: bytes,
        directory: str,
        allocation: Literal["sparse", "full"] = "sparse",
    ) -> Storage:
        """The storage of a torrent in a download directory. Touches no file. `hashes`: 20 bytes a piece."""
        place = Place(directory, layout, self.min_free, self._system, self._own)
        access = Access(next(self._keys), place, self.descriptors, self._run)
        salt = secrets.token_bytes(SALT_SIZE)
        desk = Desk(access, geometry, hashes, self.buffers, salt, Unflushed(), self._workers)
        return Storage(desk, self._devices, self._flush_run, allocation == "full")

    def moving(self, layout: Layout, source: str, target: str, tag: str) -> Moving:
        """The way of a torrent's files from one directory to another. Touches no file. `tag`: see `Moving`."""
        return Moving(self._run, Place(source, layout, self.min_free, self._system, self._own), target, tag)

    def close(self) -> None:
        """Close every file that is still open. The storages are closed before."""
        self.descriptors.shed()
