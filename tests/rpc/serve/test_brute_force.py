"""Who guesses tokens is slowed, nobody else is, and it costs no memory; time is moved by the tests."""

from __future__ import annotations

import json

import pytest

from tests.rpc.asking import request
from tests.rpc.serve.http_client import Client, Server, head
from torrentd.rpc.serve.authentication import FREE_FAILURES, MAX_DELAY, MAX_SOURCES, Failures
from torrentd.rpc.serve.capacity import MAX_STRANGERS

ATTACKER = "203.0.113.66"
HOUR = 3600
CALL = json.dumps(request("daemon.version")).encode()


def guess(server: Server, host: str, number: int = 0) -> Client:
    client = server.connect(host)
    client.send(head("POST", "/rpc", len(CALL), {"Authorization": f"Bearer {number:064x}"}) + CALL)
    return client


def is_served(server: Server, host: str) -> bool:
    """At once, without the clock moving."""
    return server.connect(host).post().status == 200


@pytest.fixture
def server() -> Server:
    return Server(encrypted=True)


def attacked(server: Server, seconds: int, at_once: int) -> int:
    """Guesses that were answered, of somebody who begins new ones when some are over."""
    answered, running = 0, list[Client]()
    for _ in range(seconds):
        running += [guess(server, ATTACKER, answered) for _ in range(at_once - len(running))]
        answered += sum(client.transport.value().startswith(b"HTTP/1.1 401") for client in running)
        over = [client for client in running if client.closing]  # answered, or it made room
        for client in over:
            client.leave()
        running = [client for client in running if client not in over]
        server.clock.advance(1)
    return answered


def test_one_at_a_time_gets_a_few_hundred_guesses_an_hour(server: Server) -> None:
    assert attacked(server, HOUR, 1) <= FREE_FAILURES + HOUR / MAX_DELAY + 5


@pytest.mark.parametrize("at_once", [MAX_STRANGERS, MAX_STRANGERS + 20])
def test_many_at_once_get_what_so_many_strangers_may(server: Server, at_once: int) -> None:
    """With more than that he takes his own places away."""
    assert attacked(server, 60, at_once) <= FREE_FAILURES + 10 + MAX_STRANGERS * 60 / MAX_DELAY
    assert len(server.connections) <= MAX_STRANGERS


def test_everybody_else_is_served_at_once_meanwhile(server: Server) -> None:
    attacked(server, 60, MAX_STRANGERS)
    for host in (ATTACKER, "203.0.113.67", "2001:db8::1", "127.0.0.1"):
        assert is_served(server, host), host
    wrong = guess(server, "203.0.113.67")
    assert not wrong.silent  # another source has guesses of its own


def test_the_unix_socket_knows_no_guesses() -> None:
    server = Server(unix=True)
    for number in range(50):
        client = server.connect()
        assert client.post(CALL, Authorization=f"Bearer {number:064x}").status == 200
        client.leave()


@pytest.mark.parametrize(
    ("hosts", "slowed"),
    [
        ([f"2001:db8:0:7:{number:x}::1" for number in range(8)], True),
        ([f"2001:db8:0:{number:x}::1" for number in range(8)], False),
        (["203.0.113.66", "::ffff:203.0.113.66"] * 4, True),
        ([f"203.0.113.{number}" for number in range(8)], False),
        ([f"fe80::{number}%eth{number}" for number in range(8)], True),
    ],
    ids=["a network of IPv6", "networks of IPv6", "an address in two notations", "addresses", "link-local"],
)
def test_what_is_one_source(server: Server, hosts: list[str], slowed: bool) -> None:
    assert [guess(server, host).silent for host in hosts][-1] == slowed


def test_sources_are_forgotten_the_oldest_first(server: Server) -> None:
    failures = Failures(server.clock.seconds)
    for _ in range(FREE_FAILURES + 1):
        failures.delay(ATTACKER)
    for number in range(5_000):
        failures.delay(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1")
        if number % 500 == 0:
            assert failures.delay(ATTACKER) > 0  # who goes on is not forgotten
    assert len(failures._sources) == MAX_SOURCES
