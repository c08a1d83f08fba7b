"""Name resolution inside the world: the part of `net.trackers.resolver.Resolver` that trackers use."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed

from torrentd.simulate.reactor import Reactor

if TYPE_CHECKING:
    from torrentd.simulate.internet.internet import Internet

LOOKUP = 0.02
"""Seconds that a name server takes."""


class Names:
    """Resolves with the internet's table, for one host."""

    def __init__(self, internet: Internet, reactor: Reactor) -> None:
        self._internet = internet
        self._reactor = reactor

    def resolve(self, name: str) -> Deferred[list[str]]:
        """As `Resolver.resolve`."""
        try:
            return succeed([str(ipaddress.ip_address(name.strip("[]")))])
        except ValueError:
            found: Deferred[list[str]] = Deferred()
            self._reactor.callLater(LOOKUP, self._answer, found, name)
            return found

    def stop(self) -> None:
        """Lookups that are under way answer to nobody."""

    def _answer(self, found: Deferred[list[str]], name: str) -> None:
        if found.called:
            return  # cancelled
        addresses = self._internet.names.get(name)
        if addresses is None:
            found.errback(OSError("the name does not resolve: Name or service not known"))
        else:
            found.callback(list(addresses))
