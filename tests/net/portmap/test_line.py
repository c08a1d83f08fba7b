"""Datagrams to and from a router."""

from __future__ import annotations

import pytest

from torrentd.model.address import Address
from torrentd.net.portmap.line import GatewayLine


class Transport:
    def __init__(self):
        self.sent = []
        self.broken = False

    def write(self, data, addr):
        if self.broken:
            raise OSError("no route")
        self.sent.append((data, addr))


@pytest.fixture
def line():
    heard = []
    line = GatewayLine(Address("fe80::1%eth0", 5351), heard.append)
    line.heard = heard
    return line


def test_both_ways(line):
    transport = Transport()
    line.send(b"nobody is there yet")
    line.makeConnection(transport)
    line.send(b"ask")
    assert transport.sent == [(b"ask", ("fe80::1%eth0", 5351))]
    line.datagramReceived(b"answer", ("fe80::1", 5351, 0, 2))
    line.datagramReceived(b"again", ("fe80::1%eth0", 5351))
    assert line.heard == [b"answer", b"again"]


@pytest.mark.parametrize("source", [("fe80::2", 5351, 0, 2), ("fe80::1", 5350, 0, 2), ("127.0.0.1", 5351)])
def test_nobody_else_is_heard(line, source):
    line.datagramReceived(b"answer", source)
    assert line.heard == []


def test_no_way_out_is_a_lost_datagram(line):
    transport = Transport()
    transport.broken = True
    line.makeConnection(transport)
    line.send(b"ask")
    assert transport.sent == []
