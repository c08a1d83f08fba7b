"""A client of the HTTP layer in memory: real Site, real channel, a transport of strings and a clock that is moved."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from random import Random
from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from tests.rpc.asking import NOW, TOKEN, request, tokens
from tests.rpc.fake_control import FakeControl
from torrentd.rpc.core.api import Api
from torrentd.rpc.pages.pages import Pages
from torrentd.rpc.pages.web import WebFiles
from torrentd.rpc.serve.admission import Admission, TcpAdmission, UnixAdmission
from torrentd.rpc.serve.capacity import Bodies, Connections
from torrentd.rpc.serve.http import Offered, RpcSite
from torrentd.rpc.streams.streams import Streams
from torrentd.rpc.transmission.api import Transmission

CALL = json.dumps(request("limits.get")).encode()
HEADERS = {"Host": "127.0.0.1:9091", "Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}


class Silence(Exception):
    """There is no answer yet."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    challenges: list[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> Any:
        """The JSON-RPC error code."""
        return self.json["error"]["code"]


class Transport(StringTransport):
    """Also answers who is at the other end of a unix socket: ourselves."""

    _pair: tuple[socket.socket, socket.socket] | None = None

    def getHandle(self) -> socket.socket:
        if self._pair is None:
            self._pair = socket.socketpair()
        return self._pair[0]

    def closed(self) -> None:
        for end in self._pair or ():
            end.close()


def transmission(control: FakeControl, clock: Clock | None = None) -> Transmission:
    """Transmission's RPC over a daemon that does as it is told."""
    clock = clock or Clock()
    return Transmission(control, clock.seconds, lambda: NOW + clock.seconds(), Random(1))


class Server:
    """One listening socket in memory."""

    def __init__(self, unix: bool = False, pages: dict[str, bool] | None = None, web: str = "", **tcp: Any) -> None:
        self.clock = Clock()
        self.control = FakeControl()
        self.connections, self.bodies = Connections(), Bodies()
        self.tokens = tokens(self.control, self.clock)
        self.tokens.ended = self.connections.cut
        self.api = Api(self.control, self.tokens)
        self.transmission = transmission(self.control, self.clock)
        door: Admission
        if unix:
            door = UnixAdmission()
        else:
            door = TcpAdmission(
                self.tokens,
                tcp.get("names", ()),
                tcp.get("proxies", ()),
                tcp.get("encrypted", False),
                self.clock.seconds,
                self.transmission.session_ids,
            )
        self.unix = unix
        self.streams = Streams(self.control, self.clock)
        pages_there = Pages(self.control, **(pages or {}))
        offered = Offered(self.api, self.transmission, pages_there, WebFiles(web), self.streams)
        self.site = RpcSite(offered, door, self.connections, self.bodies, self.clock)

    def connect(self, host: str = "127.0.0.1", port: int = 5000) -> Client:
        """A new connection; AssertionError if it is turned away."""
        client = self.try_connect(host, port)
        assert client is not None
        return client

    def try_connect(self, host: str = "127.0.0.1", port: int = 5000) -> Client | None:
        address = UNIXAddress(None) if self.unix else IPv4Address("TCP", host, port)
        channel = self.site.buildProtocol(address)
        return None if channel is None else Client(channel, Transport(peerAddress=address))


class Client:
    """One connection."""

    def __init__(self, channel: Any, transport: Transport) -> None:
        self.channel, self.transport = channel, transport
        self._ended = False
        channel.makeConnection(transport)

    def send(self, data: bytes) -> None:
        self.channel.dataReceived(data)

    def post(self, body: bytes = CALL, **headers: str | None) -> Answer:
        """Send a request with a body and read the answer. Underscores in header names stand for hyphens."""
        self.send(head("POST", "/rpc", len(body), headers) + body)
        return self.answer()

    def get(self, path: str, **headers: str | None) -> Answer:
        """Read a page."""
        self.send(head("GET", path, None, {"Content-Type": None, **headers}))
        return self.answer()

    def answer(self) -> Answer:
        """The next answer; Silence if there is none, AssertionError if it is not whole."""
        if self.silent:
            raise Silence
        answer, rest = take_answer(self.transport.value())
        self.transport.clear()
        self.transport.write(rest)
        return answer

    @property
    def silent(self) -> bool:
        return not self.transport.value()

    @property
    def closing(self) -> bool:
        """Whether the server has closed, politely or not."""
        return bool(self.transport.disconnecting or self.transport.disconnected)

    def leave(self) -> None:
        """The other side is gone."""
        self.transport.closed()
        self.channel.connectionLost(Failure(ConnectionDone()))


def head(method: str, path: str, length: int | None, headers: dict[str, str | None]) -> bytes:
    """The head of a request: usual headers, changed or (None) left out by name."""
    named = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if length is not None:
        named["Content-Length"] = str(length)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items() if value is not None)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def take_answer(data: bytes) -> tuple[Answer, bytes]:
    """The first whole answer of these bytes, and the rest."""
    lines, _, rest = data.partition(b"\r\n\r\n")
    status, *fields = lines.decode().split("\r\n")
    pairs = [field.split(": ", 1) for field in fields]
    headers = {name.lower(): value for name, value in pairs}
    length = int(headers.get("content-length", 0))
    assert len(rest) >= length, data
    challenges = [value for name, value in pairs if name.lower() == "www-authenticate"]
    return Answer(int(status.split()[1]), headers, challenges, rest[:length]), rest[length:]
