"""Decides on the headers alone whether a request may come in, and with which rights.

Two doors: over TCP a request needs an acceptable `Host`, no foreign page behind it and the token; on the unix socket
the connection itself says who calls. At both `POST /rpc` with JSON comes in, and GET for what is only read. Over TCP
there is Transmission's RPC as well, which has rules of its own.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from twisted.internet.interfaces import IAddress
from twisted.web.http_headers import Headers

from torrentd.model.address import Scope, scope
from torrentd.rpc.core.context import Context, Grant
from torrentd.rpc.core.tokens import Tokens
from torrentd.rpc.pages.pages import EVENTS_PATH, PAGES, WS_PATH
from torrentd.rpc.serve import transmission
from torrentd.rpc.serve.authentication import Failures, peer_context, shown
from torrentd.rpc.serve.browsers import BrowserRules
from torrentd.rpc.serve.refusal import NOT_FOUND, NOT_GET, NOT_JSON, NOT_POST, Refusal
from torrentd.rpc.transmission.handshake import SessionIds

RPC_PATH = b"/rpc"
READ_PATHS = PAGES | {EVENTS_PATH, WS_PATH}
"""what is only read"""

_CHALLENGES = (
    (b"WWW-Authenticate", b'Bearer realm="torrentd"'),
    (b"WWW-Authenticate", b'Basic realm="torrentd", charset="UTF-8"'),
)


class Admission(Protocol):
    """The door of one listening socket."""

    def accepts(self, address: IAddress) -> bool:
        """Whether anything from this address is listened to at all."""

    def connected(self, transport: Any) -> Context | None:
        """The rights that a new connection proves by itself; None if each request has to prove its own."""

    def judge(
        self, method: bytes, uri: bytes, headers: Headers, known: Context | None, address: IAddress
    ) -> Context | Refusal:
        """Whether this request may come in. `known` is what `connected` or the last request on it proved."""


class UnixAdmission:
    """Callers on the unix socket. `Host` and `Origin` mean nothing here: no page can reach it."""

    def __init__(self) -> None:
        self._own_uid = os.geteuid()

    def accepts(self, address: IAddress) -> bool:
        return True

    def connected(self, transport: Any) -> Context | None:
        return peer_context(transport.getHandle(), self._own_uid)

    def judge(
        self, method: bytes, uri: bytes, headers: Headers, known: Context | None, address: IAddress
    ) -> Context | Refusal:
        assert known is not None
        return _shape(method, uri, headers) or known


class TcpAdmission:
    """Callers over TCP. Without TLS only loopback and the trusted proxies are listened to: a token must not cross a
    network in the clear."""

    def __init__(
        self,
        tokens: Tokens,
        server_names: Iterable[str],
        trusted_proxies: Iterable[str],
        encrypted: bool,
        seconds: Callable[[], float],
        session_ids: SessionIds,
    ) -> None:
        self._tokens = tokens
        self._session_ids = session_ids
        self._rules = BrowserRules(server_names)
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted_proxies]
        self._encrypted = encrypted
        self._failures = Failures(seconds)

    def accepts(self, address: IAddress) -> bool:
        host = _host(address)
        return self._encrypted or scope(host) is Scope.LOOPBACK or self._is_proxy(host)

    def connected(self, transport: Any) -> Context | None:
        return None

    def judge(
        self, method: bytes, uri: bytes, headers: Headers, known: Context | None, address: IAddress
    ) -> Context | Refusal:
        if transmission.is_meant(uri):
            verdict = self._authorised(headers, known, address, transmission.CHALLENGES)
            if isinstance(verdict, Refusal):
                return verdict
            return (
                self._rules.misdirected(headers)
                or transmission.refusal(method, uri, headers, self._session_ids)
                or verdict
            )
        refusal = self._rules.refusal(headers) or _shape(method, uri, headers)
        return refusal or self._authorised(headers, known, address, _CHALLENGES)

    def _authorised(
        self, headers: Headers, known: Context | None, address: IAddress, challenges: tuple[tuple[bytes, bytes], ...]
    ) -> Context | Refusal:
        authorization = headers.getRawHeaders(b"authorization") or ()
        grant = self._granted(authorization)
        if grant is not None:
            return known if known is not None and known.grant is grant else Context(_host(address), grant)
        if not authorization:
            return Refusal(401, "forbidden", "A token is needed: Authorization: Bearer TOKEN", challenges)
        delay = self._failures.delay(self._source(headers, _host(address)))
        return Refusal(401, "forbidden", "The token is wrong, or not valid any more", challenges, delay)

    def _granted(self, authorization: Sequence[bytes]) -> Grant | None:
        secret = shown(authorization)
        return None if secret is None else self._tokens.grant(secret)

    def _source(self, headers: Headers, host: str) -> str:
        """Where a request comes from: a trusted proxy's word for it, else the connection."""
        forwarded = headers.getRawHeaders(b"x-forwarded-for")
        if not forwarded or not self._is_proxy(host):
            return host
        return forwarded[-1].rpartition(b",")[2].strip().decode("ascii", "replace") or host

    def _is_proxy(self, host: str) -> bool:
        try:
            ip = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(ip in network for network in self._proxies)


def _host(address: IAddress) -> str:
    """The IP address; one that came in by a dual-stack socket as the IPv4 address it is."""
    return str(getattr(address, "host", "")).removeprefix("::ffff:")


def _shape(method: bytes, uri: bytes, headers: Headers) -> Refusal | None:
    if uri != RPC_PATH:
        return _reading(method, uri)
    if method != b"POST":
        return NOT_POST
    types = headers.getRawHeaders(b"content-type") or ()
    if len(types) != 1 or not _is_json(types[0]):
        return NOT_JSON
    return NOT_JSON if headers.hasHeader(b"content-encoding") else None


def _reading(method: bytes, uri: bytes) -> Refusal | None:
    if path_of(uri) not in READ_PATHS:
        return NOT_FOUND
    return None if method == b"GET" else NOT_GET


def path_of(uri: bytes) -> bytes:
    """Without the query."""
    return uri.partition(b"?")[0]


def _is_json(content_type: bytes) -> bool:
    if content_type == b"application/json":
        return True
    kind, *parameters = (part.strip().lower() for part in content_type.split(b";"))
    utf8 = (b"", b"charset=utf-8", b'charset="utf-8"')
    return kind == b"application/json" and all(parameter in utf8 for parameter in parameters)
