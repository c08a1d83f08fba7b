"""`GET /ws`: JSON-RPC both ways over a WebSocket. Calls and batches as over HTTP; events come as notifications.

The handshake and the frames are Twisted's (`twisted.web.websocket`, which uses wsproto). What it does not do is done
here: messages over 1 MiB are refused before they are kept, mistakes of the other side close the connection instead of
being a traceback, and the HTTP channel under it goes on counting the connection.
"""

# mypy: allow-untyped-calls
# What is inherited from Twisted here carries no types.

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from h11 import ProtocolError
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.web.websocket import WebSocketResource, WebSocketTransport
from wsproto.utilities import LocalProtocolError, RemoteProtocolError
from zope.interface import implementer

from torrentd.model.errors import RpcError
from torrentd.rpc.core.api import Api
from torrentd.rpc.pages.pages import WS_PATH
from torrentd.rpc.serve.frames import FrameGuard, text_frame
from torrentd.rpc.streams.encoding import Notification, Wanted
from torrentd.rpc.streams.streams import Stream, Streams
from torrentd.session.events.log import Event
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.rpc.serve.http import RpcRequest

MAX_SUBSCRIPTIONS = 32
"""Of one connection."""
MAX_CALLS = 64
"""Calls of one connection that are not answered yet; then it is read no further."""

GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED, TOO_BIG, TRY_LATER = 1001, 1002, 1003, 1009, 1013
"""Close codes of RFC 6455 and IANA's registry."""

_encode = msgspec.json.Encoder().encode


def notification(event: Event) -> bytes:
    """One event, as a frame."""
    return text_frame(_encode(Notification(params=event)))


class Sockets:
    """Makes a WebSocket of a request that asks for one."""

    def __init__(self, api: Api, streams: Streams) -> None:
        self._api = api
        self._streams = streams
        self._resource = WebSocketResource(self)

    def buildProtocol(self, request: Any) -> Socket:
        return Socket(request, self._api, self._streams)

    def upgrade(self, request: RpcRequest) -> bytes | int:
        """Answer the handshake; a body if it is none."""
        request.path = WS_PATH  # Twisted takes a request apart where it looks for forms
        try:
            return self._resource.render_GET(request)
        except ProtocolError as error:
            return f"no WebSocket handshake: {escape(str(error))}".encode()


@implementer(IPushProducer)
class Socket:
    """One connection: a WebSocketProtocol, a Sink of events, and whom `events.subscribe` concerns."""

    def __init__(self, request: RpcRequest, api: Api, streams: Streams) -> None:
        self.paused = False
        self._channel = request.channel
        self._context = replace(request.context, subscriptions=self)
        self._api = api
        self._streams = streams
        self._guard = FrameGuard()
        self._subscribed: dict[str, Stream] = {}
        self._count = 0
        self._calls: dict[Deferred[Any], None] = {}
        self._closed = False

    # --- WebSocketProtocol

    def negotiationStarted(self, transport: WebSocketTransport) -> None:
        self._transport = transport

    def negotiationFinished(self) -> None:
        """The channel has given its bytes away; we stand between it and those who read them."""
        self._received = self._channel.dataReceived
        self._channel.become_stream(self._data_received, self._connection_lost)
        self._channel.registerProducer(self, True)

    def textMessageReceived(self, message: str) -> None:
        if self._closed:
            return
        answer = self._api.handle(message.encode("utf-8", "surrogatepass"), self._context)
        self._calls[answer] = None
        answer.addBoth(self._answered, answer)
        self._throttle()

    def bytesMessageReceived(self, data: bytes | bytearray) -> None:
        self._close(UNSUPPORTED)

    def pongReceived(self, payload: bytes) -> None:
        """It is alive, as its side of TCP says as well."""

    def connectionLost(self, reason: Failure) -> None:
        self._closed = True
        for stream in self._subscribed.values():
            self._streams.close(stream)
        self._subscribed.clear()
        for call in list(self._calls):
            call.cancel()

    def _data_received(self, data: bytes) -> None:
        if self._closed or not data:
            return
        if not self._guard.admits(data):
            self._close(TOO_BIG)
            return
        try:
            self._received(data)
        except RemoteProtocolError:
            self._close(PROTOCOL_ERROR)
        except LocalProtocolError:
            self._channel.abort()  # something came after the close
        if self._channel.transport.disconnecting:
            self._closed = True  # the other side said goodbye
            self._channel.linger()

    def _connection_lost(self, reason: Failure) -> None:
        self.connectionLost(reason)

    def _answered(self, answer: bytes | Failure | None, call: Deferred[Any]) -> None:
        del self._calls[call]
        if isinstance(answer, bytes):
            self.write(text_frame(answer))
        self._throttle()

    def _throttle(self) -> None:
        """Who has many calls under way is read again when some are answered."""
        if self._closed or self.paused:
            return
        if len(self._calls) >= MAX_CALLS:
            self._channel.hold()
        else:
            self._channel.release()

    def _close(self, code: int) -> None:
        if self._closed:
            return
        self._closed = True
        with suppress(LocalProtocolError):  # it is closed already
            self._transport.loseConnection(code)
        self._channel.linger()

    # --- events.subscribe and unsubscribe

    def subscribe(self, wanted: Wanted, interval: float) -> str:
        """Tell of these from now on. RpcError if there are too many."""
        if len(self._subscribed) >= MAX_SUBSCRIPTIONS or self._streams.full:
            raise RpcError("rate_limited", "There are too many subscriptions")
        cursor, _ = self._streams.place(None, wanted.topics)
        self._count += 1
        self._subscribed[str(self._count)] = self._streams.open(self, notification, wanted, cursor, interval)
        return str(self._count)

    def unsubscribe(self, subscription: str) -> bool:
        """Whether there was such a subscription."""
        stream = self._subscribed.pop(subscription, None)
        if stream is not None:
            self._streams.close(stream)
        return stream is not None

    # --- Sink

    def reads(self) -> bool:
        return not self.paused

    def write(self, data: bytes) -> None:
        if not self._closed:
            self._channel.write(data)

    def keep_alive(self) -> None:
        if not self._closed:
            self._transport.ping()

    def cut(self, reason: str) -> None:
        self._close(TRY_LATER)
        self._channel.abort()

    def stop(self) -> None:
        self._close(GOING_AWAY)

    # --- IPushProducer

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False
        for stream in self._subscribed.values():
            self._streams.resumed(stream)

    def stopProducing(self) -> None:
        self.paused = True
