"""`torrent.wait`: callers that want to know when torrents have reached a state.

A wait looks only at its own torrents, and only when one of them changed its state, so that thousands of idle waits cost
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from torrentd.session.telling.rows import WaitFailure, WaitRow

Until = Literal["metadata", "download", "paused"]
Standing = Literal["done", "pending"] | WaitFailure
Judge = Callable[[str, Until], Standing]
"""How a torrent stands to what is waited for; must know removed torrents as failures."""


@dataclass(slots=True, eq=False)
class _Wait:
    ids: list[str]
    until: Until
    answer: Deferred[WaitRow] = field(default_factory=Deferred)
    timer: IDelayedCall | None = None


class Waits:
    """All waits under way."""

    def __init__(self, clock: IReactorTime, judge: Judge) -> None:
        self._clock = clock
        self._judge = judge
        self._by_id: dict[str, list[_Wait]] = {}

    def wait(self, ids: Sequence[str], until: Until, timeout: float) -> Deferred[WaitRow]:
        """Fires when every torrent has reached `until` or can no longer, or after `timeout` seconds."""
        wait = _Wait(list(dict.fromkeys(ids)), until)
        row = self._row(wait)
        if not row.pending or timeout <= 0:
            wait.answer.callback(row)
            return wait.answer
        for id in wait.ids:
            self._by_id.setdefault(id, []).append(wait)
        wait.timer = self._clock.callLater(timeout, self._answer, wait)
        return wait.answer

    def changed(self, id: str) -> None:
        """The torrent's state changed, or it is gone."""
        for wait in list(self._by_id.get(id, ())):
            if not self._row(wait).pending:
                self._answer(wait)

    def stop(self) -> None:
        """Answer everybody as at a time-out."""
        for waits in list(self._by_id.values()):
            for wait in list(waits):
                self._answer(wait)

    def _row(self, wait: _Wait) -> WaitRow:
        row = WaitRow([], [], [])
        for id in wait.ids:
            standing = self._judge(id, wait.until)
            if isinstance(standing, WaitFailure):
                row.failed.append(standing)
            else:
                (row.done if standing == "done" else row.pending).append(id)
        return row

    def _answer(self, wait: _Wait) -> None:
        for id in wait.ids:
            waits = self._by_id.get(id)
            if waits and wait in waits:
                waits.remove(wait)
                if not waits:
                    del self._by_id[id]
        if wait.timer is not None and wait.timer.active():
            wait.timer.cancel()
        if not wait.answer.called:
            wait.answer.callback(self._row(wait))
