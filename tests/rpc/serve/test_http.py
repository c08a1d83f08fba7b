from __future__ import annotations

import json

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from tests.rpc.asking import request
from tests.rpc.fake_control import ONE
from tests.rpc.serve.http_client import CALL, HEADERS, TOKEN, Server, head
from torrentd.rpc.serve import http
from torrentd.session.telling.rows import WaitRow

WAIT = json.dumps(request("torrent.wait", ids=[ONE])).encode()


def test_a_call() -> None:
    client = Server().connect()
    answer = client.post()
    assert answer.status == 200
    assert answer.json == {"jsonrpc": "2.0", "result": answer.json["result"], "id": 1}
    assert answer.json["result"]["up"] == 5000
    assert answer.headers["content-type"] == "application/json"
    assert not client.closing


def test_errors_are_200_too() -> None:
    client = Server().connect()
    assert [client.post(b"{").status, client.post(b"").code] == [200, -32700]


def test_a_notification_is_204_and_empty() -> None:
    answer = Server().connect().post(b'{"jsonrpc": "2.0", "method": "daemon.status"}')
    assert (answer.status, answer.body) == (204, b"")
    assert "content-type" not in answer.headers


def test_no_header_invites_browsers() -> None:
    answer = Server().connect().post()
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cache-control"] == "no-store"


def test_many_calls_on_one_connection() -> None:
    client = Server().connect()
    assert [client.post().status for _ in range(5)] == [200] * 5


def test_byte_by_byte() -> None:
    client = Server().connect()
    for byte in head("POST", "/rpc", len(CALL), {}) + CALL:
        client.send(bytes([byte]))
    assert client.answer().status == 200


def test_chunked() -> None:
    client = Server().connect()
    client.send(head("POST", "/rpc", None, {"Transfer-Encoding": "chunked"}))
    for part in (CALL[:7], CALL[7:]):
        client.send(b"%x\r\n%b\r\n" % (len(part), part))
    client.send(b"0\r\n\r\n")
    assert client.answer().status == 200


def test_pipelined_calls_are_answered_in_order() -> None:
    server = Server()
    client = server.connect()
    client.send((head("POST", "/rpc", len(WAIT), {}) + WAIT) + (head("POST", "/rpc", len(CALL), {}) + CALL))
    assert client.silent
    server.control.waiting[0].callback(WaitRow([ONE], [], []))
    assert client.answer().json["result"]["done"] == [ONE]
    assert client.answer().json["result"]["up"] == 5000


def test_a_client_that_does_not_read_is_not_served_on() -> None:
    client = Server().connect()
    client.channel.pauseProducing()
    client.send(head("POST", "/rpc", len(CALL), {}) + CALL)
    assert client.silent
    assert client.transport.producerState == "paused"
    client.channel.resumeProducing()
    assert client.answer().status == 200


def test_a_client_that_stops_reading_amid_pipelined_calls() -> None:
    client = Server().connect()
    write = client.transport.write

    def filling(data: bytes) -> None:
        write(data)
        client.channel.pauseProducing()

    client.transport.write = filling  # type: ignore[method-assign]
    client.send((head("POST", "/rpc", len(CALL), {}) + CALL) * 10)
    assert client.transport.value().count(b"HTTP/1.1 200") == 1


def test_when_the_client_goes_the_long_poll_is_given_up() -> None:
    server = Server()
    client = server.connect()
    client.send(head("POST", "/rpc", len(WAIT), {}) + WAIT)
    client.leave()
    assert server.control.waiting[0].called
    assert server.bodies.held == 0
    assert len(server.connections) == 0


def test_when_the_client_goes_other_work_goes_on() -> None:
    server = Server()
    work: Deferred[None] = Deferred()
    server.control.pause = lambda id: work  # type: ignore[method-assign]
    client = server.connect()
    client.send(head("POST", "/rpc", 81, {}) + json.dumps(request("torrent.pause", ids=["1" * 40])).encode().ljust(81))
    client.leave()
    assert not work.called
    work.callback(None)


def test_what_is_in_flight_is_counted_until_the_answer() -> None:
    server = Server()
    client = server.connect()
    client.send(head("POST", "/rpc", len(WAIT), {}) + WAIT)
    assert server.bodies.held == len(WAIT)
    server.control.waiting[0].callback(WaitRow([], [], []))
    assert server.bodies.held == 0


def test_refused_before_the_body_arrives() -> None:
    server = Server()
    client = server.connect()
    client.send(head("POST", "/rpc", 1000, {"Authorization": None}))
    assert client.answer().status == 401
    assert not client.closing
    client.send(b"x" * 999)
    assert server.bodies.held == 0
    client.send(b"x")
    assert client.closing


def test_a_refusal_in_the_log_has_no_python_and_no_query_in_it() -> None:
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)
    try:
        Server().connect().send(head("GET", f"/rpc?token={TOKEN}", 0, {}))
    finally:
        globalLogPublisher.removeObserver(events.append)
    lines = [formatEvent(event) for event in events if event["log_namespace"] == http.__name__]
    assert lines == ["GET /rpc 404 from 127.0.0.1:5000"]


