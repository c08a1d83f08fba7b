"""The synchronous client against real servers that behave well, badly, and not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.cli.fake_daemon import FakeDaemon, RpcFailure, answer_with, serving
from torrentd.rpc.client import (
    BadAnswer,
    CannotConnect,
    Client,
    Denied,
    Link,
    RpcFailed,
    TimedOut,
    UnixEndpoint,
    UrlEndpoint,
)
from torrentd.rpc.unix_link import MAX_HEAD, UnixLink


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDaemon]:
    with serving(str(tmp_path / "rpc.sock")) as daemon:
        yield daemon


@pytest.fixture
def client(fake: FakeDaemon) -> Iterator[Client]:
    with Client(UnixEndpoint(fake.address)) as client:
        yield client


def test_calls_share_one_connection(client: Client, fake: FakeDaemon) -> None:
    fake.answers["a.b"] = lambda params: {"got": params}
    assert client.call("a.b", {"x": 1}) == {"got": {"x": 1}}
    assert client.call("a.b", ["é", 2]) == {"got": ["é", 2]}
    assert client.call("a.b") == {"got": {}}
    assert fake.connections == 1
    assert fake.headers[0]["path"] == "/rpc"
    assert fake.headers[0]["Content-Type"] == "application/json"
    assert "Authorization" not in fake.headers[0]


def test_an_error_answer(client: Client, fake: FakeDaemon) -> None:
    def refuse(params: object) -> None:
        raise RpcFailure(1, "there is no torrent ff", name="torrent_not_found", id="ff")

    fake.answers["torrent.get"] = refuse
    with pytest.raises(RpcFailed) as caught:
        client.call("torrent.get", {"id": "ff"})
    error = caught.value
    assert (error.code, error.name, error.message) == (1, "torrent_not_found", "there is no torrent ff")
    assert error.data == {"name": "torrent_not_found", "id": "ff"}
    fake.answers["a"] = {}
    assert client.call("a") == {}
    assert fake.connections == 1


def test_forbidden_is_denied(client: Client, fake: FakeDaemon) -> None:
    def refuse(params: object) -> None:
        raise RpcFailure(-32001, "only root and the daemon's user may do that", name="forbidden")

    fake.answers["daemon.shutdown"] = refuse
    with pytest.raises(Denied, match="only root"):
        client.call("daemon.shutdown")


def test_a_connection_that_the_daemon_closed_is_replaced_before_the_call(client: Client, fake: FakeDaemon) -> None:
    closed = threading.Event()

    def answer_and_hang_up(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        answer_with(handler, 200, b'{"jsonrpc": "2.0", "id": 1, "result": {}}')
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True
        closed.set()

    fake.reply = answer_and_hang_up
    client.call("a")
    assert closed.wait(5)
    fake.reply = None
    fake.answers["b"] = {"well": True}
    assert client.call("b") == {"well": True}
    assert fake.connections == 2
    assert fake.calls == [("b", None)]


Reply = Callable[[BaseHTTPRequestHandler, bytes], None]


def status(code: int, body: bytes = b"") -> Reply:
    return lambda handler, request: answer_with(handler, code, body)


def raw(answer: bytes) -> Reply:
    def write(handler: BaseHTTPRequestHandler, request: bytes) -> None:
        handler.wfile.write(answer)

    return write


def hang_up(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.close_connection = True


def half_an_answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"jsonrpc"')
    handler.close_connection = True


@pytest.mark.parametrize(
    ("reply", "family", "words"),
    [
        (status(401), Denied, "HTTP 401"),
        (status(403), Denied, "HTTP 403"),
        (
            status(421, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"name it in rpc.server_names"}}'),
            Denied,
            "server_names",
        ),
        (
            status(413, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32002,"message":"too large"}}'),
            RpcFailed,
            "too large",
        ),
        (status(404, b"not here"), BadAnswer, "HTTP 404"),
        (status(200, b"<html>"), BadAnswer, "is this torrentd"),
        (status(200, b"[" * 100_000), BadAnswer, "is this torrentd"),
        (status(200, b'{"jsonrpc":"2.0","id":1}'), BadAnswer, "not to our call"),
        (status(200, b'{"jsonrpc":"2.0","id":2,"result":{}}'), BadAnswer, "not to our call"),
        (status(200, b'{"jsonrpc":"2.0","id":1,"error":{"code":"x"}}'), BadAnswer, "not to our call"),
        (hang_up, CannotConnect, "connection was lost"),
        (half_an_answer, CannotConnect, "connection was lost"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), BadAnswer, "not HTTP: 'SSH.*is this torrentd"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), BadAnswer, "how long"),
        (raw(b"HTTP/1.1 two OK\r\nContent-Length: 0\r\n\r\n"), BadAnswer, "two"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), BadAnswer, "how long"),
        (raw(b"HTTP/1.1 200 " + b"x" * (MAX_HEAD + 70_000)), BadAnswer, "does not end"),
    ],
)
def test_families(client: Client, fake: FakeDaemon, reply: Reply, family: type[Exception], words: str) -> None:
    fake.reply = reply
    with pytest.raises(family, match=words):
        client.call("a")


def test_the_client_survives_a_bad_answer(client: Client, fake: FakeDaemon) -> None:
    fake.reply = half_an_answer
    with pytest.raises(CannotConnect):
        client.call("a")
    fake.reply = None
    fake.answers["a"] = {}
    assert client.call("a") == {}


def test_a_refusal_while_we_are_still_sending_is_read(client: Client, fake: FakeDaemon, tmp_path: Path) -> None:
    path = str(tmp_path / "strict.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def refuse_early() -> None:
        connection, _ = listener.accept()
        connection.recv(4096)
        body = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32002,"message":"at most 48 MiB"}}'
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        connection.shutdown(socket.SHUT_RD)
        connection.close()

    thread = threading.Thread(target=refuse_early)
    thread.start()
    with Client(UnixEndpoint(path)) as strict, pytest.raises(RpcFailed, match="48 MiB"):
        strict.call("torrent.add", {"metainfo": "A" * 10_000_000})
    thread.join()
    listener.close()


def test_time_out(client: Client, fake: FakeDaemon) -> None:
    release = threading.Event()
    fake.reply = lambda handler, body: release.wait(30) and None
    with pytest.raises(TimedOut, match=r"no answer within 0\.05 s"):
        client.call("a", timeout=0.05)
    release.set()


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(CannotConnect, match=r"rpc\.sock: no such file or directory"):
        Client(UnixEndpoint(str(tmp_path / "rpc.sock"))).connect()
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "stale.sock"))
    stale.close()
    with pytest.raises(CannotConnect, match=r"stale\.sock: connection refused"):
        Client(UnixEndpoint(str(tmp_path / "stale.sock"))).connect()
    with pytest.raises(CannotConnect, match="path too long"):
        Client(UnixEndpoint("/tmp/" + "x" * 200)).connect()


class Locked(UnixEndpoint):
    """A socket whose mode does not let us; no mode keeps root out, so it is made up."""

    def link(self, timeout: float) -> Link:
        class Refusing(UnixLink):
            def connect(self) -> None:
                raise PermissionError(13, "Permission denied")

        return Refusing(self.path, timeout)


def test_a_socket_of_somebody_else() -> None:
    with pytest.raises(Denied, match=r"^/run/x\.sock: permission denied$"):
        Client(Locked("/run/x.sock")).connect()


def test_by_url_with_a_token() -> None:
    with serving(("127.0.0.1", 0)) as fake:
        fake.answers["a"] = {}
        host, port = fake.address
        for url, path in ((f"http://{host}:{port}", "/rpc"), (f"http://{host}:{port}/td/rpc", "/td/rpc")):
            with Client(UrlEndpoint(url, "0123abc")) as client:
                client.call("a")
            assert fake.headers[-1]["Authorization"] == "Bearer 0123abc"
            assert fake.headers[-1]["path"] == path
            assert fake.headers[-1]["Host"] == f"{host}:{port}"


def test_a_url_of_what_does_not_speak_http() -> None:
    with serving(("127.0.0.1", 0)) as fake:
        fake.reply = raw(b"*\xea\xbf\x8f3\x1b[31m" + b"x" * 1000 + b"\r\n\r\n")
        with pytest.raises(BadAnswer, match=r"not HTTP.*is this torrentd") as caught:
            Client(UrlEndpoint(f"http://127.0.0.1:{fake.address[1]}"), timeout=5).call("a")
    assert str(caught.value).isascii() and str(caught.value).isprintable() and len(str(caught.value)) < 300


def test_https_to_what_does_not_speak_it() -> None:
    with serving(("127.0.0.1", 0)) as fake:
        endpoint = UrlEndpoint(f"https://127.0.0.1:{fake.address[1]}")
        with pytest.raises(CannotConnect, match=r"^https://127\.0\.0\.1"):
            Client(endpoint, timeout=5).connect()


@pytest.mark.parametrize("url", ["ftp://x/", "localhost:9091", "http://", "http://u:secret@h/", "http://h:99999/"])
def test_urls_that_cannot_be_one(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        UrlEndpoint(url)
    assert "secret" not in str(caught.value)
