"""The peer ports: TCP and UDP on the same number, on every configured address.

A port in use is no reason not to run: the next free one is taken, said in the log and shown by `daemon.status`.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from torrentd.model.address import Address

if TYPE_CHECKING:
    from torrentd.net.network import Network

log = Logger()

ATTEMPTS = 50
"""Ports tried per address: more than a host runs clients."""
LAST_PORT = 65535


class Listening:
    """Opens and closes the peer ports. `spoken_for`: ports that are somebody else's, though they may look free."""

    def __init__(
        self,
        network: Network,
        factory: IProtocolFactory,
        datagrams: Callable[[Address], DatagramProtocol],
        spoken_for: Collection[int] = (),
    ) -> None:
        self.addresses: list[Address] = []
        """where we really listen"""
        self._network = network
        self._factory = factory
        self._datagrams = datagrams
        self._spoken_for = spoken_for
        self._ports: list[IListeningPort] = []

    @property
    def port(self) -> int:
        """What trackers and peers are told; 0 while nothing listens."""
        return self.addresses[0].port if self.addresses else 0

    async def start(self, wanted: Sequence[Address]) -> None:
        """Listen everywhere. An address that this machine does not have is said in the log and left out; one that
        asks for any free port gets the same one as the first, if that is free there."""
        for address in wanted:
            await self._listen(address._replace(port=address.port or self.port))

    async def _listen(self, address: Address) -> None:
        problem: CannotListenError | None = None
        for port in self._candidates(address):
            try:
                await self._bind(address._replace(port=port))
            except CannotListenError as error:
                problem = error
                if getattr(error.socketError, "errno", None) == errno.EADDRNOTAVAIL:
                    break  # another port is no help
                continue
            bound = self.addresses[-1]
            if address.port not in (0, bound.port):
                log.warn("network.listen: {wanted} is in use; listening on {bound}", wanted=address, bound=bound)
            return
        why = problem and (getattr(problem.socketError, "strerror", None) or problem.socketError)
        log.error("network.listen: cannot listen on {address}: {why}", address=address, why=why)

    def _candidates(self, address: Address) -> list[int]:
        if not address.port:
            return [0] * ATTEMPTS
        ports = range(address.port, min(address.port + ATTEMPTS, LAST_PORT + 1))
        return [port for port in ports if port not in self._spoken_for]

    async def _bind(self, address: Address) -> None:
        """TCP and UDP on one port, or neither. CannotListenError."""
        tcp = await self._network.listen(self._factory, address)
        bound = address._replace(port=tcp.getHost().port)  # type: ignore[attr-defined]  # IPv4Address or IPv6Address
        try:
            udp = self._network.datagrams(self._datagrams(bound), bound)
        except CannotListenError:
            await maybeDeferred(tcp.stopListening)
            raise
        self._ports += [tcp, udp]
        self.addresses.append(bound)

    def stop(self) -> Deferred[Any]:
        """Close all of them."""
        ports, self._ports = self._ports, []
        self.addresses.clear()
        return gatherResults([maybeDeferred(port.stopListening) for port in ports])
