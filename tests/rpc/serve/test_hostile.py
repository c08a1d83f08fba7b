"""Requests made to hurt, one by one: what each is told, and that nothing of it reaches the daemon."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.rpc.serve.http_client import CALL, TOKEN, Server, head

SHUTDOWN = b'{"jsonrpc": "2.0", "method": "daemon.shutdown", "id": 1}'
BASIC = base64.b64encode(f"user:{TOKEN}".encode()).decode()


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


HEADER_ATTACKS: list[tuple[str, dict[str, str | None], int]] = [
    ("DNS rebinding", {"Host": "evil.example:9091"}, 421),
    ("a name that begins like an address", {"Host": "127.0.0.1.evil.example"}, 421),
    ("a name that ends like localhost", {"Host": "evil.localhost"}, 421),
    ("a name that begins like localhost", {"Host": "localhost.evil.example"}, 421),
    ("a rooted localhost", {"Host": "localhost."}, 421),
    ("no Host", {"Host": None}, 421),
    ("an empty Host", {"Host": ""}, 421),
    ("a Host with a user", {"Host": "localhost@evil.example"}, 421),
    ("a user that looks like us", {"Host": "evil@localhost"}, 421),
    ("a Host with a path", {"Host": "localhost/evil"}, 421),
    ("a Host with a port that is none", {"Host": "localhost:http"}, 421),
    ("an octal address", {"Host": "0177.0.0.1"}, 421),
    ("an address as one number", {"Host": "2130706433"}, 421),
    ("a short address", {"Host": "127.1"}, 421),
    ("a Host of other letters", {"Host": "loc\xe4lhost"}, 421),
    ("a page of another site", {"Origin": "http://evil.example"}, 403),
    ("a page of another port", {"Origin": "http://127.0.0.1:8080"}, 403),
    ("a page of another address", {"Origin": "http://127.0.0.2:9091"}, 403),
    ("a sandboxed page", {"Origin": "null"}, 403),
    ("a page from a file", {"Origin": "file://"}, 403),
    ("an extension", {"Origin": "chrome-extension://127.0.0.1:9091"}, 403),
    ("an origin with our name as its user", {"Origin": "http://127.0.0.1:9091@evil.example"}, 403),
    ("an empty Origin", {"Origin": ""}, 403),
    ("a request across sites", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("a request across ports", {"Sec-Fetch-Site": "same-site"}, 403),
    ("an unknown Sec-Fetch-Site", {"Sec-Fetch-Site": "*"}, 403),
    ("a form", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ("an upload", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
    ("plain text, which needs no preflight", {"Content-Type": "text/plain"}, 415),
    ("plain text with JSON in its parameters", {"Content-Type": "text/plain; application/json"}, 415),
    ("JSON with parameters that are plain text", {"Content-Type": "application/json; charset=utf-16"}, 415),
    ("no content type", {"Content-Type": None}, 415),
    ("a compressed body", {"Content-Encoding": "gzip"}, 415),
    ("no token", {"Authorization": None}, 401),
    ("an empty token", {"Authorization": "Bearer "}, 401),
    ("the beginning of the token", {"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
    ("more than the token", {"Authorization": f"Bearer {TOKEN}0"}, 401),
    ("the token in capitals", {"Authorization": f"Bearer {TOKEN.upper()}"}, 401),
    ("the token of another scheme", {"Authorization": f"Digest {TOKEN}"}, 401),
    ("the token alone", {"Authorization": TOKEN}, 401),
    ("a token of other letters", {"Authorization": "Bearer \xff\xfe"}, 401),
    ("Basic with a wrong password", {"Authorization": basic("user:guess")}, 401),
    ("Basic without a password", {"Authorization": basic(TOKEN)}, 401),
    ("Basic with the token as the user", {"Authorization": basic(f"{TOKEN}:")}, 401),
    ("Basic that is no base64", {"Authorization": "Basic !!!"}, 401),
]

WELCOME: list[tuple[str, dict[str, str | None]]] = [
    ("localhost", {"Host": "localhost"}),
    ("LOCALHOST with a port", {"Host": "LOCALHOST:9091"}),
    ("an IPv6 address", {"Host": "[::1]:9091"}),
    ("an allowed name", {"Host": "Seedbox.Example"}),
    ("our own page", {"Origin": "http://127.0.0.1:9091", "Sec-Fetch-Site": "same-origin"}),
    ("our own page behind a proxy", {"Host": "seedbox.example", "Origin": "https://seedbox.example"}),
    ("our own page at the default port", {"Host": "localhost:80", "Origin": "http://localhost"}),
    ("typed by the user", {"Sec-Fetch-Site": "none"}),
    ("a character set", {"Content-Type": 'Application/JSON; Charset="UTF-8"'}),
    ("Basic", {"Authorization": f"Basic {BASIC}"}),
    ("basic in small letters", {"Authorization": f"basic {BASIC}"}),
    ("bearer in small letters", {"Authorization": f"bearer {TOKEN}"}),
]


@pytest.fixture
def server() -> Server:
    return Server(names=["seedbox.example"])


@pytest.mark.parametrize(("headers", "status"), [row[1:] for row in HEADER_ATTACKS], ids=[r[0] for r in HEADER_ATTACKS])
def test_refused_for_its_headers(server: Server, headers: dict[str, str | None], status: int) -> None:
    client = server.connect()
    answer = client.post(SHUTDOWN, **{name.replace("-", "_"): value for name, value in headers.items()})
    assert answer.status == status
    assert answer.json["id"] is None and answer.json["error"]["code"] < 0
    assert client.closing
    assert server.control.told == []
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("headers", [row[1] for row in WELCOME], ids=[row[0] for row in WELCOME])
def test_welcome(server: Server, headers: dict[str, Any]) -> None:
    answer = server.connect().post(**{name.replace("-", "_"): value for name, value in headers.items()})
    assert answer.status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "post", "X"])
def test_refused_for_its_method(server: Server, method: str) -> None:
    client = server.connect()
    client.send(head(method, "/rpc", 0, {}))
    answer = b"".join(client.transport.value().splitlines(keepends=True))
    assert answer.startswith(b"HTTP/1.1 405")
    assert b"Allow: POST\r\n" in answer
    assert client.closing


@pytest.mark.parametrize(
    "path", ["/", "/rpc/", "/RPC", "//rpc", "/rpc?token=1", "/%72pc", "/../rpc", "*", "http://evil.example/rpc"]
)
def test_refused_for_its_path(server: Server, path: str) -> None:
    client = server.connect()
    client.send(head("POST", path, len(CALL), {}) + CALL)
    assert client.answer().status == 404


def test_the_refusal_of_a_host_names_the_key(server: Server) -> None:
    message = server.connect().post(Host="evil.example").json["error"]["message"]
    assert "rpc.server_names" in message and "evil.example" in message


def test_401_says_how(server: Server) -> None:
    challenges = server.connect().post(Authorization=None).challenges
    assert [challenge.split()[0] for challenge in challenges] == ["Bearer", "Basic"]


@pytest.mark.parametrize("name", ["Host", "Authorization", "Content-Type"])
def test_a_header_given_twice(server: Server, name: str) -> None:
    client = server.connect()
    again = {"Host": "localhost", "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}[name]
    client.send(head("POST", "/rpc", len(CALL), {}).replace(b"\r\n", f"\r\n{name}: {again}\r\n".encode(), 1) + CALL)
    assert client.answer().status in (401, 415, 421)


SMUGGLED = {
    "two lengths": "Content-Length: 5\r\nContent-Length: 6",
    "two equal lengths": "Content-Length: 5\r\nContent-Length: 5",
    "length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "a negative length": "Content-Length: -1",
    "a signed length": "Content-Length: +5",
    "a length with underscores": "Content-Length: 1_0",
    "an unknown encoding": "Transfer-Encoding: gzip, chunked",
    "a header without a colon": "Nonsense",
    "a header with a space in its name": "Content-Length : 5",
    "a header with NUL": "X: a\0b",
}


@pytest.mark.parametrize("lines", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_smuggling(server: Server, lines: str) -> None:
    client = server.connect()
    client.send(head("POST", "/rpc", None, {}).replace(b"\r\n", b"\r\n" + lines.encode() + b"\r\n", 1) + SHUTDOWN)
    assert client.closing
    assert client.transport.value().startswith(b"HTTP/1.1 400")
    assert server.control.told == []


def test_broken_chunks(server: Server) -> None:
    client = server.connect()
    client.send(head("POST", "/rpc", None, {"Transfer-Encoding": "chunked"}) + b"-5\r\nhello\r\n")
    assert client.closing


@pytest.mark.parametrize("flood", [b"X: " + b"a" * 20_000, b"X: a\r\n" * 1000, b"a" * 20_000])
def test_endless_headers(server: Server, flood: bytes) -> None:
    client = server.connect()
    client.send(b"POST /rpc HTTP/1.1\r\n" + flood + b"\r\n\r\n")
    assert client.closing


def test_an_endless_request_line(server: Server) -> None:
    client = server.connect()
    client.send(b"POST /" + b"a" * 20_000)
    assert client.closing


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff" * 100, b"9" * 100_000, b'"\\ud800"'])
def test_bodies_that_hurt_parsers(server: Server, body: bytes) -> None:
    answer = server.connect().post(body)
    assert (answer.status, answer.code) == (200, -32700)


def test_jsonp_is_not_spoken(server: Server) -> None:
    client = server.connect()
    client.send(head("GET", '/rpc?callback=evil&request={"method":"daemon.shutdown"}', 0, {}))
    assert client.answer().status == 404
    assert server.control.told == []


def test_what_follows_a_refusal_on_the_same_connection_is_not_served(server: Server) -> None:
    client = server.connect()
    bad = head("POST", "/rpc", len(SHUTDOWN), {"Authorization": None}) + SHUTDOWN
    client.send(bad + head("POST", "/rpc", len(SHUTDOWN), {}) + SHUTDOWN)
    assert client.answer().status == 401
    assert client.silent
    assert server.control.told == []
