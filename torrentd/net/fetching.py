"""Files that the user named by their URLs, such as blocklists: one GET, bounded in size and time.

Whoever writes the configuration may name a server on this host or in the local network; a redirect from outside may
not lead there.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from torrentd.model.errors import TrackerError
from torrentd.net.network import Network
from torrentd.net.trackers.address_policy import AddressPolicy
from torrentd.net.trackers.http import HttpClient
from torrentd.net.trackers.resolver import Resolver
from torrentd.net.trackers.target import without_secrets

OK = 200

ANY_PATH = "/"
"""What the path begins with where every path will do: the rule for trackers on local addresses does not hold here."""


class FetchError(TrackerError):
    """The file did not come; fit for a user, without what may be a password in the URL."""


class Fetching:
    """Fetches through `network`; `bind` is the source address or interface, "" for any."""

    def __init__(self, reactor: Any, network: Network, resolver: Resolver, bind: str = "") -> None:
        self._reactor = reactor
        self._http = HttpClient(reactor, network, resolver, AddressPolicy("announce"), bind)

    def fetch(self, url: str, largest: int, seconds: float) -> Deferred[bytes]:
        """The file, of at most `largest` bytes, within `seconds` in all. Errback FetchError. May be cancelled."""
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            work.cancel()

        async def get() -> bytes:
            try:
                status, body, _ = await self._http.fetch(url, begins=ANY_PATH, largest=largest)
            except CancelledError:
                raise FetchError(f"no answer within {seconds:g} s" if expired else "it was given up") from None
            except TrackerError as problem:
                raise FetchError(without_secrets(str(problem), url)) from None
            finally:
                if deadline.active():
                    deadline.cancel()
            if status != OK:
                raise FetchError(f"HTTP status {status}")
            return body

        deadline = self._reactor.callLater(seconds, expire)
        work: Deferred[bytes] = Deferred.fromCoroutine(get())
        return work
