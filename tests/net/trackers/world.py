"""A small internet on loopback: names, addresses that lead to one scripted server, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from torrentd.model.address import Address
from torrentd.net.network import Network

GLOBAL, OTHER, PRIVATE, LOOPBACK, DEAD = "8.8.8.8", "9.9.9.9", "10.0.0.1", "127.0.0.1", "8.8.4.4"

GLOBAL_V6 = "2001:4860:4860::8888"

NAMES = {
    "tracker.example": [GLOBAL],
    "other.example": [OTHER],
    "inside.example": [PRIVATE],
    "rebound.example": [LOOPBACK],
    "half-dead.example": [DEAD, GLOBAL],
    "mixed.example": [LOOPBACK, GLOBAL],
    "peer.example": ["8.8.1.1"],
    "both.example": [GLOBAL, GLOBAL_V6],
}


class Names:
    """A resolver that knows NAMES; `hang` never answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stopped = False

    def resolve(self, name: str) -> Deferred[list[str]]:
        self.asked.append(name)
        if name == "hang":
            return Deferred()
        if name in NAMES:
            return succeed(NAMES[name])
        if name[:1].isdigit():
            return succeed([name])
        return fail(OSError("the name does not resolve: Name or service not known"))

    def stop(self) -> None:
        self.stopped = True


class World(Network):
    """Every address leads to `server`, but DEAD, which refuses. Remembers what was dialled."""

    def __init__(self) -> None:
        super().__init__(reactor)
        self.dialled: list[Address] = []
        self.server = Server()

    async def open(self, tls: Any = None) -> None:
        self._port = (
            reactor.listenTCP(0, self.server, interface="127.0.0.1")  # type: ignore[attr-defined]
            if tls is None
            else reactor.listenSSL(0, self.server, tls, interface="127.0.0.1")  # type: ignore[attr-defined]
        )

    async def close(self) -> None:
        await self._port.stopListening()
        for line in list(self.server.lines):
            line.transport.abortConnection()
            await line.gone

    def endpoint(self, address: Address, timeout: float = 10.0, bind: str = "") -> Any:
        self.dialled.append(address)
        port = 1 if address.host == DEAD else self._port.getHost().port
        return super().endpoint(Address("127.0.0.1", port), timeout, bind)


class Line(Protocol):
    """One connection to the server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.head = b""
        self.gone: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.server.lines.append(self)

    def dataReceived(self, data: bytes) -> None:
        self.head += data
        if self.head.endswith(b"\r\n\r\n"):
            self.server.requests.append(self.head.decode("latin-1"))
            self.server.script(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.server.lines.remove(self)
        self.gone.callback(None)


class Server(Factory):
    """`script(line)` answers each request; `requests` are their heads."""

    noisy = False

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.requests: list[str] = []
        self.script: Callable[[Line], None] = lambda line: None

    def buildProtocol(self, addr: Any) -> Line:
        return Line(self)

    def answer(self, body: bytes, status: str = "200 OK", **headers: str) -> None:
        """Answer every request so from now on."""
        self.script = lambda line: send(line, body, status, **headers)

    def redirect(self, **targets: str) -> None:
        """Redirect by the host asked for (dots as underscores); others get an empty answer."""

        def script(line: Line) -> None:
            host = header(line.head.decode("latin-1"), "host").partition(":")[0].replace(".", "_")
            if host in targets:
                send(line, b"", "302 Found", Location=targets[host])
            else:
                send(line, b"de")

        self.script = script


def send(line: Line, body: bytes, status: str = "200 OK", **headers: str) -> None:
    fields = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    line.transport.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body)


def header(request: str, name: str) -> str:
    """A header of a request; "" if it is not there."""
    for line in request.split("\r\n")[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name:
            return value
    return ""
