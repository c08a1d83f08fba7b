"""Heads that a connection has sent before are not taken apart again, and mean the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from twisted.web.http_headers import Headers

from tests.rpc.asking import request
from tests.rpc.fake_control import ONE
from tests.rpc.serve.http_client import CALL, Client, Server, Silence, head
from tests.rpc.serve.test_tokens import made, revoke
from torrentd.rpc.serve.heads import MAX_HEAD, MAX_KEPT, Head, Heads
from torrentd.session.telling.rows import WaitRow

WAIT = json.dumps(request("torrent.wait", ids=[ONE])).encode()


def whole(body: bytes, **headers: str | None) -> bytes:
    return head("POST", "/rpc", len(body), headers) + body


def told(length: int) -> Head:
    return Head(b"POST", b"/rpc", b"HTTP/1.1", Headers(), length)


class Lines:
    """Counts the lines that a connection takes apart."""

    def __init__(self, client: Client) -> None:
        self.count = 0
        self._received: Callable[[bytes], Any] = client.channel.lineReceived
        client.channel.lineReceived = self._look

    def _look(self, line: bytes) -> Any:
        self.count += 1
        return self._received(line)


@pytest.fixture
def client() -> Client:
    return Server().connect()


def test_the_same_head_is_taken_apart_once(client: Client) -> None:
    lines = Lines(client)
    answers = [client.post() for _ in range(3)]
    assert [answer.body for answer in answers] == [answers[0].body] * 3
    assert lines.count == whole(b"").count(b"\r\n")


def test_another_body_of_the_same_length(client: Client) -> None:
    assert client.post(CALL).json["id"] == 1
    assert client.post(CALL.replace(b'"id": 1', b'"id": 2')).json["id"] == 2


def test_a_connection_may_fall_asleep_afterwards() -> None:
    """The deadlines are those of any request."""
    server = Server()
    client = server.connect()
    client.post()
    server.clock.advance(299)
    client.post()
    server.clock.advance(299)
    assert not client.closing
    server.clock.advance(2)
    assert client.closing


@pytest.mark.parametrize("cut", [1, 30, -1, -len(CALL), -len(CALL) + 1])
def test_in_two_parts(client: Client, cut: int) -> None:
    client.post()
    data = whole(CALL)
    client.send(data[:cut])
    assert client.silent
    client.send(data[cut:])
    assert client.answer().status == 200
    assert client.post().status == 200


def test_several_at_once(client: Client) -> None:
    client.post()
    client.send(whole(CALL) * 3)
    assert [client.answer().status for _ in range(3)] == [200] * 3
    with pytest.raises(Silence):
        client.answer()


def test_what_comes_while_another_is_answered_waits() -> None:
    server = Server()
    client = server.connect()
    client.post()
    client.send(whole(WAIT))
    client.send(whole(CALL))
    assert client.silent
    server.control.waiting[0].callback(WaitRow([ONE], [], []))
    assert client.answer().json["result"]["done"] == [ONE]
    assert client.answer().json["result"]["up"] == 5000


def test_who_does_not_read_is_not_served_on(client: Client) -> None:
    client.post()
    client.channel.pauseProducing()
    client.send(whole(CALL))
    assert client.silent
    client.channel.resumeProducing()
    assert client.answer().status == 200


def test_the_token_is_looked_at_each_time() -> None:
    server = Server()
    client, token = server.connect(), made(server, "read")
    listing = json.dumps(request("torrent.list")).encode()
    assert [client.post(listing, Authorization=token).status for _ in range(2)] == [200, 200]
    server.tokens.ended = lambda grant: None  # as if this connection had been overlooked
    revoke(server)
    assert client.post(listing, Authorization=token).status == 401
    assert client.closing


def test_leave_to_send_is_asked_for_each_time(client: Client) -> None:
    for _ in range(2):
        client.send(whole(CALL, Expect="100-continue"))
        assert client.answer().status == 100
        assert client.answer().status == 200


def test_the_last_request_stays_the_last(client: Client) -> None:
    client.post(Connection="close")
    assert client.closing
    client.send(whole(CALL, Connection="close"))
    assert client.silent


def test_bodies_are_counted() -> None:
    server = Server()
    client = server.connect()
    for _ in range(2):
        client.send(whole(WAIT))
        assert server.bodies.held == len(WAIT)
        server.control.waiting.pop().callback(WaitRow([ONE], [], []))
        assert client.answer().status == 200
        assert server.bodies.held == 0


def test_a_chunked_one_is_not_kept(client: Client) -> None:
    lines = Lines(client)
    chunked = head("POST", "/rpc", None, {"Transfer-Encoding": "chunked"}) + b"%x\r\n%b\r\n0\r\n\r\n" % (
        len(CALL),
        CALL,
    )
    for _ in range(2):
        client.send(chunked)
        assert client.answer().status == 200
    assert lines.count == 2 * (chunked[: chunked.index(b"\r\n\r\n")].count(b"\r\n") + 2)


def test_only_so_many_are_kept() -> None:
    heads = Heads()
    for number in range(MAX_KEPT + 1):
        heads.keep(b"GET /%d\r\n\r\n" % number, told(0))
    kept = [number for number in range(MAX_KEPT + 1) if heads.find(b"GET /%d\r\n\r\n" % number)]
    assert kept == [MAX_KEPT]


def test_long_ones_are_not_kept() -> None:
    heads = Heads()
    for filling, is_kept in ((MAX_HEAD - 4, True), (MAX_HEAD - 3, False)):
        data = b"x" * filling + b"\r\n\r\nbody"
        heads.keep(data, told(4))
        assert (heads.find(data) is not None) == is_kept


def test_only_what_is_whole_is_found() -> None:
    heads, kept = Heads(), told(4)
    heads.keep(b"HEAD\r\n\r\nbody", kept)
    assert heads.find(b"HEAD\r\n\r\nbird") == (kept, b"bird")
    for data in (b"", b"HEAD\r\n\r\n", b"HEAD\r\n\r\nbir", b"HEAD\r\n\r\nbirds", b"HEAL\r\n\r\nbird", b"\r\n\r\nHEAD"):
        assert heads.find(data) is None
