"""Incoming peers: who may stay is the reception's to say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from torrentd.model.address import Address
from torrentd.net.buffers import Buffers
from torrentd.net.encryption import Exchanges
from torrentd.net.interfaces import Reception
from torrentd.net.peer import PeerProtocol


class PeerFactory(Factory):
    """Makes a `PeerProtocol` for each connection that the reception admits; the others are closed at once. `keys`
    numbers the connections; the connector draws from the same."""

    noisy = False

    def __init__(
        self, reactor: Any, buffers: Buffers, reception: Reception, keys: Iterator[int], exchanges: Exchanges
    ) -> None:
        self._reactor = reactor
        self._buffers = buffers
        self._reception = reception
        self._keys = keys
        self._exchanges = exchanges
        self._shaking: list[PeerProtocol] = []
        """those in their handshake, and some that were when another one came"""

    def buildProtocol(self, addr: IAddress | None) -> PeerProtocol | None:
        """A protocol for a connection from `addr` (an IPv4Address or IPv6Address), or None."""
        address = Address(addr.host, addr.port)  # type: ignore[union-attr]
        try:
            admitted = self._reception.admit(address)
        except Exception:
            _log.failure("{address} could not be admitted", address=address)
            return None
        if not admitted:
            return None
        key = next(self._keys)
        protocol = PeerProtocol(self._reactor, self._buffers, self._reception, address, key, self._exchanges)
        self._shaking = [other for other in self._shaking if other.shakes_hands]
        self._shaking.append(protocol)
        return protocol

    def turn_away(self, reason: str) -> None:
        """Close whoever is in the handshake: nobody else would, before its time is over."""
        for protocol in self._shaking:
            if protocol.shakes_hands:
                protocol.close(reason)
        self._shaking.clear()


_log = Logger()
