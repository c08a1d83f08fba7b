"""Outgoing peers: dial, then the handshake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from torrentd.model.address import Address
from torrentd.net.encryption import Exchanges
from torrentd.net.interfaces import Identity, Reception
from torrentd.net.network import CONNECT_TIMEOUT, Network
from torrentd.net.peer import PeerProtocol


class Connector:
    """Dials through `network`; `bind` is the source address or interface, "" for any. `keys` numbers connections."""

    def __init__(
        self,
        reactor: Any,
        network: Network,
        keys: Iterator[int],
        exchanges: Exchanges,
        bind: str = "",
        timeout: float = CONNECT_TIMEOUT,
    ) -> None:
        self._reactor = reactor
        self._network = network
        self._keys = keys
        self._exchanges = exchanges
        self._bind = bind
        self._timeout = timeout

    def dial(self, address: Address, reception: Reception, identity: Identity, encrypted: bool = False) -> PeerProtocol:
        """Connect and shake hands, after an exchange of keys if `encrypted`. Ends in `reception.established` or
        `reception.refused`, later. The connection is answered at once: `close` gives the attempt up."""
        protocol = PeerProtocol(
            self._reactor,
            self._network.buffers,
            reception,
            address,
            next(self._keys),
            self._exchanges,
            identity,
            encrypted,
        )
        attempt = self._network.connect(_Once(protocol), address, self._timeout, self._bind)
        protocol.dialled(attempt, self._timeout)
        return protocol


class _Once(Factory):
    """The factory of one connection."""

    noisy = False

    def __init__(self, protocol: PeerProtocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> PeerProtocol:
        return self._protocol
