"""What a page in a browser may not do to a daemon on the same machine.

DNS rebinding: a foreign name that resolves to us is told by its `Host`, which must be an IP literal, `localhost` or a
name the configuration allows. Cross-site requests are told by `Origin` and `Sec-Fetch-Site`, which a page cannot forge.
There is no CORS header anywhere, so that a browser asks no further.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from twisted.web.http_headers import Headers

from torrentd.rpc.serve.refusal import FOREIGN_PAGE, Refusal

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
OWN_SITES: Final = frozenset({b"same-origin", b"none"})  # "none": typed or bookmarked by the user
PARSED_HOSTS = 256  # a client sends the same header with each request


class BrowserRules:
    """The rules for requests over TCP."""

    def __init__(self, server_names: Iterable[str]) -> None:
        self._names = frozenset({"localhost", *(name.lower() for name in server_names)})

    def refusal(self, headers: Headers) -> Refusal | None:
        """Why these headers are not acceptable; None if they are."""
        host = self._known_host(headers)
        if host is None:
            return _misdirected(headers)
        origins = headers.getRawHeaders(b"origin") or ()
        if not all(_same_origin(origin, host) for origin in origins):
            return FOREIGN_PAGE
        sites = headers.getRawHeaders(b"sec-fetch-site") or ()
        return None if OWN_SITES.issuperset(sites) else FOREIGN_PAGE

    def misdirected(self, headers: Headers) -> Refusal | None:
        """The refusal of a request that was not meant for a server of our names."""
        return _misdirected(headers) if self._known_host(headers) is None else None

    def _known_host(self, headers: Headers) -> Host | None:
        hosts = headers.getRawHeaders(b"host") or ()
        host = _parse(hosts[0]) if len(hosts) == 1 else None
        return host if host is not None and (_is_ip(host[0]) or host[0] in self._names) else None


def _misdirected(headers: Headers) -> Refusal:
    hosts = headers.getRawHeaders(b"host") or ()
    given = hosts[0].decode("ascii", "backslashreplace") if len(hosts) == 1 else "no single name"
    return Refusal(
        421, "forbidden", f"This server is not known as {given}; the configuration key rpc.server_names lists its names"
    )


Host = tuple[str, int | None]


@lru_cache(PARSED_HOSTS)
def _parse(raw: bytes) -> Host | None:
    """The name in lower case (an IPv6 literal without brackets) and the port; None for what is no Host header."""
    try:
        parts = urlsplit("//" + raw.decode("ascii"))
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return name, port


@lru_cache(PARSED_HOSTS)
def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same_origin(origin: bytes, host: Host) -> bool:
    scheme, _, rest = origin.partition(b"://")
    default = DEFAULT_PORTS.get(scheme.decode("ascii", "replace").lower())
    parsed = _parse(rest) if default is not None else None
    if parsed is None:
        return False
    return (parsed[0], parsed[1] or default) == (host[0], host[1] or default)