def test_a_refused_client_that_goes_on_sending_is_cut_off() -> None:
    server = Server()
    client = server.connect()
    client.send(head("POST", "/rpc", 1000, {"Authorization": None}))
    server.clock.advance(5.1)
    assert client.closing


def test_a_refused_client_is_not_asked_to_go_on() -> None:
    client = Server().connect()
    client.send(head("POST", "/rpc", 1000, {"Authorization": None, "Expect": "100-continue"}))
    assert b"100 Continue" not in client.transport.value()


def test_a_welcome_client_is_asked_to_go_on() -> None:
    client = Server().connect()
    client.send(head("POST", "/rpc", len(CALL), {"Expect": "100-continue"}))
    assert client.transport.value() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.transport.clear()
    client.send(CALL)
    assert client.answer().status == 200


def test_a_declared_body_that_is_too_large() -> None:
    client = Server().connect()
    client.send(head("POST", "/rpc", 48 * 1024 * 1024 + 1, {}))
    answer = client.answer()
    assert (answer.status, answer.code, answer.json["error"]["data"]["name"]) == (413, -32002, "too_large")


def test_a_token_is_needed_even_to_be_too_large() -> None:
    client = Server().connect()
    client.send(head("POST", "/rpc", 10**15, {"Authorization": None}))
    assert client.answer().status == 401


@pytest.fixture
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BODY", 1000)


@pytest.mark.usefixtures("small_bodies")
def test_a_chunked_body_that_grows_too_large() -> None:
    server = Server()
    client = server.connect()
    client.send(head("POST", "/rpc", None, {"Transfer-Encoding": "chunked"}))
    client.send(b"3e8\r\n" + b" " * 1000 + b"\r\n")
    assert client.silent
    client.send(b"1\r\n \r\n")
    assert (client.answer().code, server.bodies.held) == (-32002, 0)
    client.send(b"3e8\r\n" + b" " * 1000 + b"\r\n0\r\n\r\n")
    assert client.closing


@pytest.mark.usefixtures("small_bodies")
def test_the_largest_body_is_taken() -> None:
    assert Server().connect().post(CALL.ljust(1000)).status == 200


def test_all_bodies_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torrentd.rpc.serve.capacity.MAX_BODIES", 1500)
    server = Server()
    first, second = server.connect(), server.connect()
    for client in (first, second):
        client.send(head("POST", "/rpc", 1000, {}) + b" " * 900)
    assert first.silent
    assert (second.answer().status, server.bodies.held) == (413, 900)
    first.send(CALL.ljust(100))
    assert first.answer().status == 200
    assert server.bodies.held == 0


def test_bytes_that_are_no_http() -> None:
    client = Server().connect()
    client.send(b"\x13BitTorrent protocol" + bytes(48) + b"\r\n\r\n")
    assert client.closing


def test_the_token_does_not_stay_with_the_connection() -> None:
    client = Server().connect()
    assert client.post().status == 200
    assert client.post(Authorization=None).status == 401


def test_a_bug_in_the_core_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    broken: Deferred[bytes | None] = Deferred()
    monkeypatch.setattr(server.api, "handle", lambda body, context: broken)
    client = server.connect()
    client.send(head("POST", "/rpc", 1, {}) + b"x")
    broken.errback(ValueError("a bug"))
    assert client.closing


def test_the_unix_door_needs_no_token_and_ignores_browsers() -> None:
    client = Server(unix=True).connect()
    answer = client.post(Authorization=None, Host="evil.example", Origin="http://evil.example")
    assert answer.status == 200
    assert client.post(json.dumps(request("limits.set", down=1)).encode(), Authorization=None).status == 200
    client.leave()


@pytest.mark.parametrize(
    ("method", "path", "changed", "status"),
    [("GET", "/rpc", {}, 405), ("POST", "/", {}, 404), ("POST", "/rpc", {"Content-Type": "text/plain"}, 415)],
)
def test_the_unix_door_still_wants_json_posted(method: str, path: str, changed: dict[str, str], status: int) -> None:
    client = Server(unix=True).connect()
    client.send(head(method, path, 0, changed))
    assert client.answer().status == status
    client.leave()


def test_no_timer_is_left_behind() -> None:
    server = Server()
    client = server.connect()
    client.post()
    client.leave()
    assert server.clock.getDelayedCalls() == []


def test_secrets_do_not_come_back() -> None:
    client = Server().connect()
    client.send(head("POST", "/rpc", 0, {"Content-Type": "x"}))
    assert TOKEN.encode() not in client.transport.value()
    assert TOKEN in HEADERS["Authorization"]


def test_only_http_1_is_offered_by_tls() -> None:
    assert Server().site.acceptableProtocols() == [b"http/1.1"]
