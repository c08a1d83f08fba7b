"""What systemd is told (sd_notify(3)): ready, reloading, stopping, a line of status, and that we are alive.

One datagram each, to the socket that NOTIFY_SOCKET names; without that variable (no systemd, or Type=simple) every
call does nothing. A notification that cannot be sent is not worth more than a line in the log.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any, Final

from twisted.logger import Logger

MICROSECONDS: Final = 1_000_000


class Notify:
    """Notifies the service manager. `environment` is the process's (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID)."""

    def __init__(self, reactor: Any, environment: Mapping[str, str], pid: int | None = None) -> None:
        self._reactor = reactor
        self._address = _socket_name(environment.get("NOTIFY_SOCKET", ""))
        self._interval = _watchdog_interval(environment, os.getpid() if pid is None else pid)
        self._next: Any = None

    def ready(self, status: str = "") -> None:
        """Everything listens; the watchdog is fed from now on."""
        self._send("READY=1", *_status(status))
        if self._interval is not None and self._next is None:
            self._feed()

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(*_status(text))

    def reloading(self, now: float) -> None:
        """The configuration is read again; `ready` ends it. `now`: seconds of CLOCK_MONOTONIC."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(now * MICROSECONDS)}")

    def stopping(self) -> None:
        """The end has begun; the watchdog is not fed any more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._send("STOPPING=1")

    def _feed(self) -> None:
        """From the reactor's timer: a reactor that hangs is what the watchdog is there for."""
        assert self._interval is not None
        self._next = self._reactor.callLater(self._interval, self._feed)
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)
                out.sendto("\n".join(lines).encode(), self._address)
        except OSError as problem:
            _log.warn("systemd could not be notified: {problem}", problem=problem.strerror)


def _socket_name(text: str) -> str:
    """A path, or `@name` for one without a file (abstract), whose first byte is NUL. Others are not ours to speak."""
    if text.startswith("@"):
        return "\0" + text[1:]
    return text if text.startswith("/") else ""


def _watchdog_interval(environment: Mapping[str, str], pid: int) -> float | None:
    """Half of the time in which systemd wants a sign of life, as sd_watchdog_enabled(3) advises; None for no watchdog
    or one that is meant for another process."""
    wanted = environment.get("WATCHDOG_USEC", "")
    if not (wanted.isascii() and wanted.isdigit()) or int(wanted) == 0:
        return None
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    return int(wanted) / MICROSECONDS / 2


def _status(text: str) -> tuple[str, ...]:
    """A status is one line; more would be read as further assignments."""
    return ("STATUS=" + " ".join(text.split()),) if text else ()


_log = Logger()
