"""BEP 15 with the clock in the test's hand and datagrams that go nowhere."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from torrentd.model.address import Address
from torrentd.model.errors import TrackerError
from torrentd.net.datagram import Datagrams
from torrentd.net.trackers import udp as module
from torrentd.net.trackers.udp import CONNECTION_LIFE, FIRST_WAIT, REPETITIONS, UdpClient

TRACKER = Address("192.0.2.1", 6969)
SECOND = Address("192.0.2.2", 6969)
TRACKER6 = Address("2001:db8::1", 6969)
CONNECT, ASK, ERROR = 0, 1, 3


class Wire:
    """Records what a socket sends."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address]] = []

    def write(self, data: bytes, address: tuple[str, int]) -> None:
        self.sent.append((data, Address(*address)))


class Stage:
    """A client with an IPv4 socket."""

    def __init__(self) -> None:
        self.clock, self.wire, self.datagrams = Clock(), Wire(), Datagrams(v6=False)
        self.datagrams.transport = self.wire  # type: ignore[assignment]
        self.client = UdpClient(self.clock, [self.datagrams], random.Random(1))

    def ask(self, *trackers: Address) -> Deferred[Any]:
        def request(tracker: Address, connection: int, transaction: int) -> bytes:
            return struct.pack(">QII", connection, ASK, transaction)

        def parse(packet: bytes, tracker: Address) -> bytes:
            if struct.unpack_from(">I", packet)[0] == ERROR:
                raise TrackerError(packet[8:].decode())
            return packet[8:]

        return Deferred.fromCoroutine(self.client.ask(trackers or [TRACKER], request, parse))

    def last(self) -> tuple[int, int, int]:
        """(connection id or magic, action, transaction) of the newest packet."""
        return struct.unpack_from(">QII", self.wire.sent[-1][0])  # type: ignore[return-value]

    def receive(self, packet: bytes, source: Address = TRACKER) -> None:
        self.datagrams.datagramReceived(packet, tuple(source))

    def connect(self, connection: int = 42) -> None:
        _, action, transaction = self.last()
        assert action == CONNECT
        self.receive(struct.pack(">IIQ", CONNECT, transaction, connection))

    def answer(self, body: bytes = b"body", action: int = ASK) -> None:
        self.receive(struct.pack(">II", action, self.last()[2]) + body)


def result(asked: Deferred[Any]) -> Any:
    found: list[Any] = []
    asked.addBoth(found.append)
    assert found, "not decided yet"
    return found[0].value if isinstance(found[0], Failure) else found[0]


def test_connect_then_ask() -> None:
    stage = Stage()
    asked = stage.ask()
    assert stage.last()[:2] == (0x41727101980, CONNECT)
    stage.connect(42)
    assert stage.last()[:2] == (42, ASK)
    stage.answer()
    assert result(asked) == (b"body", TRACKER)
    assert stage.clock.getDelayedCalls() == []


def test_a_connection_id_serves_for_a_minute() -> None:
    stage = Stage()
    stage.ask()
    stage.connect()
    stage.answer()
    stage.clock.advance(CONNECTION_LIFE - 1)
    again = stage.ask()
    assert stage.last()[:2] == (42, ASK)
    stage.answer()
    assert result(again)[0] == b"body"
    stage.clock.advance(1)
    stage.ask()
    assert stage.last()[1] == CONNECT


def test_repeated_after_fifteen_thirty_sixty_seconds_and_at_last_never() -> None:
    stage = Stage()
    asked = stage.ask()
    for repetition in range(REPETITIONS + 1):
        assert len(stage.wire.sent) == repetition + 1
        stage.clock.advance(FIRST_WAIT * 2**repetition - 0.5)
        assert len(stage.wire.sent) == repetition + 1
        stage.clock.advance(0.5)
    assert str(result(asked)) == "the tracker does not answer"
    assert stage.clock.getDelayedCalls() == []


def test_each_repetition_has_its_own_transaction() -> None:
    stage = Stage()
    stage.ask()
    first = stage.last()[2]
    stage.clock.advance(FIRST_WAIT)
    second = stage.last()[2]
    assert first != second
    stage.receive(struct.pack(">IIQ", CONNECT, first, 1))  # too late
    assert stage.last()[1] == CONNECT
    stage.connect()
    assert stage.last()[1] == ASK


