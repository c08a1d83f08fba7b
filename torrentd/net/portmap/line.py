"""The datagrams of one router."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import DatagramProtocol

from torrentd.model.address import Address


class GatewayLine(DatagramProtocol):
    """Sends to the router, and hears nobody else."""

    def __init__(self, gateway: Address, heard: Callable[[bytes], None]) -> None:
        self._gateway = gateway
        self._heard = heard

    def send(self, datagram: bytes) -> None:
        """What the system refuses (no route, no cable) is lost like a datagram on its way."""
        if self.transport is None:
            return
        try:
            self.transport.write(datagram, (self._gateway.host, self._gateway.port))
        except OSError:
            return

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Whoever else sends something has no business here."""
        if (_bare(addr[0]), addr[1]) == (_bare(self._gateway.host), self._gateway.port):
            self._heard(datagram)


def _bare(host: str) -> str:
    return host.partition("%")[0]
