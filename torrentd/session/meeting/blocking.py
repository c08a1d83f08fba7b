"""The blocklist of the daemon: read or fetched, renewed, kept for the next start, and obeyed by all who are connected.

A start goes by what the last run kept; without that it waits for a list that is a file, since nobody on it is to be
talked to, but not for one that has to be fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.model.errors import StorageError, TorrentdError
from torrentd.net.fetching import Fetching
from torrentd.session.telling.rows import BlocklistRow
from torrentd.state import blocklist as stored
from torrentd.wire.blocklist import LARGEST

if TYPE_CHECKING:
    from torrentd.config import Settings
    from torrentd.model.ranges import Ranges
    from torrentd.net.trackers.resolver import Resolver
    from torrentd.session.around import Around

log = Logger()

KEY = "blocklist"
"""The setting in the database: which source the kept list is from, and when it was read."""

FETCH_TIME = 300.0
"""Seconds to fetch a list: some of their servers are slow, and nobody waits for it."""

RETRY = 1800.0
"""Seconds after which a list that could not be read is tried again, unless it is renewed sooner anyway."""


class Blocking:
    """Owns `around.blocklist`. `path`: where the list is kept."""

    def __init__(self, around: Around, path: str) -> None:
        self._around = around
        self._path = path
        self._source = ""
        self._refresh = 0
        self._updated_at: float | None = None
        self._error: str | None = None
        self._fetching: Fetching | None = None
        self._renewing: Deferred[None] | None = None
        self._again = False
        self._waiting: list[Deferred[BlocklistRow | None]] = []
        self._timer: IDelayedCall | None = None

    async def start(self, settings: Settings, before: object) -> None:
        """Have the list in force before anybody is met. `before`: what the last run noted about it."""
        self._source, self._refresh = settings.blocklist.source, settings.blocklist.refresh
        if not self._source:
            if before is not None:
                await self._forget()
            return
        try:
            ranges = await self._around.host.workers.run(stored.kept, self._path)
        except StorageError as error:
            log.warn("blocklist: what was kept of it is not used: {error}", error=str(error))
            ranges = None
        if ranges is not None:
            self._around.blocklist.replace(ranges)
            if isinstance(before, dict) and before.get("source") == self._source:
                at = before.get("at")
                self._updated_at = at if isinstance(at, float) else None
        elif not self._is_url:
            await self._renew()

    def begin(self, resolver: Resolver, settings: Settings) -> None:
        """There is a network: renew the list, now if that is due."""
        host = self._around.host
        self._fetching = Fetching(host.reactor, host.network, resolver, settings.network.bind_address)
        if not self._source:
            return
        age = None if self._updated_at is None else host.wall_clock() - self._updated_at
        if self._is_url and age is not None and (not self._refresh or 0 <= age < self._refresh):
            self._plan(self._refresh and self._refresh - age)
        elif self._timer is None:
            self._renew_soon()

    def apply(self, settings: Settings) -> None:
        """The configuration was read again: so is the list if that is a file, or another one than before."""
        before = self._source, self._refresh
        self._source, self._refresh = settings.blocklist.source, settings.blocklist.refresh
        if not self._source:
            if before[0]:
                self._cancel_timer()
                self._obey(None)
                self._updated_at = self._error = None
                Deferred.fromCoroutine(self._forget()).addErrback(lambda failure: failure.trap(StorageError) and None)
        elif not self._is_url or before[0] != self._source:
            self._renew_soon()
        elif before[1] != self._refresh:
            self._plan(self._refresh)

    def stop(self) -> None:
        """Nothing is renewed any more."""
        self._cancel_timer()
        self._source = ""
        if self._renewing is not None:
            self._renewing.cancel()

    def row(self) -> BlocklistRow | None:
        """For those who look; None: there is none."""
        blocklist = self._around.blocklist
        if not self._source:
            return None
        return BlocklistRow(blocklist.count, blocklist.refused, self._updated_at, self._error)

    def renew(self) -> Deferred[BlocklistRow | None]:
        """Now; fires with `row` when that was done, or failed."""
        done: Deferred[BlocklistRow | None] = Deferred()
        if not self._source:
            done.callback(None)
            return done
        self._waiting.append(done)
        self._renew_soon()
        return done

    # --- renewing

    @property
    def _is_url(self) -> bool:
        return "://" in self._source

    def _renew_soon(self) -> None:
        self._cancel_timer()
        if self._renewing is not None:
            self._again = True  # it may be the old one that is on its way
            return
        self._renewing = Deferred.fromCoroutine(self._renew())
        self._renewing.addBoth(self._renewed)

    def _renewed(self, _: object) -> None:
        self._renewing = None
        if self._again and self._source:
            self._again = False
            self._renew_soon()
            return
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done.callback(self.row())

    async def _renew(self) -> None:
        source = self._source
        try:
            ranges, ignored = await self._read(source)
        except CancelledError:
            return
        except TorrentdError as error:
            if source == self._source:
                self._failed(error)
            return
        except Exception:
            log.failure("blocklist: a bug of ours")
            return
        if source != self._source:
            return
        self._obey(ranges)
        self._updated_at, self._error = self._around.host.wall_clock(), None
        log.info("blocklist: {count} ranges, {ignored} lines ignored", count=ranges.count, ignored=ignored)
        self._plan(self._refresh)
        await self._keep(ranges)

    async def _read(self, source: str) -> tuple[Ranges, int]:
        workers = self._around.host.workers
        if not self._is_url:
            return await workers.run(stored.read, source)
        assert self._fetching is not None  # only files are read before there is a network
        return await workers.run(stored.parse, await self._fetching.fetch(source, LARGEST, FETCH_TIME))

    def _failed(self, error: TorrentdError) -> None:
        self._error = str(error)
        count = self._around.blocklist.count
        log.error("blocklist: {error}; {count} ranges stay in force", error=self._error, count=count)
        self._plan(min(self._refresh, RETRY) if self._refresh else RETRY)

    def _obey(self, ranges: Ranges | None) -> None:
        self._around.blocklist.replace(ranges)
        self._around.connections.leave_banned()
        self._around.dht.blocklist_changed()

    async def _keep(self, ranges: Ranges) -> None:
        try:
            await self._around.host.workers.run(stored.keep, self._path, ranges)
            note = {"source": self._source, "at": self._updated_at}
            await self._around.host.state.set_setting(KEY, note)
        except StorageError as error:
            log.error("blocklist: it cannot be kept for the next start: {error}", error=str(error))

    async def _forget(self) -> None:
        await self._around.host.workers.run(stored.forget, self._path)
        await self._around.host.state.set_setting(KEY, None)

    # --- time

    def _plan(self, delay: float) -> None:
        self._cancel_timer()
        if delay and self._source:
            self._timer = self._around.host.reactor.callLater(delay, self._renew_soon)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
