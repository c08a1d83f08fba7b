"""The connection of one HTTP request, from the name to the last byte.

Twisted's `HostnameEndpoint` resolves and connects in one go, with no place for a check in between. This endpoint
resolves, asks the address policy, and connects to an address that passed; TLS still verifies the name. It also counts:
whatever a tracker sends (endless header lines, chunks, 1xx answers), the connection ends when that is more
than MOST_RECEIVED allows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from torrentd.model.address import Address, Scope, scope
from torrentd.net.network import Network
from torrentd.net.trackers.body import LARGEST
from torrentd.net.trackers.resolver import Resolver
from torrentd.net.trackers.target import Target

MOST_RECEIVED: Final = 2
"""Bytes of one connection, in answers of the largest size: as much again for headers and chunk sizes."""

CONNECT_TIMEOUT: Final = 10.0
"""Seconds for each address of a name; the request's deadline ends the whole."""

MOST_TRIES: Final = 4
"""Addresses of a name that are tried."""


class _Counting(ProtocolWrapper):
    """Ends the connection when it brought too much."""

    received = 0
    factory: _CountingFactory

    @property
    def overrun(self) -> bool:
        return self.received > MOST_RECEIVED * self.factory.largest

    def dataReceived(self, data: bytes) -> None:
        self.received += len(data)
        if self.overrun:
            self.transport.abortConnection()  # type: ignore[union-attr]
            return
        super().dataReceived(data)  # type: ignore[no-untyped-call]


class _CountingFactory(WrappingFactory):
    noisy = False
    protocol = _Counting

    def __init__(self, factory: IProtocolFactory, largest: int) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]
        self.largest = largest


@implementer(IStreamClientEndpoint, IAgentEndpointFactory)
class Line:
    """Endpoint and endpoint factory of one request. `permit(hosts)` filters addresses (TrackerError for none), those
    of the name, or `known` if somebody resolved it already."""

    def __init__(
        self,
        network: Network,
        resolver: Resolver,
        target: Target,
        permit: Callable[[list[str]], list[str]],
        bind: str = "",
        tls: IPolicyForHTTPS | None = None,
        known: Sequence[str] = (),
        largest: int = LARGEST,
    ) -> None:
        self.reach = Scope.INVALID
        """the scope of the server, once connected"""
        self._network = network
        self._resolver = resolver
        self._target = target
        self._permit = permit
        self._bind = bind
        self._tls = tls
        self._known = list(known)
        self._largest = largest
        self._counting: Any = None

    def endpointForURI(self, uri: Any) -> IStreamClientEndpoint:
        """The agent asks for the endpoint of its URI; it is ours."""
        return self

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Errback TrackerError (policy), OSError (no such name) or what the last address said."""
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    @property
    def overrun(self) -> bool:
        """Whether the server sent more than anybody may."""
        return self._counting is not None and bool(self._counting.overrun)

    def hang_up(self) -> None:
        """Close the connection, whatever it is doing."""
        if self._counting is not None and self._counting.transport is not None:
            self._counting.transport.abortConnection()

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        hosts = self._permit(self._known or await self._resolver.resolve(self._target.host))[:MOST_TRIES]
        counted = _CountingFactory(factory, self._largest)
        failure: Exception = ConnectError()
        for host in hosts:
            try:
                self._counting = await self._endpoint(host).connect(counted)
            except (ConnectError, OSError) as problem:
                failure = problem
                continue
            self.reach = scope(host)
            wrapped: IProtocol = self._counting.wrappedProtocol
            return wrapped
        raise failure

    def _endpoint(self, host: str) -> IStreamClientEndpoint:
        plain = self._network.endpoint(Address(host, self._target.port), CONNECT_TIMEOUT, self._bind)
        if self._tls is None:
            return plain
        creator = self._tls.creatorForNetloc(self._target.host.encode("ascii"), self._target.port)
        return wrapClientTLS(creator, plain)
