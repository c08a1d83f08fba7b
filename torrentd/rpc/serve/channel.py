"""One HTTP connection: Twisted's `HTTPChannel` with deadlines that a trickle of bytes does not move.

Twisted restarts its one idle time-out with every byte. Here each stage has a deadline of its own: the headers of a
request, its body, a connection at rest, and one that is being closed. Only while we answer there is none, since a long
poll may be silent for minutes.
"""

# mypy: allow-untyped-calls
# What is inherited from Twisted here carries no types.

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request

from torrentd.rpc.core.context import Context
from torrentd.rpc.serve.admission import Admission
from torrentd.rpc.serve.capacity import Bodies, Connections
from torrentd.rpc.serve.deadline import Deadline
from torrentd.rpc.serve.heads import Head, Heads

HEADERS_TIMEOUT = 10.0  # from the first byte, or from the connection, to the end of the headers
BODY_TIMEOUT = 30.0  # from there to the end of the body
IDLE_TIMEOUT = 300.0  # between two requests of a caller who proved itself
CLOSING_TIMEOUT = 5.0  # for the other side to read a refusal, or to take the last answer


class Surroundings(Protocol):
    """What the connections of one listening socket share."""

    reactor: IReactorTime
    admission: Admission
    connections: Connections
    bodies: Bodies
    resource: Any


class RpcChannel(HTTPChannel):
    site: Surroundings
    transport: Any
    _streams = False
    """it is no longer asked, but told"""
    context: Context | None = None
    """the rights that the connection itself proves, or that its last request has proved"""
    _arrived = b""
    """what arrived at once, while its first request may be all of it"""

    def connectionMade(self) -> None:
        super().connectionMade()
        self._receiving = False
        self._heads = Heads()
        self._deadline = Deadline(self.site.reactor, self.abort)
        self._allow(HEADERS_TIMEOUT)
        self.context = self.site.admission.connected(self.transport)
        self.site.connections.add(self, stranger=self.context is None)

    def dataReceived(self, data: bytes) -> None:
        self._receiving, self._renewed = True, False
        known = self._heads.find(data) if self._rests else None
        if known is not None:
            self._request_received(*known)
        else:
            self._arrived = data if self._rests else b""
            LineReceiver.dataReceived(self, data)  # not HTTPChannel's, which would restart a time-out
        self._receiving = False
        if self._allowance == IDLE_TIMEOUT and not self._renewed:
            self._allow(HEADERS_TIMEOUT)  # a request has begun
        elif self._renewed:
            self._deadline.set(self._allowance)

    def allHeadersReceived(self) -> None:
        self._allow(BODY_TIMEOUT)
        super().allHeadersReceived()

    def allContentReceived(self) -> None:
        self._allow(math.inf)
        if self._arrived:
            self._keep_head()
        super().allContentReceived()

    def requestDone(self, request: Request) -> None:
        self._allow(IDLE_TIMEOUT if self.persistent else CLOSING_TIMEOUT)  # first: pipelined bytes may follow inside
        super().requestDone(request)

    def pauseProducing(self) -> None:
        """The other side does not read its answers: take no further request from it, not even one received already.

        Twisted goes on reading if this happens while it answers a request, which for quick answers is always.
        """
        super().pauseProducing()
        self.paused = True
        self._networkProducer.pauseProducing()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self.paused = False
        if self._streams:
            self.release()  # Twisted reads nothing while an answer is not complete
        self.dataReceived(b"")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._deadline.stop()
        self.site.connections.remove(self)
        super().connectionLost(reason)

    def authorised(self, context: Context) -> None:
        """The request that just began has shown a credential."""
        self.context = context
        self.site.connections.authorised(self)

    def linger(self) -> None:
        """A refusal was written; the other side may be sending still, and reads it only afterwards."""
        self._allow(CLOSING_TIMEOUT)

    def begin_stream(self) -> None:
        """The answer in hand has no end; the other side is read meanwhile, to see whether it is still there."""
        self._streams = True

    def become_stream(self, received: Callable[[bytes], None], lost: Callable[[Failure], None]) -> None:
        """Bytes are for somebody else from now on; the connection is still counted here."""
        self.begin_stream()

        def lost_for_both(reason: Failure = connectionDone) -> None:
            lost(reason)
            RpcChannel.connectionLost(self, reason)

        self.dataReceived = received  # type: ignore[assignment, method-assign]
        self.connectionLost = lost_for_both  # type: ignore[method-assign]

    def hold(self) -> None:
        """Read nothing for now."""
        self._networkProducer.pauseProducing()

    def release(self) -> None:
        """Read on."""
        self._networkProducer.resumeProducing()

    def drain(self) -> None:
        """Close as soon as the answer in hand is out; now, if there is none."""
        self.persistent = False
        if self._allowance != math.inf:
            self._allow(CLOSING_TIMEOUT)
            self.loseConnection()

    def abort(self) -> None:
        self.transport.abortConnection()

    @property
    def _rests(self) -> bool:
        """Nothing of a request is here, and one may come."""
        return not (self.requests or self._buffer or self._busyReceiving or self.paused) and bool(self.persistent)

    def _request_received(self, head: Head, body: bytes) -> None:
        """What Twisted does with the lines of a head, when they are known."""
        request = self.requestFactory(self, len(self.requests))
        self.requests.append(request)
        request.requestHeaders = head.headers
        self._command, self._path, self._version, self.length = head.command, head.path, head.version, head.length
        request.gotLength(head.length)
        if body:
            request.handleContentChunk(body)
        self.allContentReceived()

    def _keep_head(self) -> None:
        """Of the request that is here, if nothing else came with it, and it did not ask for more than an answer."""
        arrived, self._arrived = self._arrived, b""
        headers = self.requests[-1].requestHeaders
        if self._buffer or any(self._dataBuffer) or self.length is None or not self.persistent:
            return
        if not headers.hasHeader(b"expect"):
            self._heads.keep(arrived, Head(self._command, self._path, self._version, headers, self.length))

    def _allow(self, seconds: float) -> None:
        """What happens next may take this long. While bytes are being parsed only the last word counts."""
        self._allowance, self._renewed = seconds, True
        if not self._receiving:
            self._deadline.set(seconds)
