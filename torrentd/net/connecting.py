"""One outgoing TCP connect without waiting for it: the kernel says "writable" when it is decided."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ILoggingContext, IWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from torrentd.model.address import Address
from torrentd.net.buffers import Buffers
from torrentd.net.sockets import check_reserve, source_address, stream_socket, twisted_address
from torrentd.net.transport import DirectTransport


@implementer(IWriteDescriptor, ILoggingContext)
class Connecting:
    """`connected` fires with the protocol once it is connected; errback ConnectError, TimeoutError (Twisted's), or
    CancelledError after a cancel. Nothing of the attempt outlives it."""

    def __init__(
        self, reactor: Any, factory: Any, address: Address, timeout: float, bind: str, buffers: Buffers
    ) -> None:
        self.connected: Deferred[Any] = Deferred(lambda _: self._close())
        self._reactor = reactor
        self._factory = factory
        self._address = address
        self._buffers = buffers
        self._socket: socket.socket | None = None
        self._deadline = reactor.callLater(timeout, self._fail, error.TimeoutError())
        try:
            self._begin(bind)
        except OSError as problem:
            # never inside the caller's call: he has not got the Deferred yet
            self._deadline.cancel()
            self._deadline = reactor.callLater(0, self._fail, _connect_error(problem))

    def _begin(self, bind: str) -> None:
        host, port = self._address
        source = source_address(bind, host)
        self._socket = stream_socket(host)
        check_reserve(self._socket)
        if source:
            self._socket.bind((source, 0))
        code = self._socket.connect_ex((host, port))
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))
        self._reactor.addWriter(self)

    def doWrite(self) -> None:
        """The connect is decided. Called by the reactor."""
        assert self._socket is not None
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._fail(_connect_error(OSError(code, os.strerror(code))))
            return
        try:
            peer = twisted_address("TCP", self._socket.getpeername())
            host = twisted_address("TCP", self._socket.getsockname())
        except OSError as problem:  # connected and gone already
            self._fail(_connect_error(problem))
            return
        protocol = self._factory.buildProtocol(peer)
        if protocol is None:
            self._fail(error.ConnectError(string="not wanted any more"))
            return
        connected = self._release()
        DirectTransport(self._reactor, connected, protocol, self._buffers, peer, host).start()
        self.connected.callback(protocol)

    def _release(self) -> socket.socket:
        """Stop watching; the socket is the caller's."""
        assert self._socket is not None
        self._reactor.removeWriter(self)
        if self._deadline.active():
            self._deadline.cancel()
        taken, self._socket = self._socket, None
        return taken

    def _close(self) -> None:
        if self._socket is not None:
            self._release().close()
        elif self._deadline.active():
            self._deadline.cancel()

    def _fail(self, reason: Exception) -> None:
        self._close()
        self.connected.errback(Failure(reason))

    def connectionLost(self, reason: Failure) -> None:
        """The reactor saw the attempt fail before it called doWrite, or it stops."""
        if self._socket is not None:
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._fail(_connect_error(OSError(code, os.strerror(code))) if code else error.ConnectError())

    def fileno(self) -> int:
        return -1 if self._socket is None else self._socket.fileno()

    def logPrefix(self) -> str:
        return f"connect to {self._address}"


def _connect_error(problem: OSError) -> error.ConnectError:
    return error.ConnectError(problem.errno, problem.strerror or str(problem))
