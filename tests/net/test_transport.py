"""Our transport over a real socket pair, with the reactor's part played by the test."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest
from twisted.internet import error
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from tests.net.fakes import Reactor
from tests.net.lines import Line, Tape
from torrentd.net.buffers import Buffers
from torrentd.net.pacing import PART
from torrentd.net.sockets import twisted_address
from torrentd.net.transport import DirectTransport


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.transport.connectionLost(Failure(error.ConnectionDone()))
    made.reactor.advance(0)
    made.far.close()
    assert made.reactor.getDelayedCalls() == []
    assert made.reactor.readers == made.reactor.writers == []


LARGE = bytes(range(256)) * 32768  # 8 MiB: more than any socket buffer


def test_one_call_for_each_read_behind_the_tail(line: Line) -> None:
    line.far.sendall(b"one.tw")
    assert line.read() is None
    line.far.sendall(b"o.")
    assert line.read() is None
    assert line.tape.reads == [b"one.tw", b"two."]


def test_a_read_is_as_large_as_the_buffer(line: Line) -> None:
    line.far.sendall(b"x" * 1500 + b".")
    line.read()
    assert len(line.tape.reads[0]) <= 1024


def test_nothing_to_read_is_no_end(line: Line) -> None:
    line.tape.tail = b"kept"
    assert line.transport.doRead() is None
    assert line.tape.tail == b"kept"
    assert line.tape.reads == []


def test_the_peers_fin_ends_the_connection(line: Line) -> None:
    line.far.close()
    assert isinstance(line.read(), error.ConnectionDone)


def test_a_reset_ends_it_with_the_systems_words(line: Line) -> None:
    line.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.far.close()
    problem = line.read()
    assert isinstance(problem, error.ConnectionLost)
    assert problem.args == ("Connection reset by peer",)


def test_pausing_and_resuming(line: Line) -> None:
    line.transport.pauseProducing()
    assert line.reactor.readers == []
    line.transport.resumeProducing()
    assert line.reactor.readers == [line.transport]


def test_a_protocol_that_pauses_at_once_is_not_read() -> None:
    line = Line.__new__(Line)
    tape = Tape()
    tape.makeConnection = lambda transport: transport.pauseProducing()  # type: ignore[method-assign]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        far = socket.create_connection(listening.getsockname())
        near, _ = listening.accept()
    line.reactor = Reactor()
    address = twisted_address("TCP", near.getsockname())
    DirectTransport(line.reactor, near, tape, Buffers(16, 16), address, address).start()
    assert line.reactor.readers == []
    near.close()
    far.close()


def test_a_protocol_that_fails_at_once_loses_its_connection(line: Line) -> None:
    line.tape.makeConnection = lambda transport: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    line.transport.pauseProducing()
    with capturedLogs() as logs:
        line.transport.start()
    assert logs[0]["log_failure"].check(ZeroDivisionError)
    line.reactor.advance(0)
    assert len(line.tape.lost) == 1
    assert line.reactor.readers == []


def test_small_writes_go_out_at_once(line: Line) -> None:
    line.transport.write(b"hello")
    line.transport.writeSequence([b" ", b"there"])
    assert line.reactor.writers == []
    assert line.far.recv(100) in (b"hello", b"hello there")


def test_what_the_socket_does_not_take_waits_in_order(line: Line) -> None:
    line.transport.registerProducer(line.tape, True)
    line.transport.write(LARGE)
    line.transport.write(b"end")
    assert line.reactor.writers == [line.transport]
    assert line.tape.paused == [True]
    assert line.drain(len(LARGE) + 3) == LARGE + b"end"
    assert line.tape.paused == [True, False]
    assert line.reactor.writers == []


def test_full_buffers_are_no_error(line: Line) -> None:
    line.transport.write(LARGE)
    while line.transport.offer([b"x"]):
        pass
    assert line.transport.doWrite() is None
    assert line.transport.offer([b"x"]) == 0


def test_an_offer_keeps_nothing(line: Line) -> None:
    views = [memoryview(LARGE), memoryview(b"more")]
    taken = line.transport.offer(views)
    assert 0 < taken < len(LARGE)
    assert line.reactor.writers == []
    assert line.drain(taken) == LARGE[:taken]


def test_a_producer_that_comes_to_a_full_transport_is_paused(line: Line) -> None:
    line.transport.write(LARGE)
    line.transport.registerProducer(line.tape, True)
    assert line.tape.paused == [True]
    line.transport.unregisterProducer()
    with pytest.raises(ValueError, match="pull"):
        line.transport.registerProducer(line.tape, False)


def test_losing_sends_what_is_queued_first(line: Line) -> None:
    line.transport.write(LARGE)
    line.transport.loseConnection()
    line.transport.write(b"too late")
    got, problem = 0, None
    while problem is None:
        readable, writable, _ = select.select([line.far], [line.transport], [], 10)
        got += len(line.far.recv(1 << 20)) if readable else 0
        problem = line.transport.doWrite() if writable else None
    assert isinstance(problem, error.ConnectionDone)
    line.transport.connectionLost(Failure(problem))
    while data := line.far.recv(1 << 20):
        got += len(data)
    assert got == len(LARGE)


def test_losing_with_nothing_queued(line: Line) -> None:
    line.transport.stopProducing()
    line.transport.loseConnection()
    assert line.tape.lost == []
    line.reactor.advance(0)
    assert [type(reason) for reason in line.tape.lost] == [error.ConnectionDone]
    assert line.far.recv(1) == b""
    assert line.transport.fileno() == -1


def test_aborting_ends_it_later_and_once(line: Line) -> None:
    line.transport.abortConnection()
    line.transport.abortConnection()
    line.transport.write(b"nothing")
    assert line.transport.offer([b"nothing"]) == 0
    assert line.tape.lost == []
    assert line.reactor.readers == []
    line.reactor.advance(0)
    line.transport.connectionLost(Failure(error.ConnectionLost()))
    line.transport.resumeProducing()
    assert [type(reason) for reason in line.tape.lost] == [error.ConnectionAborted]


def test_a_peer_that_does_not_read_is_reset(line: Line) -> None:
    """The kernel shall not keep for minutes what nobody fetches."""
    line.transport.write(LARGE)
    line.transport.abortConnection()
    line.reactor.advance(0)
    with pytest.raises(ConnectionResetError):
        while line.far.recv(1 << 20):
            pass


def test_writing_to_a_reset_connection_ends_it_later(line: Line) -> None:
    line.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.far.close()
    line.transport.write(b"x")
    line.transport.write(b"x")
    assert line.tape.lost == []
    line.reactor.advance(0)
    assert [type(reason) for reason in line.tape.lost] == [error.ConnectionLost]


def test_a_reset_while_bytes_wait_is_reported_to_the_reactor(line: Line) -> None:
    line.transport.write(LARGE)
    line.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.far.close()
    assert isinstance(line.transport.doWrite(), error.ConnectionLost)


def test_a_protocol_that_fails_to_take_leave_is_logged(line: Line) -> None:
    line.tape.connectionLost = lambda reason: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    with capturedLogs() as logs:
        line.transport.connectionLost(Failure(error.ConnectionDone()))
    assert logs[0]["log_failure"].check(ZeroDivisionError)
    assert line.transport.fileno() == -1


def test_it_knows_both_ends(line: Line) -> None:
    assert line.transport.getPeer().port == line.far.getsockname()[1]
    assert line.transport.getHost().port == line.far.getpeername()[1]
    assert line.transport.logPrefix() == "Tape"


def test_what_a_socket_holds_unsent_can_be_limited(line: Line) -> None:
    """The far end does not read, so that nothing leaves any more once its buffer is full."""
    chunk = bytes(4 * 1024 * 1024)
    line.transport.limit_unsent(16 * 1024)
    held = line.transport.offer([chunk])
    line.transport.limit_unsent(0)
    assert line.transport.offer([chunk]) > 0
    assert held < len(chunk)


PACE = 40_000.0
"""Bytes per second."""


def test_what_is_spread_leaves_in_parts(line: Line) -> None:
    """And in order: what is written meanwhile waits, what comes after is not paced any more."""
    line.transport.registerProducer(line.tape, True)
    line.transport.spread(LARGE[:10_000], PACE)
    line.transport.write(b"behind")
    assert line.tape.paused == [True]
    got, parts = b"", 0
    while line.tape.paused[-1]:
        parts += 1
        while line.transport in line.reactor.writers:
            assert line.transport.doWrite() is None
        new = line.available()
        assert len(new) <= 2 * PACE * PART
        got += new
        line.reactor.advance(PART)
    assert got == LARGE[:10_000] + b"behind"
    assert parts == pytest.approx(10_006 / PACE / PART, abs=1)
    line.transport.write(LARGE[:20_000])
    assert line.available() == LARGE[:20_000]


def test_a_late_part_is_made_up_for_and_no_more(line: Line) -> None:
    line.transport.spread(LARGE[:100_000], PACE)
    line.transport.doWrite()
    line.available()
    line.reactor.advance(10.0)
    while line.transport in line.reactor.writers:
        line.transport.doWrite()
    assert len(line.available()) == 2 * PACE * PART


def test_a_paced_transport_that_ends_leaves_no_timer(line: Line) -> None:
    line.transport.spread(LARGE[:100_000], PACE)
    line.transport.pace_reading(PACE)
    line.far.sendall(b"." * 10_000)
    line.transport.doWrite()
    while line.transport in line.reactor.readers:
        line.read()
    assert len(line.reactor.getDelayedCalls()) == 2
    line.transport.abortConnection()
    line.transport.spread(b"too late", PACE)
    line.transport.pace_reading(None)
    line.reactor.advance(0)
    assert line.reactor.getDelayedCalls() == []
    assert len(line.tape.lost) == 1


def test_reading_is_paced_until_it_is_not_any_more(line: Line) -> None:
    line.far.sendall(b"." * 5_000)
    line.transport.pace_reading(PACE)
    for _ in range(4):
        while line.transport in line.reactor.readers:
            line.read()
        line.reactor.advance(PART)
    sizes = [len(read) for read in line.tape.reads]
    assert sum(sizes) == pytest.approx(4 * PACE * PART, abs=2)
    while line.transport in line.reactor.readers:
        line.read()
    line.transport.pace_reading(None)
    assert line.reactor.readers == [line.transport]


def test_a_pause_holds_beyond_the_rest(line: Line) -> None:
    line.far.sendall(b"." * 10_000)
    line.transport.pace_reading(PACE)
    while line.transport in line.reactor.readers:
        line.read()
    line.transport.pauseProducing()
    line.transport.resumeProducing()
    assert line.reactor.readers == [], "it still rests"
    line.transport.pauseProducing()
    line.reactor.advance(PART)
    assert line.reactor.readers == []
    line.transport.resumeProducing()
    assert line.reactor.readers == [line.transport]
