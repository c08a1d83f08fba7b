"""`GET /healthz`, `/readyz` and `/metrics`: how the daemon is, for those who watch it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from torrentd.rpc.core.context import Scope
from torrentd.session.control import Control

if TYPE_CHECKING:
    from torrentd.rpc.pages.metrics import Metrics

HEALTH, READINESS, METRICS = b"/healthz", b"/readyz", b"/metrics"
EVENTS_PATH, WS_PATH = b"/events", b"/ws"
PAGES = frozenset({HEALTH, READINESS, METRICS})
SCOPES: Final[dict[bytes, Scope]] = {METRICS: "read", EVENTS_PATH: "read"}
"""What a credential must be good for; for what is not named every one will do. Over a WebSocket each call is judged."""

TEXT = b"text/plain; charset=utf-8"


class Page(NamedTuple):
    status: int
    content_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Pages:
    """`metrics`: whether there are any; `per_torrent`: also of each torrent."""

    def __init__(self, control: Control, *, metrics: bool = True, per_torrent: bool = False) -> None:
        self._control = control
        self._has_metrics, self._per_torrent = metrics, per_torrent
        self._metrics: Metrics | None = None

    def get(self, path: bytes) -> Page:
        """One of PAGES."""
        if path == METRICS:
            return self._numbers()
        if path == READINESS:
            return self._readiness()
        return Page(HTTPStatus.OK, TEXT, b"ok\n")  # who answers is alive

    def _readiness(self) -> Page:
        reason = self._control.unready()
        if reason is None:
            return Page(HTTPStatus.OK, TEXT, b"ready\n")
        return Page(HTTPStatus.SERVICE_UNAVAILABLE, TEXT, f"not ready: {reason}\n".encode())

    def _numbers(self) -> Page:
        if not self._has_metrics:
            return Page(HTTPStatus.NOT_FOUND, TEXT, b"metrics.enabled is false in the configuration\n")
        from torrentd.rpc.pages.metrics import CONTENT_TYPE, Metrics  # the library costs 50 ms to those who never ask

        if self._metrics is None:
            self._metrics = Metrics(self._control, self._per_torrent)
        return Page(HTTPStatus.OK, CONTENT_TYPE, self._metrics.text())
