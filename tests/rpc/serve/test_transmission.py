"""The door of Transmission's RPC, and what goes through it."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import pytest
from twisted.web.http_headers import Headers

from tests.rpc.serve.http_client import TOKEN, Answer, Client, Server, head
from torrentd.rpc.serve.transmission import accepts_gzip
from torrentd.rpc.transmission.handshake import LIFETIME

BASIC = "Basic " + base64.b64encode(f"anybody:{TOKEN}".encode()).decode()
GET_VERSION = json.dumps({"method": "session-get", "arguments": {"fields": ["rpc-version"]}, "tag": 1}).encode()
FORM = "application/x-www-form-urlencoded"


def ask(
    client: Client,
    body: bytes = GET_VERSION,
    method: str = "POST",
    path: str = "/transmission/rpc",
    **headers: str | None,
) -> Answer:
    named: dict[str, Any] = {"Authorization": BASIC, "Content_Type": FORM, **headers}
    client.send(head(method, path, len(body), {name.replace("_", "-"): value for name, value in named.items()}) + body)
    return client.answer()


def session_id(server: Server) -> str:
    return ask(server.connect()).headers["x-transmission-session-id"]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.mark.parametrize("path", ["/transmission/rpc", "/transmission/rpc/"])
def test_the_handshake_and_a_call(server: Server, path: str) -> None:
    answer = ask(server.connect(), path=path)
    id = answer.headers["x-transmission-session-id"]
    assert answer.status == 409
    assert answer.headers["x-transmission-rpc-version"] == "6.0.1"
    assert answer.headers["content-type"].startswith("text/html")
    assert re.search(rb"X-Transmission-Session-Id:\s*(\w+)", answer.body)[1].decode() == id  # type: ignore[index]
    client = server.connect()
    for _ in range(2):
        answer = ask(client, path=path, X_Transmission_Session_Id=id)
        assert answer.status == 200
        assert answer.json == {"result": "success", "arguments": {"rpc-version": 19}, "tag": 1}
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Authorization": None, "Host": "evil.example", "method": "GET"}, 401),
        ({"Authorization": "Basic eDp5"}, 401),
        ({"Host": "evil.example", "method": "GET"}, 421),
        ({"Host": None}, 421),
        ({"X_Transmission_Session_Id": None, "method": "GET"}, 409),
        ({"X_Transmission_Session_Id": "x" * 48}, 409),
        ({"X_Transmission_Session_Id": ""}, 409),
        ({"method": "GET"}, 405),
        ({"method": "PUT"}, 405),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Origin": "https://seedbox.example", "Sec_Fetch_Site": "cross-site"}, 200),
        ({"Content_Type": None}, 200),
        ({"path": "/transmission/RPC"}, 404),
        ({"path": "/transmission/rpc?x=1"}, 404),
    ],
)
def test_who_is_let_in(server: Server, changes: dict[str, Any], status: int) -> None:
    """In this order, so that nobody without the token learns a session id. A request with both may come from any
    page, because no page of another site can make one."""
    wanted: dict[str, Any] = {"X_Transmission_Session_Id": session_id(server), **changes}
    answer = ask(server.connect(), **wanted)
    assert answer.status == status
    if status == 401:
        assert answer.challenges == ['Basic realm="Transmission"']
        assert "x-transmission-session-id" not in answer.headers


def test_a_preflight_is_not_answered_as_browsers_want(server: Server) -> None:
    answer = ask(server.connect(), method="OPTIONS", Authorization=None, Origin="http://evil.example")
    assert answer.status == 401
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_not_on_the_unix_socket() -> None:
    server = Server(unix=True)
    assert ask(server.connect()).status == 404


def test_ids_grow_old(server: Server) -> None:
    id = session_id(server)
    server.clock.advance(LIFETIME)
    assert ask(server.connect(), X_Transmission_Session_Id=id).status == 200
    assert session_id(server) != id
    server.clock.advance(LIFETIME)
    session_id(server)
    assert ask(server.connect(), X_Transmission_Session_Id=id).status == 409


def test_an_id_that_is_no_text(server: Server) -> None:
    assert ask(server.connect(), X_Transmission_Session_Id="\xff").status == 409


def test_guessing_is_slow_here_too(server: Server) -> None:
    for _ in range(5):
        assert ask(server.connect(), Authorization="Basic eDp5").status == 401
    client = server.connect()
    client.send(head("POST", "/transmission/rpc", 0, {"Authorization": "Basic eDp5"}))
    assert client.silent
    server.clock.advance(0.5)
    assert client.answer().status == 401


def test_answers_are_packed_if_they_are_large_and_it_is_asked_for(server: Server) -> None:
    id = session_id(server)
    everything = json.dumps({"method": "session-get"}).encode()
    client = server.connect()
    plain = ask(client, everything, X_Transmission_Session_Id=id)
    packed = ask(client, everything, X_Transmission_Session_Id=id, Accept_Encoding="deflate, gzip")
    small = ask(client, X_Transmission_Session_Id=id, Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body)) == plain.json
    assert "content-encoding" not in {**plain.headers, **small.headers}
    assert small.json["arguments"] == {"rpc-version": 19}


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        *((None, False), ("", False), ("x-gzip", False), ("identity", False), ("gzip;q=0", False)),
        *(("gzip; q=0.000", False), ("gzip", True), ("br, GZip ;q=0.5", True), ("\xff, gzip", True)),
    ],
)
def test_who_takes_gzip(accepted: str | None, packed: bool) -> None:
    given = [] if accepted is None else [accepted.encode("latin-1")]
    assert accepts_gzip(Headers({b"Accept-Encoding": given})) is packed


def test_a_notification(server: Server) -> None:
    answer = ask(
        server.connect(),
        b'{"jsonrpc": "2.0", "method": "torrent_stop"}',
        X_Transmission_Session_Id=session_id(server),
        Accept_Encoding="gzip",
    )
    assert (answer.status, answer.body) == (204, b"")
    assert [told[0] for told in server.control.told] == ["pause", "pause"]


def test_bodies_are_bounded(server: Server) -> None:
    id = session_id(server)
    client = server.connect()
    headers: dict[str, str | None] = {"Authorization": BASIC, "X-Transmission-Session-Id": id}
    client.send(head("POST", "/transmission/rpc", 48 * 1024 * 1024 + 1, headers))
    assert client.answer().status == 413
