"""A small TCP server in the test's own process: one thread accepts, one thread serves each connection.

Blocking sockets in threads make each script a text that is read from top to bottom. `close` shuts every socket, which
ends every thread; a script that failed by itself, and not because its socket was shut, fails the test then.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from typing import Self

JOIN = 5.0
"""Seconds a thread has to end once its socket is shut."""


class Server(ABC):
    """Listens on a port of its own at `host` from the beginning, until `close`."""

    def __init__(self, host: str) -> None:
        self._listening = socket.create_server((host, 0), backlog=512)
        self.host = host
        self.port: int = self._listening.getsockname()[1]
        self.connections: list[socket.socket] = []
        """every connection that came, in order"""
        self.closing = threading.Event()
        self._problems: list[Exception] = []
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    @abstractmethod
    def converse(self, connection: socket.socket) -> None:
        """One connection's script. An OSError is its normal end."""

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything; raises what a script raised."""
        self.closing.set()
        for each in (self._listening, *self.connections):
            _shut(each)
        for thread in self._threads:
            thread.join(JOIN)
            assert not thread.is_alive(), f"{thread.name} did not end"
        for problem in self._problems:
            raise problem

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections.append(connection)
            self._begin(self._run, connection)

    def _run(self, connection: socket.socket) -> None:
        try:
            self.converse(connection)
        except OSError:
            return
        except Exception as problem:
            self._problems.append(problem)
        finally:
            _shut(connection)

    def _begin(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name=type(self).__name__, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


def _shut(each: socket.socket) -> None:
    """Wake whoever waits for it, then close it."""
    with contextlib.suppress(OSError):  # it was not connected (any more)
        each.shutdown(socket.SHUT_RDWR)
    each.close()
