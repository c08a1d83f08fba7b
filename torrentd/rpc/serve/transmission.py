"""The door of Transmission's RPC: what its clients expect before the first call is answered.

Who shows the token and calls us by one of our names is told a session id, and has to show that as well. A page of
another site can send requests, but it cannot read the id, for there is no CORS header; so the origin of a request and
the type of its content, which clients say in many ways, mean nothing here.
"""

from __future__ import annotations

from html import escape
from typing import Final

from twisted.web.http_headers import Headers

from torrentd.rpc.pages import web
from torrentd.rpc.serve.refusal import NOT_POST, Refusal
from torrentd.rpc.transmission.handshake import SessionIds
from torrentd.rpc.transmission.settings import RPC_VERSION_SEMVER

TRANSMISSION_PATHS: Final = frozenset({b"/transmission/rpc", b"/transmission/rpc/"})
CHALLENGES: Final = ((b"WWW-Authenticate", b'Basic realm="Transmission"'),)
_SESSION_ID: Final = "X-Transmission-Session-Id"

_PAGE: Final = """<h1>409: Conflict</h1>
<p>Your request had an invalid session id. Send it again with this header, which every request needs: it keeps pages of
other sites from calling.</p>
<p><code>{header}: {id}</code></p>
"""


_READING: Final = frozenset({b"GET", b"HEAD"})
_ONLY_READING: Final = Refusal(405, "invalid_request", "Only GET", ((b"Allow", b"GET, HEAD"),))


def is_meant(uri: bytes) -> bool:
    """Whether this is for Transmission's RPC or its web client."""
    return uri in TRANSMISSION_PATHS or web.is_meant(uri)


def refusal(method: bytes, uri: bytes, headers: Headers, ids: SessionIds) -> Refusal | None:
    """Why a request of somebody with the token is not acceptable; None if it is."""
    if uri not in TRANSMISSION_PATHS:
        return None if method in _READING else _ONLY_READING
    shown = headers.getRawHeaders(_SESSION_ID.encode()) or ()
    if len(shown) != 1 or not ids.known(shown[0].strip()):
        return _conflict(ids.current)
    return None if method == b"POST" else NOT_POST


def _conflict(id: str) -> Refusal:
    told = ((_SESSION_ID.encode(), id.encode()), (b"X-Transmission-Rpc-Version", RPC_VERSION_SEMVER.encode()))
    page = _PAGE.format(header=_SESSION_ID, id=escape(id))
    return Refusal(409, "forbidden", "A session id is needed", told, page=page)


def accepts_gzip(headers: Headers) -> bool:
    """Whether an answer may be packed (RFC 9110, 12.5.3)."""
    for line in headers.getRawHeaders(b"accept-encoding") or ():
        for offer in line.decode("latin-1").lower().split(","):
            name, _, weight = offer.partition(";")
            if name.strip() == "gzip" and weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
                return True
    return False
