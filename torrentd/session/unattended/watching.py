"""The watch folder: what is put into it is added, and put away afterwards.

A file is read when it looked the same twice, so a copy under way is waited for; one that is no torrent even so may be
a copy that got stuck, and is called invalid only when it did not change for a while. One that cannot be added just now
(the database has no room) stays where it is, and is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.disk import inbox
from torrentd.disk.inbox import Waiting
from torrentd.model.errors import MetainfoError, RpcError, StorageError
from torrentd.session.control import AddOptions
from torrentd.wire.escape import escape
from torrentd.wire.metainfo import MAX_LENGTH

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon

log = Logger()

EVERY = 5.0
"""Seconds between two looks."""

PATIENCE = 30.0
"""Seconds for which a file that is no torrent has to stay as it is before it is called invalid."""

LARGEST_LINKS = 1 << 20
"""Bytes of a file of magnet links, one a line."""

TORRENT, MAGNET = ".torrent", ".magnet"
ADDED, INVALID = ".added", ".invalid"


class Watching:
    """Looks into the folder that the settings name, if they name one."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._host = daemon.host
        self._seen: dict[Waiting, float] = {}
        """files that are waited for, and since when they look like this (monotonic)"""
        self._complaint = ""
        self._timer: IDelayedCall | None = None
        self._looking: Deferred[None] | None = None
        self._stopped = False

    def start(self) -> None:
        if self._daemon.settings.watch.dir:
            self._look()

    def stop(self) -> None:
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _look(self) -> None:
        self._looking = Deferred.fromCoroutine(self._round())
        self._looking.addBoth(self._looked)

    def _looked(self, _: object) -> None:
        self._looking = None
        if not self._stopped:
            self._timer = self._host.reactor.callLater(EVERY, self._look)

    async def _round(self) -> None:
        folder, now = self._daemon.settings.watch.dir, self._host.reactor.seconds()
        try:
            waiting = await self._host.workers.run(inbox.look, folder, (TORRENT, MAGNET))
            self._complaint = ""
            self._seen = {file: self._seen.get(file, now) for file in waiting}
            for file, since in list(self._seen.items()):
                if since < now:
                    await self._take(folder, file, now - since)
        except CancelledError:
            raise
        except StorageError as error:
            self._complain(str(error))
        except Exception:
            log.failure("watch folder: a bug of ours")

    async def _take(self, folder: str, file: Waiting, age: float) -> None:
        try:
            await self._add(folder, file)
        except StorageError as error:
            self._complain(str(error))
            return
        except (MetainfoError, RpcError) as error:
            if age < PATIENCE:
                return
            log.error("watch folder: {name}: {error}", name=escape(file.name), error=escape(str(error)))
            suffix = INVALID
        else:
            suffix = ADDED if self._daemon.settings.watch.after == "rename" else ""
        await self._host.workers.run(inbox.put_away, folder, file.name, suffix)
        self._seen.pop(file, None)

    async def _add(self, folder: str, file: Waiting) -> None:
        options = AddOptions(paused=self._daemon.settings.watch.paused)
        if file.name.lower().endswith(TORRENT):
            data = await self._read(folder, file, MAX_LENGTH)
            await self._daemon.adding.add(data, options)
            return
        text = (await self._read(folder, file, LARGEST_LINKS)).decode("utf-8", "replace")
        links = [line.strip() for line in text.splitlines() if line.strip()]
        if not links:
            raise MetainfoError("there is no magnet link in it")
        for link in links:
            await self._daemon.magnets.add(link, options)

    async def _read(self, folder: str, file: Waiting, largest: int) -> bytes:
        data: bytes = await self._host.workers.run(inbox.read, folder, file.name, largest)
        if len(data) > largest:
            raise MetainfoError(f"it is larger than {largest >> 20} MiB")
        return data

    def _complain(self, words: str) -> None:
        """Once, while it is the same."""
        if words != self._complaint:
            self._complaint = words
            log.error("watch folder: {error}", error=escape(words))
