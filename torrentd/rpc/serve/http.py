"""The RPCs and pages over HTTP: refused on its headers, or received within bounds, handed to the core, and answered.

A refusal is written at once; the rest of the body is read and dropped, so that a client in the middle of sending gets
to read why, and then the connection is closed. Bodies are kept in memory and never parsed as forms.

The resource of `txjsonrpc_ng.web` is not used: its `render` is what has to go (it answers notifications, takes any
content type and any size, sends Python's words to the caller), and importing it installs a reactor. What it is built
on, the look-up and the introspection of `txjsonrpc_ng.jsonrpc`, is used in `rpc.core.registry`.
"""

# mypy: allow-untyped-calls
# What is inherited from Twisted here carries no types.

from __future__ import annotations

import gzip
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import http, resource, server
from twisted.web.http import NO_CONTENT, OK, datetimeToString  # the module itself is slow to ask: it has deprecations

from torrentd.model.address import Address
from torrentd.model.errors import RpcError
from torrentd.rpc.core.api import Api
from torrentd.rpc.core.context import Context
from torrentd.rpc.core.envelope import error_answer
from torrentd.rpc.core.errors import describe
from torrentd.rpc.pages.pages import EVENTS_PATH, SCOPES, TEXT, WS_PATH, Page, Pages
from torrentd.rpc.pages.web import WebFiles
from torrentd.rpc.pages.web import is_meant as is_web
from torrentd.rpc.serve.admission import Admission, path_of
from torrentd.rpc.serve.capacity import MAX_BODY, Bodies, Connections
from torrentd.rpc.serve.channel import RpcChannel
from torrentd.rpc.serve.refusal import BODY_TOO_LARGE, TOO_MUCH_AT_ONCE, Refusal
from torrentd.rpc.serve.sse import EventStream
from torrentd.rpc.serve.transmission import TRANSMISSION_PATHS, accepts_gzip
from torrentd.rpc.streams.streams import Streams
from torrentd.rpc.transmission.api import Transmission

if TYPE_CHECKING:
    from torrentd.rpc.serve.websocket import Sockets

_log = Logger()

JOINED = 64 * 1024  # bytes; copying a larger answer to put a head before it costs more than a second write
WORTH_PACKING = 1024  # bytes; what is shorter fits into a packet or two anyway
PACKING = 1  # of 9: a list of torrents becomes a tenth with any of them, and this one takes a third of the time

_USUAL_HEAD = (
    b"HTTP/1.1 200 OK\r\nDate: %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"Cache-Control: no-store\r\n\r\n"
)


