"""Files that users named by their URLs, such as blocklists: one GET, bounded in size and time.

Whoever writes the configuration may name a server on this host or in the local network; a redirect from outside may
not lead there. Whoever only controls torrents may not, unless the configuration says so.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred

from torrentd.model.errors import TrackerError
from torrentd.net.network import Network
from torrentd.net.trackers.address_policy import AddressPolicy, LocalTrackers
from torrentd.net.trackers.http import HttpClient
from torrentd.net.trackers.resolver import Resolver
from torrentd.net.trackers.target import LeadsToMagnet, without_secrets

OK = 200

ANY_PATH = "/"
"""What the path begins with where every path will do: the rule for trackers on local addresses does not hold here."""

T = TypeVar("T")


class FetchError(TrackerError):
    """The file did not come; fit for a user, without what may be a password in the URL."""


class FetchTimedOut(FetchError):
    """Not in the time that there was."""


class Fetching:
    """Fetches through `network`; `bind` is the source address or interface, "" for any. `local`: whether the URL may
    lead to local addresses; "announce": it may, but no redirect from outside."""

    def __init__(
        self, reactor: Any, network: Network, resolver: Resolver, bind: str = "", local: LocalTrackers = "announce"
    ) -> None:
        self._reactor = reactor
        self._http = HttpClient(reactor, network, resolver, AddressPolicy(local), bind)

    def fetch(self, url: str, largest: int, seconds: float) -> Deferred[bytes]:
        """The file, of at most `largest` bytes, within `seconds` in all. Errback FetchError. May be cancelled."""
        return self._within(seconds, url, self._get(url, largest))

    def torrent(self, url: str, largest: int, seconds: float, cookies: str = "") -> Deferred[bytes | str]:
        """The same of a .torrent file; or the magnet link that the server redirects to. `cookies` are for the server
        that the URL names, and no other."""
        return self._within(seconds, url, self._get_torrent(url, largest, cookies))

    async def _get(self, url: str, largest: int, cookies: str = "") -> bytes:
        status, body, _ = await self._http.fetch(url, begins=ANY_PATH, largest=largest, cookies=cookies)
        if status != OK:
            raise FetchError(f"HTTP status {status}")
        return body

    async def _get_torrent(self, url: str, largest: int, cookies: str) -> bytes | str:
        try:
            return await self._get(url, largest, cookies)
        except LeadsToMagnet as found:
            return found.link

    def _within(self, seconds: float, url: str, work: Coroutine[Any, Any, T]) -> Deferred[T]:
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            running.cancel()

        async def get() -> T:
            try:
                return await work
            except CancelledError:
                if expired:
                    raise FetchTimedOut(f"no answer within {seconds:g} s") from None
                raise FetchError("it was given up") from None
            except TrackerError as problem:
                raise FetchError(without_secrets(str(problem), url)) from None
            finally:
                if deadline.active():
                    deadline.cancel()

        deadline = self._reactor.callLater(seconds, expire)
        running: Deferred[T] = Deferred.fromCoroutine(get())
        return running
