"""The RPC as a whole: one API, listened for on a unix socket and over TCP.

Stopping is in the order that loses nothing: no new connections, long polls are told, answers in hand get a moment to
leave, then everything is closed.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IListeningPort

from torrentd.model.address import Address, Scope, scope
from torrentd.rpc.core.api import Api
from torrentd.rpc.core.tokens import Tokens
from torrentd.rpc.pages.pages import Pages
from torrentd.rpc.pages.web import WebFiles
from torrentd.rpc.serve import unix
from torrentd.rpc.serve.admission import Admission, TcpAdmission, UnixAdmission
from torrentd.rpc.serve.capacity import Bodies, Connections
from torrentd.rpc.serve.http import Offered, RpcSite
from torrentd.rpc.serve.listening import IN_USE, ListenError, held_by, tcp_holder, why
from torrentd.rpc.streams.streams import Streams
from torrentd.rpc.transmission.api import Transmission
from torrentd.session.control import Control

GRACE = 1.0  # seconds for the answers in hand to leave at a stop


class RpcOptions(Struct, frozen=True, kw_only=True):
    """Where and for whom to listen. None and "" mean: not."""

    unix_path: str | None = None
    unix_group: str = ""
    tcp_address: Address | None = None
    tls_certificate: str = ""
    tls_key: str = ""
    server_names: Sequence[str] = ()
    trusted_proxies: Sequence[str] = ()
    metrics: bool = True
    metrics_per_torrent: bool = False
    web_folder: str = ""
    """of a web client's files"""


class RpcServer:
    """Serves one daemon. `start` after the state lock is held."""

    def __init__(
        self,
        reactor: Any,
        control: Control,
        transmission: Transmission,
        tokens: Tokens,
        options: RpcOptions,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._reactor = reactor
        self._options = options
        self._environment = environment
        self._tokens = tokens
        self._api = Api(control, tokens)
        pages = Pages(control, metrics=options.metrics, per_torrent=options.metrics_per_torrent)
        self._transmission = transmission
        web, streams = WebFiles(options.web_folder), Streams(control, reactor)
        self._offered = Offered(self._api, transmission, pages, web, streams)
        self._connections = Connections()
        tokens.ended = self._connections.cut
        self._bodies = Bodies()
        self._ports: list[IListeningPort] = []
        self._made: tuple[str, int] | None = None
        """path and inode of the socket that is ours to remove"""

    def start(self) -> Deferred[None]:
        """Listen. ListenError names the configuration key, the address and, where it is known, who holds it."""
        return maybeDeferred(self._listen)

    def stop(self) -> Deferred[None]:
        """Fires when every connection is closed, soon after `GRACE` at the latest."""
        closed = self._close_ports()
        self._offered.streams.stop()
        for connection in self._connections:
            connection.drain()
        self._api.close()
        self._tokens.close()
        timer = self._reactor.callLater(GRACE, self._abort)
        return gatherResults([closed, self._connections.emptied()]).addBoth(_cancelling, timer)

    def addresses(self) -> list[str]:
        """Where it listens: HOST:PORT, and paths of unix sockets."""
        return [_shown(port.getHost()) for port in self._ports]

    def _listen(self) -> None:
        inherited = unix.inherited(self._environment)
        try:
            for passed in inherited:
                self._adopt(passed)
            if self._options.unix_path and not any(passed.family == socket.AF_UNIX for passed in inherited):
                self._listen_unix(self._options.unix_path)
            if self._options.tcp_address:
                self._listen_tcp(self._options.tcp_address)
        except Exception:
            self._close_ports()
            raise

    def _adopt(self, passed: socket.socket) -> None:
        if passed.family == socket.AF_UNIX:
            self._accept_from(passed)
        else:
            port = self._reactor.adoptStreamPort(passed.fileno(), passed.family, self._site(self._tcp_admission(False)))
            passed.close()  # the reactor has a duplicate
            self._ports.append(port)

    def _listen_unix(self, path: str) -> None:
        listening = unix.bind(path, self._options.unix_group)
        self._made = (path, Path(path).stat().st_ino)
        self._accept_from(listening)

    def _accept_from(self, listening: socket.socket) -> None:
        port = unix.UnixPort(listening, self._site(UnixAdmission()), self._reactor)
        port.startListening()
        self._ports.append(port)

    def _listen_tcp(self, address: Address) -> None:
        encrypted = bool(self._options.tls_certificate)
        if not encrypted and not self._options.trusted_proxies and scope(address.host) is not Scope.LOOPBACK:
            raise ListenError(f"rpc.tcp: {address} needs rpc.tls_certificate and rpc.tls_key, or rpc.trusted_proxies")
        site = self._site(self._tcp_admission(encrypted))
        try:
            if encrypted:
                port = self._reactor.listenSSL(address.port, site, self._certificate(), interface=address.host)
            else:
                port = self._reactor.listenTCP(address.port, site, interface=address.host)
        except CannotListenError as error:
            reason = why(error.socketError)
            holder = held_by(tcp_holder(address.port)) if reason == IN_USE else ""
            raise ListenError(f"rpc.tcp: {address} {reason}{holder}") from None
        self._ports.append(port)

    def _certificate(self) -> Any:
        from torrentd.rpc.serve.tls import certificate_options  # pyOpenSSL costs 30 ms and 10 MB to those without TLS

        return certificate_options(self._options.tls_certificate, self._options.tls_key)

    def _tcp_admission(self, encrypted: bool) -> TcpAdmission:
        options = self._options
        return TcpAdmission(
            self._tokens,
            options.server_names,
            options.trusted_proxies,
            encrypted,
            self._reactor.seconds,
            self._transmission.session_ids,
        )

    def _site(self, admission: Admission) -> RpcSite:
        return RpcSite(self._offered, admission, self._connections, self._bodies, self._reactor)

    def _close_ports(self) -> Deferred[Any]:
        ports, self._ports = self._ports, []
        if self._made is not None:
            unix.unlink(*self._made)
            self._made = None
        return gatherResults([maybeDeferred(port.stopListening) for port in ports])

    def _abort(self) -> None:
        for connection in self._connections:
            connection.abort()


def _cancelling(_: object, timer: IDelayedCall) -> None:
    if timer.active():
        timer.cancel()


def _shown(address: Any) -> str:
    if isinstance(address, UNIXAddress):
        return os.fsdecode(address.name or b"")
    return str(Address(address.host, address.port))
