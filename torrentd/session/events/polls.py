"""`events.poll`: callers that wait for the next event."""

from __future__ import annotations

from collections.abc import Collection

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from torrentd.session.events.log import Event, EventLog, Found, Topic


class Polls:
    """All that wait."""

    def __init__(self, clock: IReactorTime, log: EventLog) -> None:
        self._clock = clock
        self._log = log
        self._waiting: dict[_Poll, None] = {}

    def poll(self, since: str | None, topics: Collection[Topic], timeout: float) -> Deferred[Found]:
        """Fires with what came after `since` (None: the present), as soon as there is something or a gap, and after
        `timeout` seconds at the latest. May be cancelled."""
        cursor = self._log.cursor if since is None else since
        found = self._log.after(cursor, topics)
        poll = _Poll(self, cursor, topics)
        if found.events or found.gap or timeout <= 0:
            poll.answer.callback(found)
            return poll.answer
        self._waiting[poll] = None
        poll.begin(self._clock, self._log, timeout)
        return poll.answer

    def stop(self) -> None:
        """Answer everybody as at a time-out."""
        for poll in list(self._waiting):
            poll.finish()

    def over(self, poll: _Poll) -> None:
        self._waiting.pop(poll, None)


class _Poll:
    def __init__(self, polls: Polls, cursor: str, topics: Collection[Topic]) -> None:
        self.answer: Deferred[Found] = Deferred(self._cancelled)
        self._polls, self._cursor, self._topics = polls, cursor, topics
        self._timer: IDelayedCall | None = None

    def begin(self, clock: IReactorTime, log: EventLog, timeout: float) -> None:
        self._clock, self._log = clock, log
        self._listener = log.listen(self._topics, self._heard)
        self._timer = clock.callLater(timeout, self.finish)

    def finish(self) -> None:
        self._leave()
        self.answer.callback(self._log.after(self._cursor, self._topics))

    def _heard(self, _: Event) -> None:
        """What else comes of the same cause is told with it."""
        self._log.ignore(self._listener)
        if self._timer is not None:
            self._timer.reset(0)

    def _cancelled(self, _: Deferred[Found]) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._timer is None:
            return
        self._polls.over(self)
        self._log.ignore(self._listener)
        if self._timer.active():
            self._timer.cancel()
        self._timer = None
