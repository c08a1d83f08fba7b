from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from tests.simulate.internet.pair import Notes, Pair
from torrentd.simulate.internet.links import Link
from torrentd.simulate.internet.transport import BUFFER

MIB = 1 << 20
FAST = Link()


@implementer(IPushProducer)
class Producer:
    """Writes whenever it may; counts."""

    def __init__(self, transport: Any, size: int = 64 * 1024) -> None:
        self.transport = transport
        self.size = size
        self.written = 0
        self.paused = False
        transport.registerProducer(self, True)

    def resumeProducing(self) -> None:
        self.paused = False
        while not self.paused:
            self.written += self.size
            self.transport.write(bytes(self.size))

    def pauseProducing(self) -> None:
        self.paused = True

    def stopProducing(self) -> None:
        pass


def seconds_for(pair: Pair, size: int, sender: Notes, receiver: Notes) -> float:
    begin = pair.clock.now
    sender.transport.write(bytes(size))
    pair.run(1000)
    assert len(receiver.data) == size
    return receiver.times[-1] - begin


def test_the_first_byte_takes_the_latencies_of_both_ends() -> None:
    pair = Pair(Link(latency=0.03), Link(latency=0.12))
    near, far = pair.connect()
    begin = pair.clock.now
    near.transport.write(b"x")
    pair.run(1)
    assert far.times == [pytest.approx(begin + 0.15)]


@pytest.mark.parametrize("rate", [20e3, 1e6, 50e6])
@pytest.mark.parametrize("end", ["up", "down"])
def test_a_link_carries_its_rate(rate: float, end: str) -> None:
    near = Link(up=rate) if end == "up" else FAST
    far = Link(down=rate) if end == "down" else FAST
    pair = Pair(near, far)
    sender, receiver = pair.connect()
    sender.transport.write(bytes(int(rate * 20)))
    pair.run(3)  # the window has opened
    before, begin = len(receiver.data), receiver.times[-1]
    pair.run(10)
    assert (len(receiver.data) - before) / (receiver.times[-1] - begin) == pytest.approx(rate, rel=0.01)


def test_streams_share_an_uplink_evenly() -> None:
    pair = Pair(Link(up=1e6), FAST)
    lines = [pair.connect() for _ in range(4)]
    begin = pair.clock.now
    for near, _ in lines:
        Producer(near.transport).resumeProducing()
    pair.run(20)
    received = [len(far.data) for _, far in lines]
    assert sum(received) == pytest.approx(1e6 * (pair.clock.now - begin), rel=0.01)
    assert max(received) - min(received) < 0.01 * max(received)


def test_streams_share_a_downlink_evenly() -> None:
    pair = Pair(FAST, Link(down=1e6))
    lines = [pair.connect() for _ in range(4)]
    for near, _ in lines:
        Producer(near.transport).resumeProducing()
    pair.run(20)
    received = [len(far.data) for _, far in lines]
    assert sum(received) == pytest.approx(20e6, rel=0.01)
    assert max(received) - min(received) < 0.03 * max(received)


def test_a_slow_receiver_does_not_hold_up_what_its_sender_has_for_others() -> None:
    pair = Pair(Link(up=1e6), Link(down=10e3))
    near, _ = pair.connect()
    Producer(near.transport).resumeProducing()
    other = pair.internet.site("other", FAST, pair.far.reactor)
    other.listeners[False, 1] = pair.factory
    made: list[Notes] = []
    pair.far = other
    pair.dial(port=1).addCallback(made.append)
    pair.run(1)
    begin = pair.clock.now
    made[0].transport.write(bytes(MIB))
    pair.run(3)
    assert pair.factory.accepted[-1].times[-1] - begin < 1.2


def test_a_new_connection_is_slow_at_first() -> None:
    pair = Pair(Link(latency=0.1), Link(latency=0.1))
    near, far = pair.connect()
    begin = pair.clock.now
    near.transport.write(bytes(MIB))
    pair.run(0.5)
    assert 0 < len(far.data) < 100 * 1024
    pair.run(5)
    assert len(far.data) == MIB
    assert far.times[-1] - begin > 1.0


def test_loss_costs_rate_and_no_bytes() -> None:
    pair = Pair(Link(loss=0.2, latency=0.05), FAST)
    size = 200 * 1024
    lossy = seconds_for(pair, size, *pair.connect())
    clean = Pair(Link(latency=0.05), FAST)
    assert lossy > 10 * seconds_for(clean, size, *clean.connect())


def test_the_writer_is_paused_when_the_reader_does_not_read() -> None:
    pair = Pair(Link(up=10e6), FAST)
    near, far = pair.connect()
    far.transport.pauseProducing()
    producer = Producer(near.transport)
    producer.resumeProducing()
    pair.run(60)
    held = producer.written
    assert producer.paused
    assert far.data == b""
    assert BUFFER < held < 6 * MIB
    far.transport.resumeProducing()
    pair.run(1)
    assert producer.written > held
    assert len(far.data) > held


def test_bytes_arrive_as_they_were_written() -> None:
    pair = Pair(Link(up=1e6), Link(down=0.9e6))
    near, far = pair.connect()
    parts = [bytes([number]) * (number * 700) for number in range(1, 100)]
    for part in parts:
        near.transport.write(part)
    near.transport.writeSequence([b"the", b" end"])
    pair.run(60)
    assert far.data == b"".join(parts) + b"the end"


def test_the_books_are_kept() -> None:
    pair = Pair(Link(up=1e6), FAST)
    near, far = pair.connect()
    near.transport.write(bytes(MIB))
    pair.run(0.3)
    ledger = pair.internet.ledger
    assert ledger.received == len(far.data)
    assert ledger.under_way == MIB - len(far.data) > 0
    near.transport.abortConnection()
    pair.run(5)
    assert ledger.under_way == 0
    assert ledger.dropped == MIB - len(far.data) > 0
