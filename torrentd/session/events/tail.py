"""The daemon's own log as events: what it writes, from "info" on, once somebody wanted to know."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from zope.interface import implementer

from torrentd.session.logs import facts

if TYPE_CHECKING:
    from torrentd.session.events.events import Events


@implementer(ILogObserver)
class Tail:
    """Listens to Twisted's log publisher from the first `attach` on: writing is cheap, and kept for a short time."""

    def __init__(self, events: Events, reactor: IReactorFromThreads) -> None:
        self._events = events
        self._reactor = reactor
        self._thread = 0
        self._attached = False

    def attach(self) -> None:
        if not self._attached:
            self._attached, self._thread = True, get_ident()
            globalLogPublisher.addObserver(self)

    def detach(self) -> None:
        if self._attached:
            self._attached = False
            globalLogPublisher.removeObserver(self)

    def __call__(self, event: LogEvent) -> None:
        if str(event.get("log_namespace", "")).startswith("torrentd") and event["log_level"] >= LogLevel.info:
            row = facts(event)
            del row["time"]  # the event has its own
            if get_ident() == self._thread:
                self._tell(row)
            else:
                self._reactor.callFromThread(self._tell, row)

    def _tell(self, row: dict[str, Any]) -> None:
        self._events.tell("log", **row)
