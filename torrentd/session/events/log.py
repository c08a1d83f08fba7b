"""What happened, for whoever wants to be told: numbered events, of which the last ones are kept.

A cursor names a place in the log, `EPOCH-NUMBER`; the epoch is another in each run of the daemon, so that a cursor of
an earlier one is known to be stale. Events of LOSSY topics are many, and a later one makes up for an earlier: they are
kept apart and for a shorter time, and that some are gone is no gap. Only of "torrent.changed" it is one: fields that
nobody tells again may have changed.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Collection
from heapq import merge
from itertools import takewhile
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec

Topic = Literal[
    "torrent.added",
    "torrent.removed",
    "torrent.state",
    "torrent.metadata",
    "torrent.completed",
    "torrent.error",
    "torrent.moved",
    "torrent.file_completed",
    "torrent.changed",
    "stats",
    "tracker.error",
    "job",
    "config",
    "log",
]
TOPICS: tuple[Topic, ...] = get_args(Topic)
LOSSY: frozenset[Topic] = frozenset({"torrent.changed", "stats", "tracker.error", "log"})

KEPT = 10_000
"""Events that last: a script that looks every few minutes misses none."""
LOSSY_KEPT = 2_000
"""Events that do not: some ten seconds of a busy daemon."""


class Event(msgspec.Struct, frozen=True):
    """One thing that happened; `time` in Unix seconds."""

    cursor: str
    time: float
    topic: Topic
    data: dict[str, Any]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """An event that lasts, as it is kept: encoded, in a quarter of the memory that its objects take."""

    number: int
    time: float
    topic: Topic
    data: dict[str, Any]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Kept).decode


class Found(NamedTuple):
    """What came after a cursor; `cursor` is the one to ask with next. `gap`: some that last are gone already."""

    cursor: str
    events: list[Event]
    gap: bool


class Listener(NamedTuple):
    """Somebody who is told at once."""

    topics: frozenset[Topic]
    tell: Callable[[Event], None]


class EventLog:
    """The log, and those who listen."""

    def __init__(self, epoch: str) -> None:
        self._epoch = epoch
        self._count = 0
        self._lost = 0
        """the number of the last event that lasts and is not kept any more"""
        self._changes_lost = 0
        """the same of changes of rows; above all numbers while they are not told"""
        self._lasting: deque[bytes] = deque()
        self._lossy: deque[tuple[int, Event]] = deque(maxlen=LOSSY_KEPT)
        self.listeners: dict[Listener, None] = {}

    @property
    def cursor(self) -> str:
        """The present."""
        return f"{self._epoch}-{self._count}"

    def emit(self, topic: Topic, data: dict[str, Any], now: float) -> None:
        """It happened now (Unix seconds). Listeners are called, and must not raise."""
        self._count += 1
        event = Event(self.cursor, now, topic, data)
        if topic in LOSSY:
            if len(self._lossy) == LOSSY_KEPT and self._lossy[0][1].topic == "torrent.changed":
                self._changes_lost = max(self._changes_lost, self._lossy[0][0])
            self._lossy.append((self._count, event))
        else:
            self._lasting.append(_encode(_Kept(self._count, now, topic, data)))
            if len(self._lasting) > KEPT:
                self._lost = _decode(self._lasting.popleft()).number
        for listener in list(self.listeners):
            if topic in listener.topics:
                listener.tell(event)

    def after(self, cursor: str, topics: Collection[Topic]) -> Found:
        """What is kept of these topics since `cursor`. If that is none of ours, there is a gap before the present."""
        number = self._number(cursor)
        if number is None:
            return Found(self.cursor, [], True)
        events = [event for _, event in merge(self._lasting_after(number), self._lossy_after(number))]
        gap = number < self._lost and not LOSSY.issuperset(topics)
        gap = gap or (number < self._changes_lost and "torrent.changed" in topics)
        return Found(self.cursor, [event for event in events if event.topic in topics], gap)

    def changes_told(self, told: bool) -> None:
        """Whether changes of rows are events from now on; what changed before, or meanwhile, was not told."""
        self._count += 1
        self._changes_lost = self._count if told else sys.maxsize

    def listen(self, topics: Collection[Topic], tell: Callable[[Event], None]) -> Listener:
        """Be told of each event of these topics from now on, until `ignore`."""
        listener = Listener(frozenset(topics), tell)
        self.listeners[listener] = None
        return listener

    def ignore(self, listener: Listener) -> None:
        """Not any more; nothing happens if it is gone already."""
        self.listeners.pop(listener, None)

    def _number(self, cursor: str) -> int | None:
        epoch, _, number = cursor.rpartition("-")
        if epoch != self._epoch or not (number.isascii() and number.isdigit() and len(number) < 20):
            return None
        return int(number) if int(number) <= self._count else None

    def _lasting_after(self, number: int) -> list[tuple[int, Event]]:
        """Walked from the end: who polls misses little."""
        found: list[tuple[int, Event]] = []
        for kept in map(_decode, reversed(self._lasting)):
            if kept.number <= number:
                break
            found.append((kept.number, Event(f"{self._epoch}-{kept.number}", kept.time, kept.topic, kept.data)))
        return found[::-1]

    def _lossy_after(self, number: int) -> list[tuple[int, Event]]:
        found = list(takewhile(lambda item: item[0] > number, reversed(self._lossy)))
        return found[::-1]
