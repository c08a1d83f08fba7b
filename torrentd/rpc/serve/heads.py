"""Heads of requests that a connection has sent before.

A client that keeps its connection sends the same head with each call. What its lines mean follows from its bytes alone,
so they are taken apart once; whether the request may come in is asked each time. A third of the cost of a small call.
"""

from __future__ import annotations

from msgspec import Struct
from twisted.web.http_headers import Headers

MAX_HEAD = 1024
"""Bytes of a head that is kept; those of programs have 100 to 400."""
MAX_KEPT = 8
"""Heads of one connection: calls of different lengths have different ones."""

_END = b"\r\n\r\n"


class Head(Struct, frozen=True):
    """What a head says. `headers` belong to many requests: nobody changes them."""

    command: bytes
    path: bytes
    version: bytes
    headers: Headers
    length: int
    """of the body"""


class Heads:
    """Those of one connection; all are forgotten when there are too many."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def keep(self, data: bytes, head: Head) -> None:
        """`data` was one whole request with this head, and nothing else."""
        size = len(data) - head.length
        if size > MAX_HEAD:
            return
        if len(self._known) >= MAX_KEPT:
            self._known.clear()
        self._known[data[:size]] = head

    def find(self, data: bytes) -> tuple[Head, bytes] | None:
        """Head and body, if `data` is one whole request with a head that was kept."""
        size = data.find(_END, 0, MAX_HEAD) + len(_END)
        head = self._known.get(data[:size])
        return (head, data[size:]) if head is not None and len(data) == size + head.length else None
