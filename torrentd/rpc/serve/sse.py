"""`GET /events`: events as they happen, as server-sent events (WHATWG HTML, 9.2), which any HTTP client can read.

    GET /events?topics=torrent.state,torrent.completed&ids=HASH,HASH&since=CURSOR

Each event has the cursor as its id, so a browser that reconnects sends it as `Last-Event-ID` and misses nothing. A
place that is not known any more is told as an event named "gap".
"""

# mypy: allow-untyped-calls
# What is inherited from Twisted here carries no types.

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from torrentd.model.errors import RpcError
from torrentd.rpc.core import schema
from torrentd.rpc.core.converting import convert
from torrentd.rpc.streams.encoding import Wanted
from torrentd.rpc.streams.streams import Stream, Streams
from torrentd.session.events.log import TOPICS, Event

if TYPE_CHECKING:
    from torrentd.rpc.serve.http import RpcRequest

RETRY = 3000
"""Milliseconds after which a browser connects again."""
_LISTS = frozenset({"topics", "ids"})

_encode = msgspec.json.Encoder().encode


def message(event: Event) -> bytes:
    """One event; JSON holds no newline."""
    return b"id: %b\ndata: %b\n\n" % (event.cursor.encode(), _encode(event))


@implementer(IPushProducer)
class EventStream:
    """One connection that is told of events until either side has enough."""

    def __init__(self, request: RpcRequest, streams: Streams) -> None:
        self.paused = False
        self._request = request
        self._streams = streams
        self._stream: Stream | None = None

    def begin(self) -> None:
        """RpcError: the query says nothing that can be told."""
        params = _params(self._request)
        if self._streams.full:
            raise RpcError("rate_limited", "Too many connections are told of events already")
        cursor, gap = self._streams.place(params.since, frozenset(params.topics or TOPICS))
        self._request.begin_stream(b"text/event-stream")
        self._request.registerProducer(self, True)
        self.write(b"retry: %d\n\n" % RETRY)
        if gap:
            self.write(b"event: gap\nid: %b\ndata: {}\n\n" % cursor.encode())
        ids = None if params.ids is None else frozenset(id.lower() for id in params.ids)
        self._stream = self._streams.open(self, message, Wanted(frozenset(params.topics or TOPICS), ids), cursor)
        self._request.notifyFinish().addBoth(self._gone)

    def _gone(self, _: object) -> None:
        if self._stream is not None:
            self._streams.close(self._stream)

    # --- Sink

    def reads(self) -> bool:
        return not self.paused

    def write(self, data: bytes) -> None:
        self._request.write(data)

    def keep_alive(self) -> None:
        self._request.write(b":\n\n")

    def cut(self, reason: str) -> None:
        self._request.channel.abort()

    def stop(self) -> None:
        self._request.unregisterProducer()
        self._request.finish()

    # --- IPushProducer

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False
        if self._stream is not None:
            self._streams.resumed(self._stream)

    def stopProducing(self) -> None:
        self.paused = True


def _params(request: RpcRequest) -> schema.Listen:
    """What the query asks for, and a browser's header for where it was. RpcError("invalid_params")."""
    try:
        query = request.uri.partition(b"?")[2].decode("ascii")
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=8)
    except ValueError:
        raise RpcError("invalid_params", "The query cannot be read") from None
    given: dict[str, object] = {name: value.split(",") if name in _LISTS else value for name, value in pairs}
    last = request.requestHeaders.getRawHeaders(b"last-event-id")
    if last:
        given["since"] = last[-1].decode("latin-1")
    return convert(given, schema.Listen)
