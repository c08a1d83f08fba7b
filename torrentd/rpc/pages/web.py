"""The files of a web client, from one folder that the configuration names, under `/transmission/web/`.

They are data for a browser that holds our credentials, so it is told to take nothing else: no file but of this origin,
no guess of a type, no frame of another site around it. Nothing is followed that leads out of the folder: each component
of a path is opened in the one before it, and a symbolic link is not opened at all.
"""

from __future__ import annotations

import os
import stat
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_to_bytes

from torrentd.rpc.pages.pages import TEXT, Page

ROOT: Final = b"/transmission/web/"
_WITHOUT_SLASH: Final = frozenset({b"/transmission", b"/transmission/", b"/transmission/web"})
INDEX: Final = "index.html"
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a file: it is read in the reactor's thread, and web clients are a tenth of that altogether."""

_TYPES: Final = {
    "css": b"text/css; charset=utf-8",
    "gif": b"image/gif",
    "html": b"text/html; charset=utf-8",
    "ico": b"image/x-icon",
    "jpg": b"image/jpeg",
    "js": b"text/javascript; charset=utf-8",
    "json": b"application/json",
    "map": b"application/json",
    "png": b"image/png",
    "svg": b"image/svg+xml",
    "txt": b"text/plain; charset=utf-8",
    "webmanifest": b"application/manifest+json",
    "webp": b"image/webp",
    "woff": b"font/woff",
    "woff2": b"font/woff2",
}
_OTHER: Final = b"application/octet-stream"

_POLICY: Final = (
    b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
    b"form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
"""Clients set styles from their scripts; scripts come from files only."""

SAFE: Final = (
    (b"Content-Security-Policy", _POLICY),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"X-Frame-Options", b"DENY"),
    (b"Referrer-Policy", b"no-referrer"),
)
"""headers of every answer here"""

_FOLDER: Final = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe would hold us

DEEPEST: Final = 16
"""Components of a path: each is opened."""

MOVED: Final = Page(HTTPStatus.MOVED_PERMANENTLY, TEXT, b"", (*SAFE, (b"Location", ROOT)))
NOT_FOUND: Final = Page(HTTPStatus.NOT_FOUND, TEXT, b"There is no such file.\n", SAFE)
NOT_CONFIGURED: Final = Page(
    HTTPStatus.NOT_FOUND,
    TEXT,
    b"The configuration key web.folder names the folder of a web client; it is empty.\n",
    SAFE,
)


def is_meant(uri: bytes) -> bool:
    path = uri.partition(b"?")[0]
    return path.startswith(ROOT) or path in _WITHOUT_SLASH


class WebFiles:
    """The folder of a web client; an empty name: there is none."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def page(self, uri: bytes) -> Page:
        """What is at a request's target, for which `is_meant` is true."""
        path = uri.partition(b"?")[0]
        if not self._folder:
            return NOT_CONFIGURED
        if path in _WITHOUT_SLASH:
            return MOVED
        names = _names(path.removeprefix(ROOT))
        data = _read(self._folder, names) if names else None
        if names is None or data is None:
            return NOT_FOUND
        suffix = names[-1].rpartition(".")[2].lower()
        return Page(HTTPStatus.OK, _TYPES.get(suffix, _OTHER), data, SAFE)


def _names(path: bytes) -> list[str] | None:
    """The components of a path below the folder; None for one that no web client has."""
    try:
        names = [unquote_to_bytes(part).decode("utf-8") for part in path.split(b"/")]
    except UnicodeDecodeError:
        return None
    if not names[-1]:
        names[-1] = INDEX
    return names if len(names) <= DEEPEST and all(_is_plain(name) for name in names) else None


def _is_plain(name: str) -> bool:
    return bool(name) and not name.startswith(".") and name.isprintable() and not {"/", "\\"} & set(name)


def _read(folder: str, names: list[str]) -> bytes | None:
    """A regular file below a folder; None if there is none that may be read."""
    opened: list[int] = []
    try:
        opened.append(os.open(folder, _FOLDER))
        for name in names[:-1]:
            opened.append(os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=opened[-1]))
        opened.append(os.open(names[-1], _FILE, dir_fd=opened[-1]))
        found = os.fstat(opened[-1])
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            return None
        with open(opened[-1], "rb", closefd=False) as file:
            return file.read(LARGEST)
    except OSError:
        return None
    finally:
        for descriptor in opened:
            os.close(descriptor)
