"""Our UDP port on a real loopback socket, with the reactor's part played by the test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from tests.net.fakes import Reactor
from torrentd.model.address import Address
from torrentd.net.datagram_port import PER_WAKE_UP, DirectDatagramPort
from torrentd.net.sockets import datagram_socket


class Box(DatagramProtocol):
    def __init__(self) -> None:
        self.got: list[bytes] = []

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        if datagram == b"bad":
            raise ZeroDivisionError
        if datagram == b"close":
            self.transport.stopListening()
        self.got.append(datagram)


class Stage:
    def __init__(self) -> None:
        self.reactor, self.box = Reactor(), Box()
        self.far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.far.bind(("127.0.0.1", 0))
        self.far.settimeout(10)
        self.port = DirectDatagramPort(self.reactor, datagram_socket(Address("127.0.0.1", 0)), self.box)
        self.port.startListening()

    def send(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.far.sendto(datagram, ("127.0.0.1", self.port.getHost().port))


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.port.connectionLost(Failure(ZeroDivisionError()))
    made.far.close()
    assert made.reactor.readers == []


def test_a_wake_up_takes_its_share_only(stage: Stage) -> None:
    stage.send(*(b"%d" % number for number in range(PER_WAKE_UP + 6)))
    stage.port.doRead()
    assert len(stage.box.got) == PER_WAKE_UP
    stage.port.doRead()
    assert stage.box.got == [b"%d" % number for number in range(PER_WAKE_UP + 6)]


def test_one_bad_datagram_is_logged_and_the_next_is_read(stage: Stage) -> None:
    stage.send(b"bad", b"good")
    with capturedLogs() as logs:
        stage.port.doRead()
    assert logs[0]["log_failure"].check(ZeroDivisionError)
    assert stage.box.got == [b"good"]


def test_closed_by_a_datagram(stage: Stage) -> None:
    stage.send(b"close", b"late")
    stage.port.doRead()
    assert stage.box.got == [b"close"]
    assert stage.port.fileno() == -1
    stage.port.write(b"nothing", ("127.0.0.1", 9))


def test_sending(stage: Stage) -> None:
    stage.port.write(b"hello", stage.far.getsockname())
    assert stage.far.recvfrom(100) == (b"hello", ("127.0.0.1", stage.port.getHost().port))


def test_what_the_system_refuses_is_raised(stage: Stage) -> None:
    with pytest.raises(OSError, match="too long"):
        stage.port.write(bytes(70_000), stage.far.getsockname())
    assert stage.port.logPrefix() == "Box"
