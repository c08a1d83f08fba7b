"""HTTP/1.1 over TCP or TLS, by `http.client`."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from urllib.parse import urlsplit

from torrentd.rpc.unix_link import NotHttp, Reply, excerpt


class UrlLink:
    """One keep-alive connection, with the promises of UnixLink."""

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=timeout)

    @property
    def sock(self) -> socket.socket | None:
        return self._connection.sock

    def connect(self) -> None:
        self._connection.connect()

    def close(self) -> None:
        self._connection.close()

    def post(self, target: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Reply:
        connection = self._connection
        connection.sock.settimeout(seconds)
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request("POST", target, body, dict(headers))
            response = connection.getresponse()  # refused while we were still sending? then the reason is waiting
            return Reply(response.status, response.reason, response.read())
        except IncompleteRead:
            raise ConnectionResetError from None
        except HTTPException as error:
            if isinstance(error, ConnectionError):
                raise  # RemoteDisconnected is both
            raise NotHttp(excerpt(str(error)) if str(error) else type(error).__name__) from None
