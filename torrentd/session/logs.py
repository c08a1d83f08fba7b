"""How the log looks: one line per event, as text or as JSON, nothing in it unescaped.

Twisted's own messages ("Starting factory ...") appear from "warn" on; ours from the configured level on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
)

from torrentd.model.errors import RpcError
from torrentd.wire.escape import escape

Render = Callable[[LogEvent], str]

OURS = "torrentd"
"""The namespace above all of ours."""

ANSWERED = "twisted.web._websocket_impl"
"""Tells as an error, with the request as Python writes it, what is wrong with handshakes of others; they are told."""


class Levels:
    """What is written: each namespace of ours from its level on, or from that of the nearest above it."""

    def __init__(self) -> None:
        self.predicate = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
        self.predicate.setLogLevelForNamespace(ANSWERED, LogLevel.critical)

    def set(self, level: str, namespace: str = OURS) -> str:
        """The level that held there before. RpcError("invalid_params") if nothing of ours has that name."""
        if namespace != OURS and not namespace.startswith(f"{OURS}."):
            namespace = f"{OURS}.{namespace}"
        if namespace not in sys.modules:
            raise RpcError("invalid_params", f"namespace: nothing is called {namespace}", path="namespace")
        before: str = self.predicate.logLevelForNamespace(namespace).name
        self.predicate.setLogLevelForNamespace(namespace, LogLevel.levelWithName(level))
        return before


class LogOutput:
    """Where the log goes. Levels and format may change while the daemon runs; `journal` says who reads the text."""

    def __init__(
        self, stream: TextIO, level: str, format: str, journal: bool = False, levels: Levels | None = None
    ) -> None:
        self._stream = stream
        self._text = render_journal if journal else render_text
        self._levels = levels or Levels()
        predicates = [self._levels.predicate]
        self.observer: ILogObserver = FilteringLogObserver(self._write, predicates)  # type: ignore[arg-type]
        self.set(level, format)

    def set(self, level: str, format: str) -> None:
        """The level of everything of ours, and "text" or "json"."""
        self._levels.set(level)
        self._render: Render = render_json if format == "json" else self._text

    def _write(self, event: LogEvent) -> None:
        self._stream.write(self._render(event))
        self._stream.flush()


def leads_to_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether systemd made this very stream for its journal; shells in a desktop session inherit the variable too."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def render_text(event: LogEvent) -> str:
    """`2026-01-31 12:00:00 info  swarm: message`, the message escaped; a traceback follows on its own lines."""
    when = datetime.fromtimestamp(event["log_time"], UTC).astimezone()
    head = f"{when:%Y-%m-%d %H:%M:%S} {_level(event):5} {_place(event)}: "
    return head + _message(event) + "\n" + _traceback(event)


def render_journal(event: LogEvent) -> str:
    """For a journal, which knows the time: the priority in front (sd-daemon(3)), also of each line of a traceback."""
    mark = f"<{_PRIORITIES[_level(event)]}>"
    lines = [f"{_place(event)}: {_message(event)}", *_traceback(event).splitlines()]
    return "".join(f"{mark}{line}\n" for line in lines)


def render_json(event: LogEvent) -> str:
    """One JSON object a line: `time` (Unix seconds), `level`, `namespace`, `message`, `traceback` if there is one."""
    return json.dumps(facts(event)) + "\n"


def facts(event: LogEvent) -> dict[str, Any]:
    """What `render_json` writes of an event."""
    row: dict[str, Any] = {
        "time": round(event["log_time"], 3),
        "level": _level(event),
        "namespace": event.get("log_namespace", ""),
        "message": _message(event),
    }
    if traceback := _traceback(event):
        row["traceback"] = traceback
    return row


_PRIORITIES = {"debug": 7, "info": 6, "warn": 4, "error": 3, "critical": 2}


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return level.name if level is not None else "info"


def _place(event: LogEvent) -> str:
    return str(event.get("log_namespace", "-")).removeprefix("torrentd.")


def _message(event: LogEvent) -> str:
    if "failure" in event:  # of Twisted's older log, whose text is the traceback, too
        return escape(event.get("why") or "Unhandled error")
    return escape(formatEvent(event))


def _traceback(event: LogEvent) -> str:
    failure = event.get("log_failure") or event.get("failure")
    if failure is None:
        return ""
    return "".join(f"    {escape(line)}\n" for line in failure.getTraceback().splitlines())
