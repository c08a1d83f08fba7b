"""What a request that never reaches the core is told: an HTTP status, and a JSON-RPC error that says why."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from torrentd.rpc.core import envelope
from torrentd.rpc.core.errors import error_object


class Refusal(Struct, frozen=True):
    status: int
    name: str
    """the error's name in the API"""
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    delay: float = 0.0
    """seconds before it is said"""
    page: str = ""
    """HTML that is said instead of the JSON-RPC error"""

    @property
    def content_type(self) -> bytes:
        return b"text/html; charset=utf-8" if self.page else b"application/json"

    def body(self) -> bytes:
        if self.page:
            return self.page.encode()
        return envelope.error_answer(None, error_object(self.name, self.message))


NOT_FOUND: Final = Refusal(404, "invalid_request", "The API is at /rpc")
NOT_POST: Final = Refusal(405, "invalid_request", "Only POST", ((b"Allow", b"POST"),))
NOT_GET: Final = Refusal(405, "invalid_request", "Only GET", ((b"Allow", b"GET"),))
NOT_JSON: Final = Refusal(415, "invalid_request", "The content type must be application/json, without an encoding")
BODY_TOO_LARGE: Final = Refusal(413, "too_large", "A request is at most 48 MiB")
TOO_MUCH_AT_ONCE: Final = Refusal(413, "too_large", "The requests under way together are over 96 MiB")
FOREIGN_PAGE: Final = Refusal(403, "forbidden", "Pages of other origins may not call")
