from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost

from tests.simulate.internet.pair import Pair
from torrentd.simulate.internet.links import Link


@pytest.fixture
def pair() -> Pair:
    return Pair(Link(up=1e6), Link(up=1e6))


def ends(*protocols: Any) -> list[type | None]:
    return [protocol.reason.type if protocol.reason is not None else None for protocol in protocols]


def test_what_is_queued_is_sent_before_a_close(pair: Pair) -> None:
    near, far = pair.connect()
    near.transport.write(bytes(500_000))
    near.transport.loseConnection()
    near.transport.write(b"too late")
    assert ends(near, far) == [None, None]
    pair.run(2)
    assert len(far.data) == 500_000
    assert ends(near, far) == [ConnectionDone, ConnectionDone]
    assert pair.internet.ledger.under_way == 0


def test_an_abort_drops_what_is_queued(pair: Pair) -> None:
    near, far = pair.connect()
    near.transport.write(bytes(500_000))
    pair.run(0.1)
    near.transport.abortConnection()
    assert near.reason is None
    pair.run(2)
    assert len(far.data) < 200_000
    assert ends(near, far) == [ConnectionAborted, ConnectionLost]


def test_a_reader_that_paused_hears_of_the_end_after_the_bytes(pair: Pair) -> None:
    near, far = pair.connect()
    far.transport.pauseProducing()
    near.transport.write(b"last words")
    near.transport.loseConnection()
    pair.run(2)
    assert (far.data, ends(far)) == (b"", [None])
    far.transport.resumeProducing()
    pair.run(2)
    assert (far.data, ends(far)) == (b"last words", [ConnectionDone])


def test_a_protocol_that_fails_loses_its_connection_only(pair: Pair) -> None:
    near, far = pair.connect()
    other_near, other_far = pair.connect()
    far.dataReceived = lambda data: 1 / 0  # type: ignore[assignment, method-assign]
    near.transport.write(b"x")
    other_near.transport.write(b"y")
    pair.run(2)
    assert ends(far, near, other_far) == [ConnectionAborted, ConnectionLost, None]
    assert other_far.data == b"y"


def test_a_crash_resets_the_peers(pair: Pair) -> None:
    near, far = pair.connect()
    pair.far.reactor.crash()
    pair.far.crash()
    pair.run(2)
    assert ends(near, far) == [ConnectionLost, None]
    assert pair.near.open_things() == pair.far.open_things() == []


def test_both_close_at_once(pair: Pair) -> None:
    near, far = pair.connect()
    near.transport.loseConnection()
    far.transport.loseConnection()
    pair.run(2)
    assert ends(near, far) == [ConnectionDone, ConnectionDone]
    assert pair.near.transports == pair.far.transports == {}


def test_pull_producers_are_refused(pair: Pair) -> None:
    near, _ = pair.connect()
    with pytest.raises(ValueError, match="pull"):
        near.transport.registerProducer(object(), False)


def test_who_is_at_the_ends(pair: Pair) -> None:
    near, far = pair.connect()
    assert near.transport.getPeer().host == far.transport.getHost().host == pair.far.address
    assert near.transport.getHost() == far.transport.getPeer()


def test_what_may_wait_unsent_can_be_limited(pair: Pair) -> None:
    near, _ = pair.connect()
    asked: list[bool] = []
    near.transport.registerProducer(Switch(asked), True)
    near.transport.limit_unsent(10_000)
    near.transport.write(bytes(60_000))
    assert asked == [True]
    pair.run(1)
    assert asked == [True, False]
    near.transport.limit_unsent(0)
    near.transport.write(bytes(60_000))
    assert asked == [True, False]


class Switch:
    """A producer that notes whether it was paused."""

    def __init__(self, asked: list[bool]) -> None:
        self._asked = asked

    def pauseProducing(self) -> None:
        self._asked.append(True)

    def resumeProducing(self) -> None:
        self._asked.append(False)
