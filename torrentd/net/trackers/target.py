"""A tracker URL taken apart once, so that what is checked, connected to and sent cannot differ."""

from __future__ import annotations

import base64
from typing import Final
from urllib.parse import SplitResult, quote, unquote_to_bytes, urljoin, urlsplit

from msgspec import Struct

from torrentd.model.errors import TrackerError

PORTS: Final = {"http": 80, "https": 443}

SAFE: Final = "/%?&=:@!$'()*+,;~[]-._"
"""What stays as it is in a path and query; escapes are left alone, spaces and non-ASCII letters become ones."""

LONGEST_SECRET: Final = 8
"""A path segment or query value from this length on may be a passkey; shorter words are words."""


MAGNET: Final = "magnet:"


class LeadsToMagnet(TrackerError):
    """The server redirects to `link`: of use to who asked for a torrent."""

    def __init__(self, link: str) -> None:
        super().__init__("the server redirects to a magnet link")
        self.link = link


class Target(Struct, frozen=True):
    """One http or https URL."""

    scheme: str
    host: str
    """an ASCII name or an IP literal without brackets"""
    port: int
    path: str
    request: str
    """path and query"""
    credentials: bytes
    """what goes into an `Authorization` header; empty if the URL had no user"""
    cookies: bytes = b""
    """what goes into a `Cookie` header"""

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def url(self) -> bytes:
        """The URL without user, password and fragment."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.request}".encode("ascii")


def parse(url: str) -> Target:
    """Take a URL apart. TrackerError if it is not http(s) or makes no sense."""
    try:
        parts = urlsplit(url)
        scheme, port = parts.scheme.lower(), parts.port
        host = _ascii(parts.hostname or "")
    except ValueError:
        raise TrackerError("the URL makes no sense") from None
    if scheme not in PORTS:
        raise TrackerError("the URL is not http, https or udp")
    if not host or port == 0:
        raise TrackerError("the URL names no host")
    path = quote(parts.path or "/", safe=SAFE)
    query = f"?{quote(parts.query, safe=SAFE)}" if parts.query else ""
    return Target(scheme, host, port or PORTS[scheme], path, path + query, _basic(parts))


def follow(target: Target, location: str) -> Target:
    """Where a redirect leads. Credentials stay with their origin, and a redirect brings none of its own. TrackerError,
    LeadsToMagnet."""
    if location[: len(MAGNET)].lower() == MAGNET:
        raise LeadsToMagnet(location)
    try:
        found = parse(urljoin(target.url.decode("ascii"), location))
    except ValueError:
        raise TrackerError("the server redirects to a URL that makes no sense") from None
    except TrackerError as problem:
        raise TrackerError(f"the server redirects, and {problem}") from None
    stays = found.origin == target.origin
    credentials, cookies = (target.credentials, target.cookies) if stays else (b"", b"")
    return Target(found.scheme, found.host, found.port, found.path, found.request, credentials, cookies)


def parse_udp(url: str) -> tuple[str, int]:
    """Host and port of a UDP tracker's URL. TrackerError if it lacks one."""
    try:
        parts = urlsplit(url)
        host, port = _ascii(parts.hostname or ""), parts.port
    except ValueError:
        raise TrackerError("the URL makes no sense") from None
    if not host or not port:
        raise TrackerError("the URL names no host and port")
    return host, port


def host_of(url: str) -> str:
    """The host a URL names, for caps and messages; "" if it names none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def without_secrets(text: str, url: str) -> str:
    """`text` (a tracker's words) without what may be a passkey in `url`: some trackers repeat it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return text
    words = [*parts.path.split("/"), *(pair.partition("=")[2] for pair in parts.query.split("&"))]
    for word in [*words, parts.password or ""]:
        if len(word) >= LONGEST_SECRET and not word.startswith(("announce", "scrape")):
            text = text.replace(word, "...")
    return text


def _ascii(host: str) -> str:
    """IDNA for international names. UnicodeError (a ValueError) for what is none."""
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _basic(parts: SplitResult) -> bytes:
    if not parts.username:
        return b""
    pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
    return b"Basic " + base64.b64encode(pair)
