"""Outgoing connects on our own transport: in time, refused, given up."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from tests.net.fakes import Reactor
from torrentd.model.address import Address
from torrentd.net import sockets
from torrentd.net.buffers import Buffers
from torrentd.net.connecting import Connecting


class Silent:
    """A receiver of nothing."""

    tail = b""

    def __init__(self) -> None:
        self.transport: Any = None

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataInto(self, view: memoryview, end: int) -> None:
        raise AssertionError("nobody sends anything")

    def connectionLost(self, reason: Failure) -> None:
        pass


class Building(Factory):
    noisy = False

    def __init__(self, protocol: Silent | None) -> None:
        self.built = protocol

    def buildProtocol(self, addr: Any) -> Any:
        return self.built


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def connecting(reactor: Reactor, port: int, protocol: Silent | None = None, bind: str = "") -> Connecting:
    return Connecting(reactor, Building(protocol), Address("127.0.0.1", port), 10.0, bind, Buffers(16, 16))


def failure_of(attempt: Deferred[Any]) -> BaseException | None:
    caught: list[Failure] = []
    attempt.addErrback(caught.append)
    return caught[0].value if caught else None


def check_nothing_left(reactor: Reactor) -> None:
    assert reactor.getDelayedCalls() == []
    assert reactor.writers == []


def test_the_last_descriptors_are_not_for_peers(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "RESERVE", resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    reactor = Reactor()
    attempt = connecting(reactor, listening.getsockname()[1])
    reactor.advance(0)
    failure = failure_of(attempt.connected)
    assert isinstance(failure, error.ConnectError)
    assert failure.osError == errno.EMFILE
    check_nothing_left(reactor)


def test_connected(listening: socket.socket) -> None:
    reactor, protocol = Reactor(), Silent()
    attempt = connecting(reactor, listening.getsockname()[1], protocol, bind="127.0.0.2")
    accepted, name = listening.accept()
    assert name[0] == "127.0.0.2"
    assert reactor.writers == [attempt]
    attempt.doWrite()
    connected: list[Any] = []
    attempt.connected.addCallback(connected.append)
    assert connected == [protocol]
    assert reactor.readers == [protocol.transport]
    assert attempt.fileno() == -1
    check_nothing_left(reactor)
    protocol.transport.connectionLost(Failure(error.ConnectionDone()))
    accepted.close()


def test_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    reactor = Reactor()
    attempt = connecting(reactor, port)
    attempt.doWrite()
    problem = failure_of(attempt.connected)
    assert isinstance(problem, error.ConnectError)
    assert problem.args == ("Connection refused",)
    check_nothing_left(reactor)


def test_refused_as_the_reactor_may_notice_first() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    reactor = Reactor()
    attempt = connecting(reactor, port)
    attempt.connectionLost(Failure(error.ConnectionLost()))
    assert isinstance(failure_of(attempt.connected), error.ConnectError)
    attempt.connectionLost(Failure(error.ConnectionLost()))
    check_nothing_left(reactor)


def test_in_time_or_not_at_all(listening: socket.socket) -> None:
    reactor = Reactor()
    attempt = connecting(reactor, listening.getsockname()[1])
    reactor.advance(9.9)
    assert not attempt.connected.called
    reactor.advance(0.1)
    assert isinstance(failure_of(attempt.connected), error.TimeoutError)
    check_nothing_left(reactor)


def test_given_up(listening: socket.socket) -> None:
    reactor = Reactor()
    attempt = connecting(reactor, listening.getsockname()[1])
    attempt.connected.cancel()
    assert isinstance(failure_of(attempt.connected), CancelledError)
    check_nothing_left(reactor)


def test_not_wanted_any_more(listening: socket.socket) -> None:
    reactor = Reactor()
    attempt = connecting(reactor, listening.getsockname()[1])
    attempt.doWrite()
    assert isinstance(failure_of(attempt.connected), error.ConnectError)
    check_nothing_left(reactor)


@pytest.mark.parametrize("bind", ["::1", "192.0.2.1", "no-such-if"])
def test_a_source_address_that_is_not_there_fails_later(bind: str) -> None:
    reactor = Reactor()
    attempt = connecting(reactor, 1, bind=bind)
    assert not attempt.connected.called
    reactor.advance(0)
    assert isinstance(failure_of(attempt.connected), error.ConnectError)
    check_nothing_left(reactor)


def test_given_up_before_it_could_fail() -> None:
    reactor = Reactor()
    attempt = connecting(reactor, 1, bind="no-such-if")
    attempt.connected.cancel()
    assert isinstance(failure_of(attempt.connected), CancelledError)
    check_nothing_left(reactor)
