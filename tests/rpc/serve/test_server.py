"""The RPC over real sockets on loopback."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from tests.rpc.asking import TOKEN, request, tokens
from tests.rpc.fake_control import ONE, FakeControl
from tests.rpc.serve.certificates import make
from tests.rpc.serve.http_client import transmission
from torrentd.model.address import Address
from torrentd.rpc.serve.listening import ListenError
from torrentd.rpc.serve.server import RpcOptions, RpcServer

ANY_PORT = Address("127.0.0.1", 0)


class Serving:
    """Starts servers and stops them at the end of the test."""

    def __init__(self) -> None:
        self.control = FakeControl()
        self.servers: list[RpcServer] = []

    async def start(self, environment: dict[str, str] | None = None, **options: Any) -> RpcServer:
        server = RpcServer(
            reactor,
            self.control,
            transmission(self.control),
            tokens(self.control),
            RpcOptions(**options),
            environment or {},
        )
        await server.start()
        self.servers.append(server)
        return server


@pytest.fixture
def serving() -> Iterator[Serving]:
    serving = Serving()
    yield serving
    for server in serving.servers:
        pytest_twisted.blockon(server.stop())


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self._path)


def port_of(server: RpcServer) -> int:
    return int(server.addresses()[-1].rpartition(":")[2])


def post(connection: http.client.HTTPConnection, body: bytes, token: str | None = TOKEN) -> tuple[int, Any]:
    """Status and decoded body; blocks."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request("POST", "/rpc", body, headers)
    response = connection.getresponse()
    text = response.read()
    return response.status, json.loads(text) if text else None


def body(method: str, **params: object) -> bytes:
    return json.dumps(request(method, **params)).encode()


async def asking(connect: Callable[[], http.client.HTTPConnection], *bodies: bytes, token: str | None = TOKEN) -> Any:
    """Post these over one connection, in a thread."""

    def work() -> list[tuple[int, Any]]:
        connection = connect()
        try:
            return [post(connection, one, token) for one in bodies]
        finally:
            connection.close()

    return await deferToThread(work)


@pytest_twisted.ensureDeferred
async def test_over_unix(serving: Serving, tmp_path: Path) -> None:
    path = str(tmp_path / "rpc.sock")
    server = await serving.start(unix_path=path)
    assert server.addresses() == [path]
    answers = await asking(lambda: UnixConnection(path), body("daemon.version"), body("limits.set", down=5), token=None)
    assert [status for status, _ in answers] == [200, 200]
    assert answers[1][1]["result"]["down"] == 5


@pytest_twisted.ensureDeferred
async def test_over_tcp(serving: Serving) -> None:
    server = await serving.start(tcp_address=ANY_PORT)
    connect = partial(http.client.HTTPConnection, "127.0.0.1", port_of(server), timeout=10)
    assert [status for status, _ in await asking(connect, body("daemon.version"))] == [200]
    assert [status for status, _ in await asking(connect, body("daemon.version"), token=None)] == [401]


