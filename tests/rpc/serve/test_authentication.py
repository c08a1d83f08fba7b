from __future__ import annotations

import os
import socket
from base64 import b64encode

import pytest

from tests.rpc.serve.http_client import Server, Silence
from torrentd.rpc.core.context import GUEST, OWNER, Context
from torrentd.rpc.serve.authentication import MAX_DELAY, MAX_SOURCES, Failures, peer_context, peer_credentials, shown

SECRET = b"ab" * 32


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_five_failures_are_free_and_then_each_waits_longer() -> None:
    failures = Failures(Time())
    assert [failures.delay("192.0.2.1") for _ in range(12)] == [0, 0, 0, 0, 0, 0.5, 1, 2, 4, 8, 8, 8]
    assert failures.delay("192.0.2.2") == 0


def test_no_number_of_failures_overflows() -> None:
    failures = Failures(Time())
    assert [failures.delay("192.0.2.1") for _ in range(5000)][-1] == MAX_DELAY


def test_an_ipv6_network_is_one_source() -> None:
    failures = Failures(Time())
    delays = [failures.delay(f"2001:db8::{host:x}") for host in range(6)]
    assert delays[-1] > 0
    assert failures.delay("2001:db8:0:1::1") == 0


def test_failures_are_forgotten() -> None:
    time = Time()
    failures = Failures(time)
    for _ in range(8):
        failures.delay("192.0.2.1")
    time.now = 901
    assert failures.delay("192.0.2.1") == 0


def test_the_table_is_bounded() -> None:
    failures = Failures(Time())
    for number in range(MAX_SOURCES * 2):
        failures.delay(f"10.0.{number >> 8}.{number & 255}")
    assert len(failures._sources) == MAX_SOURCES


@pytest.mark.parametrize("given", [[], [b""], [b"Digest x"], [b"Bearer " + SECRET] * 2, [b"Basic eA=="], [b"Basic !"]])
def test_where_no_token_is_shown(given: list[bytes]) -> None:
    assert shown(given) is None


@pytest.mark.parametrize(
    "given", [b"Bearer " + SECRET, b"bearer  " + SECRET + b" ", b"basic " + b64encode(b"u:" + SECRET)]
)
def test_where_a_token_is_shown(given: bytes) -> None:
    assert shown([given]) == SECRET


def test_wrong_tokens_wait_but_the_right_one_is_served() -> None:
    server = Server()
    for _ in range(5):
        assert server.connect().post(Authorization="Bearer guess").status == 401
    late = server.connect()
    with pytest.raises(Silence):
        late.post(Authorization="Bearer guess")
    assert server.connect().post().status == 200
    assert server.connect(host="127.0.0.2").post(Authorization="Bearer guess").status == 401
    server.clock.advance(0.5)
    assert late.answer().status == 401


def test_no_credential_is_no_failure() -> None:
    server = Server()
    assert [server.connect().post(Authorization=None).status for _ in range(20)] == [401] * 20


def test_who_leaves_while_waiting_leaves_nothing_behind() -> None:
    server = Server()
    for _ in range(5):
        client = server.connect()
        client.post(Authorization="Bearer guess")
        client.leave()
    late = server.connect()
    with pytest.raises(Silence):
        late.post(Authorization="Bearer guess")
    late.leave()
    assert server.clock.getDelayedCalls() == []


def test_the_kernel_knows_who_calls() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert peer_credentials(here) == (os.getpid(), os.getuid(), os.getgid())
        assert peer_context(here, os.getuid()) == Context(f"uid {os.getuid()}", OWNER)


def test_another_user_may_not_change_settings() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert peer_context(here, os.getuid() + 1).grant is (OWNER if os.getuid() == 0 else GUEST)