class RpcRequest(server.Request):
    """One request. Exactly one of `context` and a refusal comes out of its headers."""

    channel: RpcChannel
    context: Context

    def __init__(self, channel: RpcChannel, queued: object) -> None:
        super().__init__(channel, queued)
        self._bodies = channel.site.bodies
        self._body = BytesIO()
        self._held = 0
        self._refused = self._said = self._received = self._gone = False
        self._later: IDelayedCall | None = None
        self._running: Deferred[bytes | None] | None = None
        self._packs = False

    def gotLength(self, length: int | None) -> None:
        """All headers are here, no byte of the body is. `length` is None for a chunked body."""
        channel = self.channel
        self.method, self.uri, self.clientproto = channel._command, channel._path, channel._version
        verdict = channel.site.admission.judge(self.method, self.uri, self.requestHeaders, channel.context, self.client)
        if isinstance(verdict, Refusal):
            self._refuse(verdict)
            return
        self.context = verdict
        channel.authorised(verdict)
        if length is not None and length > MAX_BODY:
            self._refuse(BODY_TOO_LARGE)

    def handleContentChunk(self, data: bytes) -> None:
        if self._refused:
            return
        if self._held + len(data) > MAX_BODY:
            self._refuse(BODY_TOO_LARGE)
        elif not self._bodies.take(len(data)):
            self._refuse(TOO_MUCH_AT_ONCE)
        else:
            self._held += len(data)
            self._body.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The whole body is here. Twisted's own method would look for forms in it."""
        self._received = True
        if self._refused:
            self._finish_refusal()
        else:
            self.render(self.channel.site.resource)

    def take_body(self) -> bytes:
        """The body, which is not kept here any longer; its size still counts until the answer is out."""
        body, self._body = self._body.getvalue(), BytesIO()
        return body

    def answer(self, running: Deferred[bytes | None], packed: bool = False) -> None:
        """Write what comes out of this, and give it up if the caller goes away. `packed`: with gzip, if it is large."""
        self._running = running
        self._packs = packed
        running.addCallbacks(self._answered, self._failed)

    def show(self, page: Page) -> None:
        """Write a whole page."""
        self._release()
        self.setResponseCode(page.status, HTTPStatus(page.status).phrase.encode())
        for name, value in page.headers:
            self.responseHeaders.addRawHeader(name, value)
        self._write_whole(page.body, page.content_type)
        self.finish()

    def begin_stream(self, content_type: bytes) -> None:
        """Answer with what has no end."""
        self._release()
        headers = self.responseHeaders
        headers.setRawHeaders(b"Content-Type", [content_type])
        headers.setRawHeaders(b"Cache-Control", [b"no-store"])
        headers.setRawHeaders(b"X-Accel-Buffering", [b"no"])  # nginx would wait for more
        self.channel.begin_stream()

    def connectionLost(self, reason: Failure) -> None:
        super().connectionLost(reason)
        self._gone = True
        self._release()
        if self._later is not None:
            self._later.cancel()
        if self._running is not None:
            self._running.cancel()

    def _answered(self, answer: bytes | None) -> None:
        self._running = None
        self._release()
        if self._gone:
            return
        if answer is None:
            self.setResponseCode(NO_CONTENT)
        elif self._packs and len(answer) >= WORTH_PACKING:
            self._write_packed(answer)
        elif self.channel.persistent and self.clientproto == b"HTTP/1.1":
            self._write_usual(answer)
        else:
            self._write_whole(answer)
        self.finish()

    def _write_usual(self, body: bytes) -> None:
        """What `_write_whole` would send of an answer to nearly every request, without an object for each header."""
        self.startedWriting = 1
        self.sentLength = len(body)
        head = _USUAL_HEAD % (datetimeToString(), len(body))
        if len(body) <= JOINED:
            self.channel.write(head + body)
        else:
            self.channel.write(head)
            self.channel.write(body)

    def _failed(self, failure: Failure) -> None:
        """The core turns every error into an answer; what arrives here was cancelled, or is a bug in it."""
        self._running = None
        if not self._gone:
            _log.failure("An RPC request has no answer", failure)
            self.channel.abort()

    def _refuse(self, refusal: Refusal) -> None:
        self._refused = True
        self._release()
        self.channel.persistent = False
        self.requestHeaders.removeHeader(b"Expect")  # nobody is asked to go on
        if refusal.delay:
            self._later = self.channel.site.reactor.callLater(refusal.delay, self._say, refusal)
        else:
            self._say(refusal)

    def _say(self, refusal: Refusal) -> None:
        self._later = None
        self._said = True
        self.setResponseCode(refusal.status, HTTPStatus(refusal.status).phrase.encode())
        self.setHeader(b"Connection", b"close")
        for name, value in refusal.headers:
            self.responseHeaders.addRawHeader(name, value)
        self._write_whole(refusal.body(), refusal.content_type)
        self.channel.linger()
        self._finish_refusal()

    def _finish_refusal(self) -> None:
        if self._said and self._received:
            self.finish()

    def _write_packed(self, body: bytes) -> None:
        self.responseHeaders.setRawHeaders(b"Content-Encoding", [b"gzip"])
        self._write_whole(gzip.compress(body, PACKING, mtime=0))

    def _write_whole(self, body: bytes, content_type: bytes = b"application/json") -> None:
        headers = self.responseHeaders
        headers.setRawHeaders(b"Date", [datetimeToString()])
        headers.setRawHeaders(b"Content-Type", [content_type])
        headers.setRawHeaders(b"Content-Length", [b"%d" % len(body)])
        headers.setRawHeaders(b"Cache-Control", [b"no-store"])
        self.write(body)

    def _release(self) -> None:
        self._bodies.release(self._held)
        self._held = 0
        self._body = BytesIO()


