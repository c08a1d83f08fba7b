"""A synchronous JSON-RPC 2.0 client over a unix socket or http(s): for torrentctl, and for any script.

One keep-alive connection, the standard library only, no Twisted; what only a URL needs is imported for one. A
connection that the daemon closed while it was idle is noticed *before* the next request is written (an idle socket that
is readable has ended), so no call is ever sent twice. Retrying after a failure was rejected: nobody can know whether
the lost call had been carried out.

Whatever goes wrong is one of five families, so that callers decide by type, never by text.
"""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from torrentd.rpc.unix_link import NotHttp, Reply, UnixLink

if TYPE_CHECKING:
    from urllib.parse import SplitResult

DEFAULT_TIMEOUT = 30.0
"""Seconds for connecting, and for each silence of the daemon while it answers."""

_FORBIDDEN = -32001
_UNAUTHORIZED = 401
_REFUSALS = frozenset({_UNAUTHORIZED, 403, 421})
"""HTTP statuses of a daemon that will not listen to us: no or a wrong token, a foreign origin, an unknown Host."""


class ClientError(Exception):
    """What the families share: the text is one line for the user."""


class CannotConnect(ClientError):
    """Nobody answers at the endpoint, or the connection was lost before the answer."""


class Denied(ClientError):
    """The daemon, or the mode of its socket, does not let us."""


class TimedOut(ClientError):
    """No answer in time; whether the call was carried out is unknown."""


class BadAnswer(ClientError):
    """The other side does not speak our JSON-RPC."""


class RpcFailed(ClientError):
    """The daemon answered with an error. `name` is the API's name of the code, such as "torrent_not_found", or ""."""

    def __init__(self, code: int, message: str, data: dict[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.name = str(data.get("name", ""))
        self.message = message
        self.data = data


class Link(Protocol):
    """A connection that carries one exchange after the other; what it raises, `UnixLink` says."""

    @property
    def sock(self) -> socket.socket | None: ...
    def connect(self) -> None: ...
    def close(self) -> None: ...
    def post(self, target: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Reply: ...


class UnixEndpoint(NamedTuple):
    """The daemon's socket on this machine; its mode and our uid are the credential."""

    path: str

    def __str__(self) -> str:
        return self.path

    def link(self, timeout: float) -> Link:
        return UnixLink(self.path, timeout)

    def headers(self) -> dict[str, str]:
        return {}

    @property
    def target(self) -> str:
        return "/rpc"


class UrlEndpoint:
    """A daemon by http or https; `token` is sent as a bearer token. ValueError for a URL that cannot be one."""

    def __init__(self, url: str, token: str | None = None, token_file: str = "") -> None:
        self.url = url
        self.token = token
        self.token_file = token_file
        """from where the token is, to be told when it is refused"""
        parts = split(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not an http or https URL")
        if "@" in parts.netloc:
            raise ValueError("a URL with a user or password in it would show the token to everyone on this machine")
        _ = parts.port  # ValueError when it is not a port

    def __str__(self) -> str:
        return self.url

    def link(self, timeout: float) -> Link:
        from torrentd.rpc.url_link import UrlLink

        return UrlLink(self.url, timeout)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def target(self) -> str:
        path = split(self.url).path
        return path if path.strip("/") else "/rpc"


Endpoint = UnixEndpoint | UrlEndpoint


def split(url: str) -> SplitResult:
    """`urlsplit`, imported when a URL is there."""
    from urllib.parse import urlsplit

    return urlsplit(url)


class Client:
    """Calls to one daemon, one after the other. Not for several threads at once."""

    def __init__(self, endpoint: Endpoint, timeout: float = DEFAULT_TIMEOUT) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._link: Link | None = None
        self._serial = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def connect(self) -> None:
        """Make sure that there is a live connection. Raises CannotConnect or Denied."""
        self._live()

    def _live(self) -> Link:
        if self._link is not None and _has_ended(self._link.sock):
            self.close()
        if self._link is None:
            link = self.endpoint.link(self.timeout)
            try:
                link.connect()
            except PermissionError:
                raise Denied(f"{self.endpoint}: permission denied") from None
            except (OSError, UnicodeError) as error:
                raise CannotConnect(f"{self.endpoint}: {_words(error)}") from None
            self._link = link
        return self._link

    def close(self) -> None:
        """Drop the connection; the next call opens a new one."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def call(self, method: str, params: Any = None, *, timeout: float | None = None) -> Any:
        """The result of one call. `params` is a dict, a list or None; `timeout` replaces the client's for this call.

        Raises one of the five families.
        """
        self._serial += 1
        request: dict[str, Any] = {"jsonrpc": "2.0", "id": self._serial, "method": method}
        if params is not None:
            request["params"] = params
        try:
            reply = self._exchange(json.dumps(request).encode(), timeout or self.timeout)
        except BaseException:
            self.close()  # half a conversation cannot be continued, not even after ^C
            raise
        return self._result(reply)

    def _exchange(self, request: bytes, seconds: float) -> Reply:
        link = self._live()
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self.endpoint.headers()}
        try:
            return link.post(self.endpoint.target, request, headers, seconds)
        except TimeoutError:
            raise TimedOut(f"{self.endpoint}: no answer within {seconds:g} s") from None
        except ConnectionError:
            raise CannotConnect(f"{self.endpoint}: the connection was lost before the answer") from None
        except NotHttp as error:
            raise BadAnswer(f"{self.endpoint}: the answer is not HTTP: {error}; is this torrentd?") from None
        except OSError as error:
            raise BadAnswer(f"{self.endpoint}: {_words(error)}") from None

    def _result(self, reply: Reply) -> Any:
        status, reason, body = reply
        answer = _parse(body)
        failure = _failure(answer)
        if status in _REFUSALS:
            origin = f" (the token is from {self._token_file})" if status == _UNAUTHORIZED and self._token_file else ""
            raise Denied(f"{self.endpoint}: {failure or f'HTTP {status} {reason}'}{origin}")
        if failure is not None:
            raise Denied(failure.message) if failure.code == _FORBIDDEN else failure
        if status != 200 or answer is None:
            raise BadAnswer(f"{self.endpoint}: HTTP {status} {reason}, and no JSON-RPC answer; is this torrentd?")
        if "result" not in answer or answer.get("id") != self._serial:
            raise BadAnswer(f"{self.endpoint}: an answer that is not to our call")
        return answer["result"]

    @property
    def _token_file(self) -> str:
        return self.endpoint.token_file if isinstance(self.endpoint, UrlEndpoint) else ""


def _has_ended(sock: socket.socket | None) -> bool:
    """Whether an idle connection is unusable: nothing may arrive between two calls but its end."""
    if sock is None:
        return True
    poll = select.poll()  # select() cannot do descriptors over 1023
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _failure(answer: dict[str, Any] | None) -> RpcFailed | None:
    """The error that an answer carries, if it carries a well-formed one."""
    error = answer.get("error") if answer else None
    if not isinstance(error, dict):
        return None
    code, message, data = error.get("code"), error.get("message"), error.get("data")
    if type(code) is not int or not isinstance(message, str):
        return None
    return RpcFailed(code, message, data if isinstance(data, dict) else {})


def _words(error: Exception) -> str:
    """The reason alone: no errno, no Python class unless it is all there is."""
    untrusted = getattr(error, "verify_message", "")  # of ssl.SSLCertVerificationError
    if untrusted:
        return f"the certificate is not trusted: {untrusted}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error) or type(error).__name__
