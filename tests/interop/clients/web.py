"""HTTP calls to a client's own interface: one connection per call is enough for a test."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPConnection
from typing import NamedTuple

TIMEOUT = 10.0


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """names in lower case"""
    body: bytes


def request(
    host: str, port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """One exchange. Raises OSError when nobody listens."""
    connection = HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, found, response.read())
    finally:
        connection.close()
