from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import CannotListenError, ConnectionRefusedError, TimeoutError

from tests.simulate.internet.pair import PORT, Pair
from torrentd.model.address import Address
from torrentd.net.datagram import Datagrams, Kind
from torrentd.simulate.internet.links import Link
from torrentd.simulate.internet.network import ANY


def test_a_connect_takes_a_round_trip() -> None:
    pair = Pair(Link(latency=0.1), Link(latency=0.2))
    times: list[float] = []
    pair.dial().addCallback(lambda _: times.append(pair.clock.now))
    pair.run(5)
    assert times == [pytest.approx(0.6)]


def test_without_a_listener_it_is_refused() -> None:
    pair = Pair(Link(), Link())
    pair.dial(port=7)
    pair.run(5)
    assert pair.failures[0].check(ConnectionRefusedError)


def test_who_crashes_is_not_told_of_a_refusal() -> None:
    pair = Pair(Link(latency=0.1), Link(latency=0.1))
    pair.dial(port=7)
    pair.run(0.3)
    pair.near.reactor.crash()
    pair.run(5)
    assert pair.failures == []


@pytest.mark.parametrize("why", ["nat", "partition", "nobody"])
def test_silence_is_a_timeout(why: str) -> None:
    pair = Pair(Link(), Link(nat=why == "nat"))
    if why == "partition":
        pair.internet.part([[pair.near]])
    if why == "nobody":
        pair.far.address = "11.99.99.99"
    pair.dial(timeout=4)
    pair.run(3.9)
    assert pair.failures == []
    pair.run(1)
    assert pair.failures[0].check(TimeoutError)


def test_a_host_behind_nat_can_dial() -> None:
    pair = Pair(Link(nat=True), Link())
    near, far = pair.connect()
    near.transport.write(b"out")
    far.transport.write(b"in")
    pair.run(1)
    assert (near.data, far.data) == (b"in", b"out")


def test_a_connect_that_is_given_up_leaves_nothing() -> None:
    pair = Pair(Link(latency=1), Link(latency=1))
    attempt = pair.dial()
    pair.run(2.5)
    attempt.cancel()
    pair.run(10)
    assert pair.near.open_things() == []
    assert pair.far.transports == {}
    assert pair.near.reactor.getDelayedCalls() == []


def test_a_partition_holds_bytes_back_until_it_heals() -> None:
    pair = Pair(Link(), Link())
    near, far = pair.connect()
    pair.internet.part([[pair.near]])
    near.transport.write(b"patience")
    pair.run(60)
    assert far.data == b""
    pair.internet.heal()
    pair.run(1)
    assert far.data == b"patience"


def test_a_forgotten_connection_never_comes_back() -> None:
    pair = Pair(Link(), Link())
    near, far = pair.connect()
    pair.internet.forget(pair.near)
    pair.internet.heal()
    near.transport.write(b"anybody there?")
    pair.run(600)
    assert (far.data, near.reason, far.reason) == (b"", None, None)
    new_near, new_far = pair.connect()
    new_near.transport.write(b"hello again")
    pair.run(1)
    assert new_far.data == b"hello again"


def test_ports_are_taken_and_given_back() -> None:
    pair = Pair(Link(), Link())
    failures: list[Any] = []
    pair.far_network.listen(pair.factory, Address(ANY, PORT)).addErrback(failures.append)
    assert failures[0].check(CannotListenError)
    pair.far_network.listen(pair.factory, Address("11.1.2.3", 1)).addErrback(failures.append)
    assert failures[1].check(CannotListenError)
    pair.ports[0].stopListening()
    pair.dial()
    pair.run(1)
    assert pair.failures[0].check(ConnectionRefusedError)
    ports: list[Any] = []
    pair.far_network.listen(pair.factory, Address(ANY, 0)).addCallback(ports.append)
    assert ports[0].getHost().port > 1024


class TestDatagrams:
    def sockets(self, pair: Pair) -> tuple[Datagrams, Datagrams, list[Any]]:
        near, far = Datagrams(v6=False), Datagrams(v6=False)
        pair.near_network.datagrams(near, Address(ANY, 5))
        pair.far_network.datagrams(far, Address(ANY, 6))
        got: list[Any] = []
        far.route(Kind.TRACKER, lambda data, source: got.append((pair.clock.now, data, source)))
        return near, far, got

    def test_one_arrives_after_the_latency(self) -> None:
        pair = Pair(Link(latency=0.1), Link(latency=0.05))
        near, _, got = self.sockets(pair)
        near.send(b"\0hello", Address(pair.far.address, 6))
        pair.run(1)
        assert got == [(pytest.approx(0.15), b"\0hello", Address(pair.near.address, 5))]

    def test_some_are_lost(self) -> None:
        pair = Pair(Link(loss=0.2), Link())
        near, _, got = self.sockets(pair)
        for _ in range(1000):
            near.send(b"\0", Address(pair.far.address, 6))
            pair.run(0.01)
        pair.run(1)
        assert len(got) == pytest.approx(800, abs=60)
        assert pair.internet.datagrams_lost == 1000 - len(got)

    def test_a_full_link_drops(self) -> None:
        pair = Pair(Link(up=1000, queue=5000), Link())
        near, _, got = self.sockets(pair)
        for _ in range(100):
            near.send(bytes(1000), Address(pair.far.address, 6))
        pair.run(100)
        assert 5 <= len(got) <= 8

    def test_nobody_is_no_error(self) -> None:
        pair = Pair(Link(), Link())
        near, _, got = self.sockets(pair)
        near.send(b"\0", Address("11.9.9.9", 6))
        near.send(b"\0", Address(pair.far.address, 7))
        pair.run(1)
        assert (got, near.send_errors) == ([], 0)

    def test_a_port_is_taken_once(self) -> None:
        pair = Pair(Link(), Link())
        self.sockets(pair)
        with pytest.raises(CannotListenError):
            pair.near_network.datagrams(Datagrams(v6=False), Address(ANY, 5))


def test_names() -> None:
    pair = Pair(Link(), Link())
    pair.internet.names["far.example"] = [pair.far.address]
    names = pair.near_network.resolver()
    found: list[Any] = []
    names.resolve("far.example").addCallback(found.append)
    names.resolve("11.0.0.9").addCallback(found.append)
    names.resolve("nowhere.example").addErrback(lambda failure: found.append(failure.type))
    pair.run(1)
    assert found == [["11.0.0.9"], [pair.far.address], OSError]
