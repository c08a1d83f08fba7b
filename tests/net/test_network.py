"""The seam over the real reactor, on our own transports and on plain Twisted's."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, ConnectError
from twisted.internet.protocol import DatagramProtocol, Factory

from torrentd.model.address import Address
from torrentd.net.network import Network


@pytest.fixture(params=[True, False], ids=["direct", "plain"])
def network(request: pytest.FixtureRequest) -> Network:
    return Network(reactor, direct=request.param)


class Nobody(Factory):
    noisy = False

    def buildProtocol(self, addr: Any) -> None:
        return None


class Listener(DatagramProtocol):
    def __init__(self) -> None:
        self.first: Deferred[tuple[bytes, Any]] = Deferred()

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.first.callback((datagram, addr))


@ensureDeferred
async def test_a_busy_port_is_said(network: Network) -> None:
    port = await network.listen(Nobody(), Address("127.0.0.1", 0))
    busy = Address("127.0.0.1", port.getHost().port)
    with pytest.raises(CannotListenError):
        await network.listen(Nobody(), busy)
    await port.stopListening()


@ensureDeferred
async def test_a_closed_port_refuses(network: Network) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = Address("127.0.0.1", closed.getsockname()[1])
    with pytest.raises(ConnectError):
        await network.connect(Nobody(), address)


@ensureDeferred
async def test_no_source_address_no_connect(network: Network) -> None:
    with pytest.raises(ConnectError):
        await network.connect(Nobody(), Address("127.0.0.1", 1), bind="::1")


@ensureDeferred
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_datagrams(network: Network, host: str) -> None:
    here, there = Listener(), Listener()
    ours, theirs = network.datagrams(here, Address(host, 0)), network.datagrams(there, Address(host, 0))
    here.transport.write(b"hello", (host, theirs.getHost().port))
    data, source = await there.first
    assert (data, source[:2]) == (b"hello", (host, ours.getHost().port))
    for port in (ours, theirs):
        await port.stopListening()


@ensureDeferred
async def test_a_busy_datagram_port_is_said(network: Network) -> None:
    port = network.datagrams(Listener(), Address("127.0.0.1", 0))
    with pytest.raises(CannotListenError):
        network.datagrams(Listener(), Address("127.0.0.1", port.getHost().port))
    await port.stopListening()
