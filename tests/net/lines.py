"""Our transport on a real TCP connection within the process; the reactor's part is the test's."""

from __future__ import annotations

import select
import socket
from typing import Any

from twisted.python.failure import Failure

from tests.net.fakes import Reactor
from torrentd.net.buffers import Buffers
from torrentd.net.sockets import twisted_address
from torrentd.net.transport import DirectTransport


class Tape:
    """A receiver that records; it keeps what follows the last full stop for the next read."""

    def __init__(self) -> None:
        self.tail = b""
        self.reads: list[bytes] = []
        self.lost: list[BaseException | None] = []
        self.transport: Any = None
        self.paused: list[bool] = []

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataInto(self, view: memoryview, end: int) -> None:
        data = bytes(view[:end])
        self.reads.append(data)
        self.tail = data[data.rfind(b".") + 1 :]

    def connectionLost(self, reason: Failure) -> None:
        self.lost.append(reason.value)

    def pauseProducing(self) -> None:
        self.paused.append(True)

    def resumeProducing(self) -> None:
        self.paused.append(False)


class Line:
    """A transport with its receiver, and the other end as a plain blocking socket."""

    def __init__(self, buffers: Buffers | None = None, receiver: Any = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.far = socket.create_connection(listening.getsockname())
            near, _ = listening.accept()
        near.setblocking(False)
        self.far.settimeout(10)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        self.reactor = Reactor()
        self.tape = Tape()
        peer, host = twisted_address("TCP", near.getpeername()), twisted_address("TCP", near.getsockname())
        self.transport = DirectTransport(
            self.reactor, near, receiver or self.tape, buffers or Buffers(1024, 1024), peer, host
        )
        self.transport.start()

    def read(self) -> Any:
        """Wait until something can be read, then read as the reactor would."""
        select.select([self.transport.fileno()], [], [], 10)
        return self.transport.doRead()

    def drain(self, size: int) -> bytes:
        """Read at the far end while the near one writes, as the reactor would let it."""
        parts = []
        while size:
            readable, writable, _ = select.select([self.far], self.reactor.writers, [], 10)
            if writable:
                assert self.transport.doWrite() is None
            if readable:
                parts.append(self.far.recv(min(size, 65536)))
                size -= len(parts[-1])
            self.reactor.advance(0)  # what found room without a wait goes on by a timer
        return b"".join(parts)

    def available(self) -> bytes:
        """What is there at the far end by now."""
        parts = []
        while select.select([self.far], [], [], 0)[0]:
            parts.append(self.far.recv(65536))
        return b"".join(parts)
