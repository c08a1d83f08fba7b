"""`GET /ws`, over the whole HTTP layer in memory, with wsproto as the client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, Pong, TextMessage

from tests.rpc.asking import request
from tests.rpc.fake_control import ONE, TWO
from tests.rpc.serve.http_client import Server, head
from torrentd.rpc.serve.frames import MAX_MESSAGE
from torrentd.rpc.serve.websocket import MAX_CALLS, MAX_SUBSCRIPTIONS
from torrentd.rpc.streams.streams import KEEP_ALIVE
from torrentd.session.telling.rows import WaitRow

UPGRADE: dict[str, str | None] = {
    "Content-Type": None,
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Socket:
    """A client's end."""

    def __init__(self, server: Server, **headers: str) -> None:
        self.server = server
        self.http = server.connect()
        self.http.send(head("GET", "/ws", None, UPGRADE | headers))
        answer = self.http.transport.value()
        self.http.transport.clear()
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer
        self.frames = Connection(ConnectionType.CLIENT)

    def send(self, event: Message | Ping | CloseConnection) -> None:
        self.http.send(self.frames.send(event))

    def call(self, method: str, **params: Any) -> Any:
        self.send(TextMessage(json.dumps(request(method, **params))))
        (answer,) = self.texts()
        return answer

    def events(self) -> list[Any]:
        self.server.clock.advance(0)
        self.frames.receive_data(self.http.transport.value())
        self.http.transport.clear()
        return list(self.frames.events())

    def texts(self) -> list[Any]:
        return [json.loads(event.data) for event in self.events() if isinstance(event, TextMessage)]

    def close_code(self) -> int:
        codes = [int(event.code) for event in self.events() if isinstance(event, CloseConnection)]
        assert self.http.closing
        return codes[0]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def socket(server: Server) -> Socket:
    return Socket(server)


def test_calls_batches_and_notifications(socket: Socket) -> None:
    assert socket.call("limits.get")["result"]["up"] == 5000
    socket.send(TextMessage(json.dumps([request("limits.get"), request("nothing.here")])))
    ((good, bad),) = socket.texts()
    assert (good["id"], bad["error"]["code"]) == (1, -32601)
    socket.send(TextMessage('{"jsonrpc": "2.0", "method": "limits.get"}'))
    assert socket.texts() == []
    socket.send(TextMessage("{"))
    assert socket.texts()[0]["error"]["code"] == -32700


def test_events_come_as_notifications(server: Server, socket: Socket) -> None:
    assert socket.call("events.subscribe", topics=["torrent.state"], ids=[TWO.upper()])["result"]["subscription"] == "1"
    for id in (ONE, TWO):
        server.control.log.emit("torrent.state", {"id": id}, 5.0)
    params = {"cursor": "e-2", "time": 5.0, "topic": "torrent.state", "data": {"id": TWO}}
    assert socket.texts() == [{"jsonrpc": "2.0", "method": "event", "params": params}]
    assert socket.call("events.unsubscribe", subscription="1")["result"] == {}
    server.control.log.emit("torrent.state", {"id": TWO}, 5.0)
    assert socket.texts() == []
    error = socket.call("events.unsubscribe", subscription="1")["error"]
    assert (error["code"], error["data"]["path"]) == (-32602, "subscription")


def test_only_so_many_subscriptions(server: Server, socket: Socket) -> None:
    answers = [socket.call("events.subscribe", topics=["stats"]) for _ in range(MAX_SUBSCRIPTIONS + 1)]
    assert answers[-1]["error"]["code"] == -32003
    socket.http.leave()
    assert not len(server.streams)
    assert not len(server.connections)


@pytest.mark.parametrize(
    "params", [{}, {"topics": []}, {"topics": ["x"]}, {"topics": ["stats"], "interval": 0}, {"topics": "stats"}]
)
def test_nonsense_in_a_subscription(socket: Socket, params: dict[str, Any]) -> None:
    assert socket.call("events.subscribe", **params)["error"]["code"] == -32602


def test_over_http_there_is_nobody_to_tell(server: Server) -> None:
    client = server.connect()
    answer = client.post(json.dumps(request("events.subscribe", topics=["stats"])).encode())
    assert answer.code == 8
    assert client.post(json.dumps(request("events.unsubscribe", subscription="1")).encode()).code == 8


