"""HTTP/1.1 over the daemon's unix socket, as much of it as the daemon's answers need.

`http.client` parses headers as mail and loads TLS, which is a third of what a run of torrentctl takes.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from typing import NamedTuple

MAX_HEAD = 64 * 1024
"""Bytes of status line and headers; the daemon's have a few hundred."""
_READ = 64 * 1024
_SHOWN = 80
"""characters of what is no HTTP that are told"""
_START = b"HTTP/1."


class Reply(NamedTuple):
    status: int
    reason: str
    body: bytes


class NotHttp(Exception):
    """What came is no answer of HTTP that can be understood; the text says why."""


def excerpt(text: str) -> str:
    """The begin of what came, fit for a terminal."""
    return ascii(text[:_SHOWN])


class UnixLink:
    """One keep-alive connection. Raises what sockets raise; ConnectionError when it ended before the answer."""

    def __init__(self, path: str, timeout: float) -> None:
        self.sock: socket.socket | None = None
        self._path = path
        self._timeout = timeout

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self._timeout)
            sock.connect(self._path)
        except BaseException:
            sock.close()
            raise
        self.sock = sock

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def post(self, target: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Reply:
        """The answer; `seconds` for each silence. The Host header says localhost; the daemon ignores it here."""
        assert self.sock is not None, "connect first"
        self.sock.settimeout(seconds)
        fields = {"Host": "localhost", "Content-Length": str(len(body)), **headers}
        head = f"POST {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.sendall(head.encode("ascii") + b"\r\n" + body)
        return _receive(self.sock)  # refused while we were still sending? then the reason is waiting for us


def _receive(sock: socket.socket) -> Reply:
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        if len(received) > MAX_HEAD:
            raise NotHttp("an answer whose head does not end")
        received += _some(sock)
        if not received.startswith(_START[: len(received)]):
            raise NotHttp(excerpt(received.decode("latin-1")))
    status_line, *lines = received[:end].decode("latin-1").split("\r\n")
    _, status, reason = f"{status_line}  ".split(" ", 2)
    body = _body(sock, received[end + 4 :], _length(lines))
    if not (status.isascii() and status.isdigit()):
        raise NotHttp(excerpt(status_line))
    return Reply(int(status), reason.strip(), body)


def _length(lines: list[str]) -> int:
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length" and value.strip().isascii() and value.strip().isdigit():
            return int(value)
    raise NotHttp("an answer that does not say how long it is")


def _body(sock: socket.socket, begun: bytearray, length: int) -> bytes:
    parts = [bytes(begun[:length])]
    missing = length - len(parts[0])
    while missing:
        parts.append(_some(sock, min(missing, 1024 * 1024)))
        missing -= len(parts[-1])
    return b"".join(parts)


def _some(sock: socket.socket, most: int = _READ) -> bytes:
    data = sock.recv(most)
    if not data:
        raise ConnectionResetError
    return data
