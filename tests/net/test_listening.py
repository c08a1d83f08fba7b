"""The listening port, with a socket that does what the test says."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.protocol import Factory
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from tests.net.fakes import Reactor
from torrentd.net import sockets
from torrentd.net.buffers import Buffers
from torrentd.net.listening import ACCEPTS_PER_TURN, REST, DirectPort


class Listening:
    """Connections that wait; each is a socket of a pair, or an error number."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []
        self.closed = False

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        if not self.waiting:
            raise BlockingIOError
        first = self.waiting.pop(0)
        if isinstance(first, int):
            raise OSError(first, "as the test says")
        return first, ("192.0.2.7", 1234)

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 6881

    def fileno(self) -> int:
        return -1 if self.closed else 99

    def close(self) -> None:
        self.closed = True


class Refusing(Factory):
    """Remembers whom it sent away."""

    noisy = False

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def buildProtocol(self, addr: Any) -> None:
        self.asked.append(addr)


class Stage:
    def __init__(self) -> None:
        self.reactor, self.listening, self.factory = Reactor(), Listening(), Refusing()
        self.port = DirectPort(self.reactor, self.listening, self.factory, Buffers(16, 16))  # type: ignore[arg-type]
        self.port.startListening()
        self.far: list[socket.socket] = []

    def come(self, count: int) -> None:
        for _ in range(count):
            near, far = socket.socketpair()
            self.listening.waiting.append(near)
            self.far.append(far)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    for each in [*made.far, *(one for one in made.listening.waiting if not isinstance(one, int))]:
        each.close()
    made.port.connectionLost(Failure(ZeroDivisionError()))
    assert made.reactor.getDelayedCalls() == []
    assert made.reactor.readers == []


def test_a_refused_connection_is_closed(stage: Stage) -> None:
    stage.come(1)
    stage.port.doRead()
    assert stage.factory.asked[0].host == "192.0.2.7"
    assert stage.far[0].recv(1) == b""


def test_a_turn_takes_its_share_only(stage: Stage) -> None:
    stage.come(ACCEPTS_PER_TURN + 3)
    stage.port.doRead()
    assert len(stage.factory.asked) == ACCEPTS_PER_TURN
    stage.port.doRead()
    assert len(stage.factory.asked) == ACCEPTS_PER_TURN + 3


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_out_of_descriptors_it_rests_instead_of_spinning(stage: Stage, code: int) -> None:
    stage.listening.waiting.append(code)
    stage.port.doRead()
    assert stage.reactor.readers == []
    stage.reactor.advance(REST / 2)
    assert stage.reactor.readers == []
    stage.reactor.advance(REST / 2)
    assert stage.reactor.readers == [stage.port]


def test_the_log_says_so_once_a_minute(stage: Stage) -> None:
    with capturedLogs() as logs:
        for _ in range(150):
            stage.listening.waiting.append(errno.EMFILE)
            stage.port.doRead()
            stage.reactor.advance(REST)
    assert len(logs) == 3


def test_the_last_descriptors_are_not_for_peers(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "RESERVE", resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    stage.come(2)
    stage.port.doRead()
    assert stage.factory.asked == []
    assert stage.far[0].recv(1) == b""  # closed
    assert stage.reactor.readers == []


def test_closed_while_it_rests(stage: Stage) -> None:
    stage.listening.waiting.append(errno.EMFILE)
    stage.port.doRead()
    stage.port.stopListening()
    stage.port.stopListening()
    assert stage.listening.closed
    assert stage.reactor.getDelayedCalls() == []


def test_a_connection_that_was_gone_already_is_nobodys_fault(stage: Stage) -> None:
    stage.listening.waiting.append(errno.ECONNABORTED)
    stage.port.doRead()
    assert stage.reactor.readers == [stage.port]


def test_a_factory_that_fails_costs_one_connection(stage: Stage) -> None:
    stage.factory.buildProtocol = lambda addr: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    stage.come(1)
    with capturedLogs() as logs:
        stage.port.doRead()
    assert logs[0]["log_failure"].check(ZeroDivisionError)
    assert stage.far[0].recv(1) == b""
    assert stage.reactor.readers == [stage.port]


class Lost:
    """A protocol that is told of its end only."""

    reason: Any = None

    def connectionLost(self, reason: Failure) -> None:
        self.reason = reason.value


def test_a_connection_that_broke_while_it_was_taken_is_given_back(stage: Stage) -> None:
    """The factory may have reserved something for it."""
    protocol = Lost()
    stage.factory.buildProtocol = lambda addr: protocol  # type: ignore[method-assign, assignment, return-value]
    broken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # no TCP: TCP_NODELAY fails on it
    stage.listening.waiting.append(broken)
    stage.port.doRead()
    assert protocol.reason is not None
    assert broken.fileno() == -1
    assert stage.reactor.readers == [stage.port]


def test_it_knows_where_it_listens(stage: Stage) -> None:
    assert (stage.port.getHost().host, stage.port.getHost().port) == ("127.0.0.1", 6881)
    assert stage.port.logPrefix() == "peers on 127.0.0.1 port 6881"
