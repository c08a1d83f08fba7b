"""UPnP: the router's web service, through `miniupnpc`, which is an optional dependency.

Its calls wait for the network as long as it pleases; each runs in a thread of its own that nobody joins, so that a
router which hangs holds up neither the daemon nor its stop. There is one call at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from torrentd.model.address import Scope, scope
from torrentd.wire.escape import escape
from torrentd.wire.portmap.messages import Protocol

T = TypeVar("T")

DISCOVERY: Final = 2000
"""Milliseconds that routers have to answer (the library's own default)."""

OTHER_PORTS: Final = 4
"""Ports tried after the one we want, if somebody else in the house has it."""

DESCRIPTION: Final = "torrentd"
"""Shown in the router's list."""

NOT_INSTALLED: Final = "miniupnpc is not installed (pip install 'torrentd[upnp]')"

_TAKEN: Final = "ConflictInMappingEntry"
_PERMANENT_ONLY: Final = "OnlyPermanentLeasesSupported"


class UpnpError(Exception):
    """No router, or it refused. The text is fit for a user."""


Discover = Callable[[str], Any]
"""The router on the network of this address of ours, as a `miniupnpc.UPnP`. UpnpError. Runs in a thread."""


def discover(client: str, wait_milliseconds: int = DISCOVERY) -> Any:
    """Ask that network by multicast, for each kind of router in turn."""
    try:
        library = import_module("miniupnpc")
    except ImportError:
        raise UpnpError(NOT_INSTALLED) from None
    upnp = library.UPnP(multicastif=client, discoverdelay=wait_milliseconds)
    try:
        upnp.discover()
        service = upnp.selectigd()
    except Exception as error:  # it has no kind of its own
        raise UpnpError(_worded(error)) from None
    check_near(service)
    return upnp


def check_near(service: str) -> None:
    """Whoever answers the search names the URL that we are to call: it must be in the local network, and no name,
    which could lead anywhere. UpnpError."""
    try:
        host = urlsplit(service).hostname or ""
    except ValueError:
        host = ""
    if scope(host) in (Scope.INVALID, Scope.GLOBAL):
        raise UpnpError("its web service is not in the local network")


class UpnpRouter:
    """Maps ports to `client`, our address, on the router that is found on its network."""

    def __init__(self, reactor: Any, client: str, discover: Discover = discover) -> None:
        self._reactor = reactor
        self._client = client
        self._discover = discover
        self._found: Any = None

    def map(
        self, ports: Sequence[tuple[Protocol, int, int]], lease: int
    ) -> Deferred[tuple[list[tuple[Protocol, int, int]], str]]:
        """Each (protocol, port, external port wanted) that could be mapped, with its real external port, and the
        router's address on the other side ("": unknown). Errback UpnpError: none could."""
        return self._in_thread(lambda: self._map(ports, lease))

    def unmap(self, ports: Sequence[tuple[Protocol, int]]) -> Deferred[None]:
        """Remove these external ports, as far as possible."""
        return self._in_thread(lambda: self._unmap(ports))

    def _map(
        self, ports: Sequence[tuple[Protocol, int, int]], lease: int
    ) -> tuple[list[tuple[Protocol, int, int]], str]:
        try:
            if self._found is None:
                self._found = self._discover(self._client)
            return self._map_all(ports, lease), self._address()
        except UpnpError:
            self._found = None  # another router may be there next time
            raise

    def _map_all(self, ports: Sequence[tuple[Protocol, int, int]], lease: int) -> list[tuple[Protocol, int, int]]:
        """Those that it takes. UpnpError: none."""
        mapped: list[tuple[Protocol, int, int]] = []
        problem: UpnpError | None = None
        for protocol, port, wish in ports:
            try:
                mapped.append((protocol, port, self._map_one(protocol, port, wish, lease)))
            except UpnpError as error:
                problem = error
        if problem is not None and not mapped:
            raise problem
        return mapped

    def _map_one(self, protocol: Protocol, port: int, wish: int, lease: int) -> int:
        """The external port. UpnpError."""
        wishes = [wish, *(other for other in range(wish + 1, wish + 1 + OTHER_PORTS) if other <= 0xFFFF)]
        problem: Exception | None = None
        for external_port in wishes:
            try:
                self._add(protocol, port, external_port, lease)
            except Exception as error:
                problem = error
                if str(error) != _TAKEN:
                    break
            else:
                return external_port
        raise UpnpError(_worded(problem)) from None

    def _add(self, protocol: Protocol, port: int, external_port: int, lease: int) -> None:
        """Old routers know no lease that ends."""
        wanted = (external_port, protocol.upper(), self._client, port, DESCRIPTION, "")
        try:
            self._found.addportmapping(*wanted, lease)
        except Exception as error:
            if str(error) != _PERMANENT_ONLY:
                raise
            self._found.addportmapping(*wanted, 0)

    def _address(self) -> str:
        try:
            return str(self._found.externalipaddress())
        except Exception:  # it maps ports, but does not tell: others will
            return ""

    def _unmap(self, ports: Sequence[tuple[Protocol, int]]) -> None:
        for protocol, external_port in ports:
            try:
                self._found.deleteportmapping(external_port, protocol.upper())
            except Exception:  # nothing more can be done: the lease ends by itself
                continue

    def _in_thread(self, call: Callable[[], T]) -> Deferred[T]:
        done: Deferred[T] = Deferred()
        threading.Thread(target=self._run, args=(call, done), name="upnp", daemon=True).start()
        return done

    def _run(self, call: Callable[[], Any], done: Deferred[Any]) -> None:
        try:
            result = call()
        except BaseException:
            self._reactor.callFromThread(done.errback, Failure())
        else:
            self._reactor.callFromThread(done.callback, result)


def _worded(error: object) -> str:
    """The library's words, which may be the router's, made fit for a log."""
    if str(error) == "Success":  # its way to say that the search met no problem, and no router
        return "no router answers"
    return escape(str(error)[:200]) or "an error without a name"
