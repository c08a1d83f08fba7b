"""The simulated trackers, asked by the daemon's own client code."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from torrentd.model.address import Address
from torrentd.net.datagram import Datagrams
from torrentd.net.trackers.trackers import Trackers
from torrentd.simulate.clock import Clock
from torrentd.simulate.internet.internet import Internet
from torrentd.simulate.internet.links import Link
from torrentd.simulate.internet.network import ANY, SimulatedNetwork
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.trace import Trace
from torrentd.simulate.trackers.tracker import Tracker
from torrentd.swarm.commands import Announce

HASH = b"\xff\x00h%&=+ " + b"h" * 12


class Client:
    """A host that asks a tracker."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.internet = Internet(self.clock, Random(1), Trace(self.clock))
        self.tracker = Tracker(self.clock, self.internet, "tracker.example", Random(2), Link())
        reactor: Any = Reactor(self.clock)
        self.reactor = reactor
        self.site = self.internet.site("client", Link(), reactor)
        network: Any = SimulatedNetwork(self.internet, self.site)
        socket = Datagrams(v6=False)
        network.datagrams(socket, Address(ANY, 9))
        self.trackers = Trackers(reactor, network, [socket], Random(3))

    def announce(self, url: str, event: str = "started", left: int = 10, port: int = 9) -> Any:
        command = Announce(url, event, 1, 2, left, 50, 7, b"")
        return self.result(self.trackers.announce(command, info_hash=HASH, peer_id=b"p" * 20, port=port))

    def result(self, deferred: Deferred[Any]) -> Any:
        results: list[Any] = []
        deferred.addBoth(results.append)
        self.clock.run_until(self.clock.now + 40)
        return getattr(results[0], "value", results[0])


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.mark.parametrize("kind", ["http", "udp"])
def test_what_is_told_is_known_and_others_are_named(client: Client, kind: str) -> None:
    url = getattr(client.tracker, kind)
    others = [Address("11.5.5.5", number) for number in range(1, 4)]
    for number, other in enumerate(others):
        client.tracker.registry.enter(HASH, other, left=number)
    answer = client.announce(url)
    assert sorted(answer.peers) == others
    assert (answer.seeders, answer.leechers, answer.interval) == (1, 3, 1800)
    (told,) = client.tracker.registry.log
    assert (told.address, told.info_hash, told.event) == (Address(client.site.address, 9), HASH, "started")
    assert (told.uploaded, told.downloaded, told.left, told.numwant) == (1, 2, 10, 50)


@pytest.mark.parametrize("kind", ["http", "udp"])
def test_who_stopped_is_forgotten(client: Client, kind: str) -> None:
    url = getattr(client.tracker, kind)
    client.announce(url)
    client.announce(url, event="stopped")
    assert client.tracker.registry.numbers(HASH) == (0, 0)


@pytest.mark.parametrize("kind", ["http", "udp"])
def test_scrapes(client: Client, kind: str) -> None:
    client.announce(getattr(client.tracker, kind), left=0)
    numbers = client.result(client.trackers.scrape(getattr(client.tracker, kind), HASH))
    assert (numbers.seeders, numbers.leechers) == (1, 0)


@pytest.mark.parametrize("kind", ["http", "udp"])
def test_a_failure_reason_is_passed_on(client: Client, kind: str) -> None:
    client.tracker.registry.failure = "go away"
    assert "go away" in str(client.announce(getattr(client.tracker, kind)))


def test_a_seed_is_not_told_of_seeds(client: Client) -> None:
    client.tracker.registry.enter(HASH, Address("11.5.5.5", 1), left=0)
    client.tracker.registry.enter(HASH, Address("11.5.5.5", 2), left=1)
    assert client.announce(client.tracker.http, left=0).peers == [Address("11.5.5.5", 2)]


def test_a_dead_tracker_refuses_over_tcp_and_is_silent_over_udp(client: Client) -> None:
    client.tracker.die()
    assert "refused" in str(client.announce(client.tracker.http))
    assert "no answer within 30 s" in str(client.announce(client.tracker.udp))
    client.tracker.revive()
    assert client.announce(client.tracker.http).interval == 1800


def test_garbage_is_an_error(client: Client) -> None:
    client.tracker.over_http.body = b"<html>it works</html>"
    assert isinstance(client.announce(client.tracker.http), Exception)


def test_a_borrowed_connection_id_is_refused(client: Client) -> None:
    client.announce(client.tracker.udp)
    client.tracker.over_udp._connections.clear()
    assert client.announce(client.tracker.udp).interval == 1800  # it asks for another one


def test_nothing_is_left(client: Client) -> None:
    client.announce(client.tracker.http)
    client.announce(client.tracker.udp)
    client.trackers.stop()
    assert client.reactor.getDelayedCalls() == []
    assert client.site.transports == client.tracker.site.transports == {}
