"""Dialling, with a network that does what the test says."""

from __future__ import annotations

from itertools import count
from typing import Any

from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from tests.net.fakes import OURS, SOMEWHERE, Hall, encryption
from torrentd.model.address import Address
from torrentd.net.buffers import Buffers
from torrentd.net.connector import Connector


class Net:
    """Remembers who is dialled."""

    buffers = Buffers(16, 16)

    def __init__(self) -> None:
        self.factory: Any = None
        self.asked: tuple[Any, ...] = ()
        self.cancelled = False
        self.attempt: Deferred[Any] = Deferred(self._cancel)

    def _cancel(self, _: Any) -> None:
        self.cancelled = True

    def connect(self, factory: Any, address: Address, timeout: float, bind: str) -> Deferred[Any]:
        self.factory, self.asked = factory, (address, timeout, bind)
        return self.attempt


class Stage:
    def __init__(self, net: Net | None = None) -> None:
        self.clock, self.net, self.hall = Clock(), net or Net(), Hall()
        connector = Connector(self.clock, self.net, count(1), encryption(self.clock), bind="192.0.2.9")  # type: ignore[arg-type]
        self.protocol = connector.dial(SOMEWHERE, self.hall, OURS)

    def check(self, refusals: list[str]) -> None:
        assert self.hall.refusals == []  # never inside the call that caused it
        self.clock.advance(0)
        assert self.hall.refusals == refusals
        assert self.clock.getDelayedCalls() == []


def test_a_dial_that_fails_is_refused() -> None:
    stage = Stage()
    assert stage.net.asked == (SOMEWHERE, 10.0, "192.0.2.9")
    stage.net.attempt.errback(Failure(error.ConnectionRefusedError(111, "Connection refused")))
    stage.check(["connect failed: Connection refused"])


def test_a_dial_that_fails_at_once_is_refused_later() -> None:
    net = Net()
    net.attempt.errback(Failure(error.ConnectError(string="no route")))
    Stage(net).check(["connect failed: no route"])


def test_closing_gives_the_attempt_up() -> None:
    stage = Stage()
    stage.protocol.close("the torrent was removed")
    stage.protocol.close("again")
    assert stage.net.cancelled
    stage.check(["the torrent was removed"])


def test_given_up_by_the_network() -> None:
    stage = Stage()
    stage.net.attempt.errback(Failure(CancelledError()))
    stage.check(["connect was given up"])


def test_connected_the_handshake_follows() -> None:
    stage = Stage()
    stage.protocol.pause_reading()
    protocol = stage.net.factory.buildProtocol(None)
    assert protocol is stage.protocol
    transport = StringTransport()
    protocol.makeConnection(transport)
    stage.net.attempt.callback(protocol)
    assert len(transport.value()) == 68
    assert transport.producerState == "paused"
    protocol.resume_reading()
    assert transport.producerState == "producing"
    protocol.close("enough")
    protocol.connectionLost(Failure(error.ConnectionDone()))
    assert stage.hall.refusals == ["enough"]
    assert stage.clock.getDelayedCalls() == []
