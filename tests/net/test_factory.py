"""Who may stay."""

from __future__ import annotations

from itertools import count

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from tests.net.fakes import INFO_HASH, THEIRS, Hall, encryption
from torrentd.model.address import Address
from torrentd.net.buffers import Buffers
from torrentd.net.factory import PeerFactory
from torrentd.wire.peer.handshake import Handshake, encode

HELLO = encode(Handshake(THEIRS.reserved, INFO_HASH, THEIRS.peer_id))
COMER = IPv4Address("TCP", "192.0.2.1", 5000)


def factory(hall: Hall) -> PeerFactory:
    return PeerFactory(Clock(), Buffers(16, 16), hall, count(7), encryption(Clock()))


def test_an_admitted_peer_gets_a_protocol_with_a_key() -> None:
    made = factory(Hall())
    first, second = made.buildProtocol(COMER), made.buildProtocol(COMER)
    assert first is not None and second is not None
    assert (first.key, second.key) == (7, 8)
    assert (first.address, first.incoming, first.identity) == (Address("192.0.2.1", 5000), True, None)


def test_who_shakes_hands_can_be_turned_away() -> None:
    hall = Hall()
    clock = Clock()
    made = PeerFactory(clock, Buffers(16, 16), hall, count(7), encryption(clock))
    protocols = [made.buildProtocol(COMER) for _ in range(3)]
    for protocol in protocols:
        assert protocol is not None
        protocol.makeConnection(StringTransport())
    first, second, third = protocols
    assert first is not None and second is not None and third is not None
    first.dataReceived(HELLO)
    second.connectionLost(Failure(ConnectionDone()))
    made.turn_away("closed")
    assert [protocol.transport.disconnected for protocol in (first, second, third)] == [False, False, True]
    third.connectionLost(Failure(ConnectionDone()))
    assert hall.refusals[-1] == "closed"
    assert clock.getDelayedCalls() == []


def test_others_are_sent_away() -> None:
    hall = Hall()
    hall.admitting = False
    assert factory(hall).buildProtocol(COMER) is None


def test_a_reception_that_fails_admits_nobody() -> None:
    hall = Hall()
    hall.admit = lambda address: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    with capturedLogs() as logs:
        assert factory(hall).buildProtocol(COMER) is None
    assert logs[0]["log_failure"].check(ZeroDivisionError)
