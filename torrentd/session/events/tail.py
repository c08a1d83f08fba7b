"""The daemon's own log as events: what it writes, from "info" on, once somebody wanted to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from zope.interface import implementer

from torrentd.session.logs import facts

if TYPE_CHECKING:
    from torrentd.session.events.events import Events


@implementer(ILogObserver)
class Tail:
    """Listens to Twisted's log publisher from the first `attach` on: writing is cheap, and kept for a short time."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._attached = False

    def attach(self) -> None:
        if not self._attached:
            self._attached = True
            globalLogPublisher.addObserver(self)

    def detach(self) -> None:
        if self._attached:
            self._attached = False
            globalLogPublisher.removeObserver(self)

    def __call__(self, event: LogEvent) -> None:
        if str(event.get("log_namespace", "")).startswith("torrentd") and event["log_level"] >= LogLevel.info:
            row = facts(event)
            del row["time"]  # the event has its own
            self._events.tell("log", **row)
