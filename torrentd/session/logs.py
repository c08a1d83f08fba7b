"""How the log looks: one line per event, as text or as JSON, nothing in it unescaped.

Twisted's own messages ("Starting factory ...") appear from "warn" on; ours from the configured level on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
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

from torrentd.wire.escape import escape

Render = Callable[[LogEvent], str]


def observer(stream: TextIO, level: str, render: Render) -> tuple[ILogObserver, LogLevelFilterPredicate]:
    """An observer that writes to `stream`, and the predicate through which levels are changed at run time."""
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    set_level(levels, level)

    def write(event: LogEvent) -> None:
        stream.write(render(event))
        stream.flush()

    return FilteringLogObserver(write, [levels]), levels  # type: ignore[arg-type]


def set_level(levels: LogLevelFilterPredicate, level: str) -> None:
    """Set the level of everything of ours."""
    levels.setLogLevelForNamespace("torrentd", LogLevel.levelWithName(level))


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
    row: dict[str, Any] = {
        "time": round(event["log_time"], 3),
        "level": _level(event),
        "namespace": event.get("log_namespace", ""),
        "message": _message(event),
    }
    if traceback := _traceback(event):
        row["traceback"] = traceback
    return json.dumps(row) + "\n"


_PRIORITIES = {"debug": 7, "info": 6, "warn": 4, "error": 3, "critical": 2}


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return level.name if level is not None else "info"


def _place(event: LogEvent) -> str:
    return str(event.get("log_namespace", "-")).removeprefix("torrentd.")


def _message(event: LogEvent) -> str:
    return escape(formatEvent(event))


def _traceback(event: LogEvent) -> str:
    failure = event.get("log_failure")
    if failure is None:
        return ""
    return "".join(f"    {escape(line)}\n" for line in failure.getTraceback().splitlines())
