"""A daemon that answers from a script: real HTTP over a real unix socket or TCP, no Twisted."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

Answer = Callable[[dict[str, Any]], Any] | dict[str, Any]


class RpcFailure(Exception):
    """Raised by an answer: the call fails with this error."""

    def __init__(self, code: int, message: str, **data: Any) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, "data": data}


class FakeDaemon:
    """`answers` by method; `calls` is what was asked, in order."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.calls: list[tuple[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.address: Any = None
        self.reply: Callable[[_Handler, bytes], None] | None = None
        """replaces the JSON-RPC answer by any bytes or none"""

    def asked(self, method: str) -> list[Any]:
        """The parameters of each call of a method."""
        return [params for name, params in self.calls if name == method]

    def result(self, request: dict[str, Any]) -> dict[str, Any]:
        method, params = request["method"], request.get("params") or {}
        self.calls.append((method, request.get("params")))
        answer = self.answers.get(method)
        try:
            if answer is None:
                raise RpcFailure(-32601, f"there is no method {method}", name="method_not_found")
            outcome = answer(params) if callable(answer) else answer
        except RpcFailure as failure:
            return {"jsonrpc": "2.0", "id": request["id"], "error": failure.error}
        return {"jsonrpc": "2.0", "id": request["id"], "result": outcome}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    daemon: ClassVar[FakeDaemon]

    def setup(self) -> None:
        super().setup()
        self.daemon.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.daemon.headers.append({"path": self.path, **dict(self.headers)})
        if self.daemon.reply is not None:
            self.daemon.reply(self, body)
        else:
            answer_with(self, 200, json.dumps(self.daemon.result(json.loads(body))).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


def answer_with(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    """A whole HTTP answer; the connection stays open."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving(address: Any) -> Iterator[FakeDaemon]:
    """Serve at a path (unix socket) or at a (host, port)."""
    fake = FakeDaemon()
    handler = type("Handler", (_Handler,), {"daemon": fake})
    base: Any = socketserver.UnixStreamServer if isinstance(address, str) else socketserver.TCPServer
    attributes = {"daemon_threads": True, "block_on_close": False}
    server = type("Server", (socketserver.ThreadingMixIn, base), attributes)(address, handler)
    fake.address = server.server_address
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