class Offered(Struct, frozen=True):
    """What there is to ask: our own API, that of Transmission, pages, the files of a web client, and events."""

    api: Api
    transmission: Transmission
    pages: Pages
    web: WebFiles
    streams: Streams


class RpcResource(resource.Resource):
    """Asks it."""

    isLeaf = True

    def __init__(self, offered: Offered) -> None:
        super().__init__()
        self._offered = offered
        self._sockets: Sockets | None = None

    def render(self, request: RpcRequest) -> int:
        if request.uri in TRANSMISSION_PATHS:
            running = self._offered.transmission.handle(request.take_body(), request.context)
            request.answer(running, packed=accepts_gzip(request.requestHeaders))
        elif is_web(request.uri):
            request.show(self._offered.web.page(request.uri))
        elif request.method == b"GET":
            self._read(request, path_of(request.uri))
        else:
            request.answer(self._offered.api.handle(request.take_body(), request.context))
        return server.NOT_DONE_YET

    def _read(self, request: RpcRequest, path: bytes) -> None:
        try:
            request.context.require(SCOPES.get(path), path.decode())
        except RpcError as error:
            request.show(_refused(HTTPStatus.FORBIDDEN, error))
            return
        if path == EVENTS_PATH:
            self._tell_events(request)
        elif path == WS_PATH:
            self._upgrade(request)
        else:
            request.show(self._offered.pages.get(path))

    def _upgrade(self, request: RpcRequest) -> None:
        from torrentd.rpc.serve.websocket import Sockets  # wsproto and h11 are 3 MiB, and nothing to most

        if self._sockets is None:
            self._sockets = Sockets(self._offered.api, self._offered.streams)
        said = self._sockets.upgrade(request)
        if isinstance(said, bytes):
            request.show(Page(HTTPStatus.BAD_REQUEST, TEXT, said + b"\n"))

    def _tell_events(self, request: RpcRequest) -> None:
        try:
            EventStream(request, self._offered.streams).begin()
        except RpcError as error:
            status = HTTPStatus.SERVICE_UNAVAILABLE if error.name == "rate_limited" else HTTPStatus.BAD_REQUEST
            request.show(_refused(status, error))


def _refused(status: HTTPStatus, error: RpcError) -> Page:
    return Page(status, b"application/json", error_answer(None, describe(error, "a page")))


class RpcSite(server.Site):
    """What one listening socket makes connections from."""

    protocol = RpcChannel  # type: ignore[assignment]
    noisy = False

    def __init__(
        self, offered: Offered, admission: Admission, connections: Connections, bodies: Bodies, reactor: IReactorTime
    ) -> None:
        super().__init__(RpcResource(offered), requestFactory=RpcRequest, reactor=reactor)
        self.timeOut = None  # the channel keeps deadlines of its own
        self.admission = admission
        self.connections = connections
        self.bodies = bodies

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A channel, or None for a connection that is closed at once."""
        if addr is None or self.connections.full or not self.admission.accepts(addr):
            return None
        return super().buildProtocol(addr)

    def startFactory(self) -> None:
        """No access log: Twisted's own dates its lines by the reactor's clock, which is not the calendar's."""

    def stopFactory(self) -> None:
        pass

    def log(self, request: http.Request) -> None:
        """Refusals only: a line of each call would cost more than many a call. Without the query, in which somebody may
        have put a token."""
        if request.code == OK:
            return
        _log.debug(
            "{method} {path} {code} from {peer}",
            method=request.method.decode("ascii", "backslashreplace"),
            path=path_of(request.uri).decode("ascii", "backslashreplace"),
            code=int(request.code),
            peer=_shown(request.client),
        )

    def acceptableProtocols(self) -> list[bytes]:
        return [b"http/1.1"]  # our channel speaks nothing newer


def _shown(peer: IAddress) -> str:
    return str(Address(peer.host, peer.port)) if isinstance(peer, IPv4Address | IPv6Address) else "the unix socket"
