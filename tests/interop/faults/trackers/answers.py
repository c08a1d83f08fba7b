"""What an HTTP tracker may answer: honest, broken and hostile."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import TypeAlias

from torrentd.wire import bencode

Answer: TypeAlias = Callable[[socket.socket, threading.Event], None]
"""Given the connection, and an event that is set when the tracker closes."""

DRIP = 1.0
"""Seconds between two bytes of an answer that drips."""
BOMB = 64 * 1024 * 1024
"""Bytes that a gzip bomb of 64 KiB unpacks to."""


def respond(connection: socket.socket, body: bytes, status: str = "200 OK", headers: str = "") -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    connection.sendall(head.encode() + body)


def bencoded(values: dict[bytes, bencode.Value]) -> Answer:
    body = bencode.encode(values)
    return lambda connection, _: respond(connection, body)


def peers(*addresses: str, interval: int = 1800, compact: bool = True) -> Answer:
    """These peers (HOST:PORT), in either form."""
    pairs = [(host, int(port)) for host, _, port in (address.rpartition(":") for address in addresses)]
    form: bencode.Value = [{b"ip": host.encode(), b"port": port} for host, port in pairs]
    if compact:
        form = b"".join(IPv4Address(host).packed + port.to_bytes(2, "big") for host, port in pairs)
    return bencoded({b"interval": interval, b"complete": 1, b"incomplete": 1, b"peers": form})


def failure(reason: str) -> Answer:
    return bencoded({b"failure reason": reason.encode()})


def garbage(connection: socket.socket, _: threading.Event) -> None:
    respond(connection, b"<html>this is not the tracker you are looking for</html>")


def not_even_http(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(bytes(range(256)) * 4)


def server_error(connection: socket.socket, _: threading.Event) -> None:
    respond(connection, b"out of order", "500 Internal Server Error")


def redirect(url: str) -> Answer:
    return lambda connection, _: respond(connection, b"", "302 Found", f"Location: {url}\r\n")


def gzip_bomb(connection: socket.socket, _: threading.Event) -> None:
    respond(connection, gzip.compress(bytes(BOMB)), headers="Content-Encoding: gzip\r\n")


def drip(connection: socket.socket, closing: threading.Event) -> None:
    """One byte a second, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not closing.wait(DRIP):
        connection.sendall(b"d")


def endless(connection: socket.socket, closing: threading.Event) -> None:
    """Chunk after chunk, as fast as they are taken."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not closing.is_set():
        connection.sendall(b"1000\r\n" + b"0" * 0x1000 + b"\r\n")


def silence(_: socket.socket, closing: threading.Event) -> None:
    """The connection is taken, and that is all."""
    closing.wait()