@pytest_twisted.ensureDeferred
async def test_over_ipv6(serving: Serving) -> None:
    server = await serving.start(tcp_address=Address("::1", 0))
    assert server.addresses()[0].startswith("[::1]:")
    connect = partial(http.client.HTTPConnection, "::1", port_of(server), timeout=10)
    assert [status for status, _ in await asking(connect, body("daemon.version"))] == [200]


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")  # Twisted passes what pyOpenSSL calls old
@pytest_twisted.ensureDeferred
async def test_over_tls(serving: Serving, tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    server = await serving.start(tcp_address=ANY_PORT, tls_certificate=certificate, tls_key=key)
    trusting = ssl.create_default_context(cafile=certificate)
    trusting.check_hostname = False
    connect = partial(http.client.HTTPSConnection, "127.0.0.1", port_of(server), context=trusting, timeout=10)
    assert [status for status, _ in await asking(connect, body("daemon.version"))] == [200]


@pytest_twisted.ensureDeferred
async def test_a_client_in_the_middle_of_too_large_a_body_reads_why(serving: Serving) -> None:
    server = await serving.start(tcp_address=ANY_PORT)
    connect = partial(http.client.HTTPConnection, "127.0.0.1", port_of(server), timeout=10)
    ((status, said),) = await asking(connect, b" " * (49 * 1024 * 1024))
    assert (status, said["error"]["code"]) == (413, -32002)


@pytest_twisted.ensureDeferred
async def test_a_large_body_arrives(serving: Serving, tmp_path: Path) -> None:
    path = str(tmp_path / "rpc.sock")
    await serving.start(unix_path=path)
    metainfo = "ZGVl" * (1024 * 1024)
    ((status, said),) = await asking(lambda: UnixConnection(path), body("torrent.add", metainfo=metainfo))
    assert (status, said["result"]["added"]) == (200, False)
    assert len(serving.control.told[0][1]) == 3 * 1024 * 1024


@pytest_twisted.ensureDeferred
async def test_a_port_in_use(serving: Serving) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(ListenError) as caught:
            await serving.start(tcp_address=Address("127.0.0.1", port))
    assert str(caught.value).startswith(f"rpc.tcp: 127.0.0.1:{port} is in use by ")
    assert str(caught.value).endswith(f"(pid {os.getpid()})")


@pytest_twisted.ensureDeferred
async def test_when_tcp_fails_the_unix_socket_is_taken_back(serving: Serving, tmp_path: Path) -> None:
    path = tmp_path / "rpc.sock"
    with socket.create_server(("127.0.0.1", 0)) as holder:
        with pytest.raises(ListenError):
            await serving.start(unix_path=str(path), tcp_address=Address("127.0.0.1", holder.getsockname()[1]))
    assert not path.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
@pytest_twisted.ensureDeferred
async def test_other_interfaces_need_protection(serving: Serving, host: str) -> None:
    with pytest.raises(ListenError, match=r"^rpc\.tcp: .* needs rpc\.tls_certificate and rpc\.tls_key, or"):
        await serving.start(tcp_address=Address(host, 0))


@pytest_twisted.ensureDeferred
async def test_stop_answers_what_waits_and_removes_the_socket(serving: Serving, tmp_path: Path) -> None:
    path = tmp_path / "rpc.sock"
    server = await serving.start(unix_path=str(path))
    answers = asking(lambda: UnixConnection(str(path)), body("torrent.wait", ids=[ONE]))
    waiting = Deferred.fromCoroutine(answers)
    await _until(lambda: bool(serving.control.waiting))
    await server.stop()
    ((status, said),) = await waiting
    assert (status, said["error"]["code"]) == (200, -32000)
    assert not path.exists()
    assert server.addresses() == []


@pytest_twisted.ensureDeferred
async def test_stop_does_not_wait_for_silent_clients(serving: Serving) -> None:
    server = await serving.start(tcp_address=ANY_PORT)
    with socket.create_connection(("127.0.0.1", port_of(server))) as client:
        await _until(lambda: len(server._connections) == 1)
        await server.stop()
        client.settimeout(10)
        assert client.recv(1) == b""


@pytest_twisted.ensureDeferred
async def test_a_socket_from_systemd_is_served_and_left_alone(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "activated.sock")
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind(path)
        os.chmod(path, 0o660)
        passed.listen()
        _pass(passed, monkeypatch)
        environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "torrentd.socket"}
        server = await serving.start(environment, unix_path=str(tmp_path / "not-made.sock"))
        assert server.addresses() == [path]
        ((status, _),) = await asking(lambda: UnixConnection(path), body("daemon.version"), token=None)
        assert status == 200
        await server.stop()
        assert os.stat(path).st_mode & 0o777 == 0o660
        assert not (tmp_path / "not-made.sock").exists()


@pytest_twisted.ensureDeferred
async def test_a_tcp_socket_from_systemd_needs_the_token(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as passed:
        _pass(passed, monkeypatch)
        environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "torrentd.socket"}
        server = await serving.start(environment)
        connect = partial(http.client.HTTPConnection, "127.0.0.1", port_of(server), timeout=10)
        assert [status for status, _ in await asking(connect, body("daemon.version"))] == [200]
        assert [status for status, _ in await asking(connect, body("daemon.version"), token=None)] == [401]


@pytest_twisted.ensureDeferred
async def test_stop_cuts_off_what_takes_too_long(serving: Serving, tmp_path: Path) -> None:
    path = str(tmp_path / "rpc.sock")
    endless: Deferred[None] = Deferred()
    serving.control.pause = lambda id: endless  # type: ignore[method-assign]
    server = await serving.start(unix_path=path)
    answers = Deferred.fromCoroutine(asking(lambda: UnixConnection(path), body("torrent.pause", ids=[ONE])))
    await _until(lambda: server._bodies.held > 0)
    await server.stop()
    with pytest.raises((http.client.HTTPException, OSError)):
        await answers


def _pass(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the socket be the first that is inherited. (Descriptor 3, which systemd uses, is taken here.)"""
    monkeypatch.setattr("twisted.python.systemd.ListenFDs._START", os.dup(listening.fileno()))


async def _until(condition: Callable[[], bool]) -> None:
    """Let the reactor turn until something is so; the test's time-out is the limit."""
    while not condition():
        turn: Deferred[None] = Deferred()
        reactor.callLater(0.001, turn.callback, None)  # type: ignore[attr-defined]
        await turn
