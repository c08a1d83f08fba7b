"""The other side of a loopback connection, in a process of its own: it sends or takes as fast as it can."""

from __future__ import annotations

import multiprocessing
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from benchmarks.sizes import MIB

_FORK = multiprocessing.get_context("fork")  # nothing to pickle, and no second import of everything


@dataclass(frozen=True, slots=True)
class Stream:
    """What is sent: `data`, again and again, until the receiver goes."""

    data: bytes


@contextmanager
def feeding(stream: Stream) -> Iterator[socket.socket]:
    """A connection on which the stream arrives."""
    with _connected(lambda connection: _feed(connection, stream)) as connection:
        yield connection


@contextmanager
def draining() -> Iterator[socket.socket]:
    """A connection whose other side takes everything."""
    with _connected(_drain) as connection:
        yield connection


def _feed(connection: socket.socket, stream: Stream) -> None:
    while True:
        connection.sendall(stream.data)


def _drain(connection: socket.socket) -> None:
    buffer = bytearray(MIB)
    while connection.recv_into(buffer):
        pass


@contextmanager
def _connected(work: Callable[[socket.socket], None]) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = _FORK.Process(target=_run, args=(work, server.getsockname()), daemon=True)
        other.start()
        connection, _ = server.accept()
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection
    finally:
        connection.close()
        other.terminate()
        other.join()


def _run(work: Callable[[socket.socket], None], address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection, suppress(ConnectionError):
        work(connection)  # until the measured side has seen enough
