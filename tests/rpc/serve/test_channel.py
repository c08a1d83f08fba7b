"""Deadlines: slow senders, silent ones, and those who may take their time."""

from __future__ import annotations

import json

from tests.rpc.asking import request
from tests.rpc.fake_control import ONE
from tests.rpc.serve.http_client import CALL, Server, head
from torrentd.rpc.serve.capacity import MAX_STRANGERS
from torrentd.session.telling.rows import WaitRow

WAIT = json.dumps(request("torrent.wait", ids=[ONE], timeout=300)).encode()
REQUEST = head("POST", "/rpc", len(CALL), {}) + CALL


def test_a_silent_connection_is_closed_after_10_seconds() -> None:
    server = Server()
    client = server.connect()
    server.clock.advance(9.9)
    assert not client.closing
    server.clock.advance(0.1)
    assert client.closing


def test_a_byte_does_not_buy_time_for_the_headers() -> None:
    server = Server()
    client = server.connect()
    for byte in head("POST", "/rpc", 0, {})[:10]:
        assert not client.closing
        client.send(bytes([byte]))
        server.clock.advance(1)
    assert client.closing


def test_a_byte_does_not_buy_time_for_the_body() -> None:
    server = Server()
    client = server.connect()
    server.clock.advance(9)
    client.send(head("POST", "/rpc", 1000, {}))
    for _ in range(30):
        assert not client.closing
        client.send(b" ")
        server.clock.advance(1)
    assert client.closing


def test_a_long_poll_may_be_silent() -> None:
    server = Server()
    client = server.connect()
    client.send(head("POST", "/rpc", len(WAIT), {}) + WAIT)
    server.clock.pump([1] * 1000)
    assert not client.closing
    server.control.waiting[0].callback(WaitRow([ONE], [], []))
    assert client.answer().status == 200


def test_a_connection_at_rest_is_kept_and_then_closed() -> None:
    server = Server()
    client = server.connect()
    client.post()
    server.clock.pump([1] * 299)
    assert client.post().status == 200
    server.clock.pump([1] * 299)
    assert not client.closing
    server.clock.pump([1] * 2)
    assert client.closing


def test_the_next_request_has_10_seconds_for_its_headers() -> None:
    server = Server()
    client = server.connect()
    client.post()
    server.clock.advance(100)
    client.send(REQUEST[:20])
    server.clock.advance(9.9)
    assert not client.closing
    client.send(REQUEST[20:])
    assert client.answer().status == 200
    client.send(REQUEST[:20])
    server.clock.advance(10.1)
    assert client.closing


def test_the_newest_stranger_is_let_in_and_the_oldest_goes() -> None:
    server = Server()
    strangers = [server.connect(port=port) for port in range(MAX_STRANGERS)]
    friend = server.connect()
    assert strangers[0].closing and not strangers[1].closing
    assert friend.post().status == 200
    for port in range(MAX_STRANGERS):
        server.connect(port=port)
    assert not friend.closing


def test_a_closed_connection_that_is_not_read_is_aborted() -> None:
    server = Server()
    client = server.connect()
    client.send(head("POST", "/rpc", len(CALL), {"Connection": "close"}) + CALL)
    assert client.transport.disconnecting and not client.transport.disconnected
    server.clock.advance(5)
    assert client.transport.disconnected


def test_draining_waits_for_the_answer() -> None:
    server = Server()
    busy, idle = server.connect(), server.connect()
    busy.send(head("POST", "/rpc", len(WAIT), {}) + WAIT)
    idle.post()
    busy.channel.drain()
    idle.channel.drain()
    assert idle.closing and not busy.closing
    server.control.waiting[0].callback(WaitRow([ONE], [], []))
    assert busy.answer().status == 200
    assert busy.closing
