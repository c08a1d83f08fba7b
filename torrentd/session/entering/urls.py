"""Torrents by URL: the .torrent file is fetched here, and comes in like any other; so does a magnet link to which the
server redirects.

Whoever may add torrents names the URL. So it leads to no address of this host or of a local network, unless the
configuration allows that: the daemon would lend its place behind a firewall to everybody who controls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore

from torrentd.model.errors import MetainfoError, RpcError
from torrentd.net.fetching import FetchError, Fetching, FetchTimedOut
from torrentd.net.trackers.address_policy import LocalTrackers
from torrentd.session.entering.roots import allowed_directory
from torrentd.wire.metainfo import MAX_LENGTH

if TYPE_CHECKING:
    from torrentd.config import Settings
    from torrentd.net.trackers.resolver import Resolver
    from torrentd.session.control import AddOptions
    from torrentd.session.daemon import Daemon
    from torrentd.wire.metainfo import Metainfo

AT_ONCE = 8
"""Files that are fetched at the same time; each may hold twice its size while it comes. Others wait."""

FETCH_TIME = 30.0
"""Seconds to fetch one that is to be added: as for a tracker's answer, and as long as callers wait for any call."""


class Urls:
    """Of a daemon. `begin` must come first."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._fetching: Fetching
        self._places = DeferredSemaphore(AT_ONCE)
        self._running: dict[Deferred[bytes | str], None] = {}

    def begin(self, resolver: Resolver, settings: Settings) -> None:
        """There is a network."""
        host, network = self._daemon.host, settings.network
        local: LocalTrackers = "allow" if network.local_trackers == "allow" else "deny"
        self._fetching = Fetching(host.reactor, host.network, resolver, network.bind_address, local)

    def stop(self) -> None:
        """Give up what is under way."""
        for running in list(self._running):
            running.cancel()

    async def add(self, url: str, options: AddOptions) -> tuple[str, bool]:
        """(id, whether it is new), once the record is committed. RpcError("fetch_failed"), and what the other ways to
        add raise."""
        paths = self._daemon.settings.paths
        allowed_directory(options.download_dir, paths.download_dir, paths.allowed_roots)
        found = await self._fetch(url, FETCH_TIME, options.cookies)
        if isinstance(found, str):
            return await self._daemon.magnets.add(found, options)
        return await self._daemon.adding.add(found, options)

    async def look(self, url: str, options: AddOptions, timeout: float) -> Metainfo:
        """What it says, without adding anything. RpcError("fetch_failed", "timeout")."""
        reactor = self._daemon.host.reactor
        end = reactor.seconds() + timeout
        found = await self._fetch(url, timeout, options.cookies, late="timeout")
        if isinstance(found, str):
            return await self._daemon.magnets.look(found, options, max(0.0, end - reactor.seconds()))
        return await self._daemon.adding.parse(found)

    async def _fetch(self, url: str, seconds: float, cookies: str, late: str = "fetch_failed") -> bytes | str:
        """A .torrent file, or a magnet link. `late`: the error if it does not come in time."""
        running: Deferred[bytes | str] = self._places.run(self._fetching.torrent, url, MAX_LENGTH, seconds, cookies)
        self._running[running] = None
        try:
            found = await running
        except (FetchError, CancelledError) as error:
            if self._daemon.stopping:
                raise RpcError("shutting_down", "The daemon is shutting down") from None
            if isinstance(error, CancelledError):
                raise
            name = late if isinstance(error, FetchTimedOut) else "fetch_failed"
            raise RpcError(name, f"The torrent cannot be fetched: {error}") from None
        finally:
            del self._running[running]
        if isinstance(found, bytes) and found.lstrip()[:1] == b"<":
            raise MetainfoError("the server sent a web page, not a torrent")
        return found