def test_a_message_over_one_mebibyte_is_refused_before_it_is_here(socket: Socket) -> None:
    socket.send(TextMessage("x" * MAX_MESSAGE))
    assert socket.texts()[0]["error"]["code"] == -32700
    socket.http.send(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"mask")
    assert socket.close_code() == 1009


def test_a_message_in_many_frames_is_refused_as_well(socket: Socket) -> None:
    for _ in range(5):
        socket.send(TextMessage("x" * (MAX_MESSAGE // 4), message_finished=False))
    assert socket.close_code() == 1009


def test_bytes_are_no_calls(socket: Socket) -> None:
    socket.send(BytesMessage(json.dumps(request("limits.get")).encode()))
    assert socket.close_code() == 1003


@pytest.mark.parametrize("frame", [b"\x81\x02{}", b"\xf1\x80mask", b"\x83\x80mask", b"\x81\x81\0\0\0\0\xff"])
def test_broken_frames_close_it_with_a_code(socket: Socket, frame: bytes) -> None:
    socket.http.send(frame)
    assert socket.close_code() in (1002, 1007)


@given(st.binary(max_size=60))
@settings(max_examples=150)
def test_any_bytes_are_answered_or_close_it(data: bytes) -> None:
    socket = Socket(Server())
    socket.http.send(data)
    socket.http.send(b"\x89\x80mask")
    socket.http.leave()


def test_a_ping_is_answered_and_sent(server: Server, socket: Socket) -> None:
    socket.send(Ping(b"x"))
    assert [event.payload for event in socket.events() if isinstance(event, Pong)] == [b"x"]
    socket.call("events.subscribe", topics=["config"])
    server.clock.advance(KEEP_ALIVE)
    assert [event for event in socket.events() if isinstance(event, Ping)]


def test_a_goodbye_is_returned(server: Server, socket: Socket) -> None:
    socket.call("events.subscribe", topics=["config"])
    socket.send(CloseConnection(1000))
    assert socket.close_code() == 1000
    server.control.log.emit("config", {}, 0.0)
    server.clock.advance(KEEP_ALIVE)
    assert socket.http.silent


def test_who_has_many_calls_under_way_is_read_later(server: Server, socket: Socket) -> None:
    for _ in range(MAX_CALLS):
        socket.send(TextMessage(json.dumps(request("torrent.wait", ids=[ONE]))))
    assert socket.http.transport.producerState == "paused"
    server.control.waiting[0].callback(WaitRow([ONE], [], []))
    assert socket.http.transport.producerState == "producing"
    assert len(socket.texts()) == 1


def test_who_leaves_gives_up_what_it_waits_for(server: Server, socket: Socket) -> None:
    socket.send(TextMessage(json.dumps(request("torrent.wait", ids=[ONE]))))
    socket.http.leave()
    assert server.control.waiting[0].called


def test_who_does_not_read_is_not_served_on(server: Server, socket: Socket) -> None:
    socket.call("events.subscribe", topics=["config"])
    socket.http.channel.pauseProducing()
    server.control.log.emit("config", {}, 0.0)
    assert socket.texts() == []
    assert socket.http.transport.producerState == "paused"
    socket.http.channel.resumeProducing()
    assert len(socket.texts()) == 1
    assert socket.http.transport.producerState == "producing"
    socket.http.channel.pauseProducing()
    server.clock.pump([KEEP_ALIVE] * 3)
    assert socket.http.closing


def test_a_stop_says_goodbye(server: Server, socket: Socket) -> None:
    socket.call("events.subscribe", topics=["config"])
    server.streams.stop()
    assert socket.close_code() == 1001


@pytest.mark.parametrize(
    "changed",
    [
        {"Upgrade": None},
        {"Sec-WebSocket-Key": None},
        {"Sec-WebSocket-Version": "8"},
        {"Connection": "close"},
        {"Sec-WebSocket-Key": "x"},
    ],
)
def test_no_handshake(server: Server, changed: dict[str, str | None]) -> None:
    client = server.connect()
    client.send(head("GET", "/ws", None, UPGRADE | changed))
    data = client.transport.value()
    assert data.startswith(b"HTTP/1.1 400 ") or "Sec-WebSocket-Key" in changed


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer no"}, 401),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example"}, 421),
    ],
)
def test_the_door_is_the_same_as_for_calls(server: Server, changed: dict[str, str | None], status: int) -> None:
    client = server.connect()
    client.send(head("GET", "/ws", None, UPGRADE | changed))
    assert client.answer().status == status