def test_the_addresses_of_a_tracker_take_turns() -> None:
    stage = Stage()
    stage.ask(TRACKER6, TRACKER, SECOND)
    stage.clock.advance(FIRST_WAIT)
    stage.clock.advance(2 * FIRST_WAIT)
    assert [address for _, address in stage.wire.sent] == [TRACKER, SECOND, TRACKER]


def test_without_a_socket_of_the_family() -> None:
    assert "address family" in str(result(Stage().ask(TRACKER6)))


@pytest.mark.parametrize("source", [SECOND, Address(TRACKER.host, 1), Address("127.0.0.1", 6969)])
def test_an_answer_from_elsewhere_is_dropped(source: Address) -> None:
    stage = Stage()
    asked = stage.ask()
    packet = struct.pack(">IIQ", CONNECT, stage.last()[2], 66)
    stage.receive(packet, source)
    assert len(stage.wire.sent) == 1
    stage.connect()
    stage.answer()
    assert result(asked)[0] == b"body"


def test_a_wrong_transaction_and_scraps_are_dropped() -> None:
    stage = Stage()
    asked = stage.ask()
    stage.receive(struct.pack(">IIQ", CONNECT, stage.last()[2] ^ 1, 66))
    stage.receive(b"\0\0\0")
    stage.receive(b"\0")
    assert not asked.called
    stage.connect()
    stage.answer()
    stage.answer(b"twice")
    assert result(asked)[0] == b"body"


def test_the_trackers_error() -> None:
    stage = Stage()
    asked = stage.ask()
    stage.answer(b"go away", ERROR)
    assert str(result(asked)) == "go away"
    assert stage.clock.getDelayedCalls() == []


def test_a_tracker_that_forgot_the_connection_is_asked_anew() -> None:
    stage = Stage()
    stage.ask()
    stage.connect()
    stage.answer()
    again = stage.ask()
    stage.answer(b"connection id mismatch", ERROR)
    stage.connect(43)
    assert stage.last()[:2] == (43, ASK)
    stage.answer()
    assert result(again)[0] == b"body"


def test_two_that_find_the_connection_forgotten() -> None:
    stage = Stage()
    stage.ask()
    stage.connect()
    stage.answer()
    asked = []
    transactions = []
    for _ in range(2):
        asked.append(stage.ask())
        transactions.append(stage.last()[2])
    for transaction in transactions:
        stage.receive(struct.pack(">II", ERROR, transaction) + b"mismatch")
    assert [struct.unpack_from(">QII", data)[1] for data, _ in stage.wire.sent[-2:]] == [CONNECT, CONNECT]
    for each in asked:
        each.addErrback(lambda failure: None).cancel()


def test_given_up() -> None:
    stage = Stage()
    asked = stage.ask()
    asked.cancel()
    assert isinstance(result(asked), CancelledError)
    assert stage.clock.getDelayedCalls() == []
    stage.connect()
    assert len(stage.wire.sent) == 1


def test_connection_ids_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CONNECTIONS", 1)
    stage = Stage()
    stage.ask(TRACKER)
    stage.connect()
    stage.answer()
    stage.ask(SECOND)
    _, _, transaction = stage.last()
    stage.receive(struct.pack(">IIQ", CONNECT, transaction, 7), SECOND)
    stage.ask(TRACKER)
    assert stage.last()[1] == CONNECT


def test_a_socket_that_got_no_port_is_passed_over() -> None:
    stage = Stage()
    stage.client = UdpClient(stage.clock, [Datagrams(v6=False), stage.datagrams], random.Random(1))
    stage.ask()
    assert stage.last()[1] == CONNECT


def test_a_socket_closed_meanwhile_is_silence() -> None:
    stage = Stage()
    asked = stage.ask()
    stage.datagrams.transport = None
    stage.clock.advance(FIRST_WAIT)
    assert not asked.called
    asked.addErrback(lambda failure: None).cancel()
    assert "address family" in str(result(stage.ask()))
