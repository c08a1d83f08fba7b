"""Who is told of events as they happen.

A stream keeps no events, only the place in the daemon's log up to which it was told, and asks the log for what came
since: when something happens, and again when its other side reads on after a pause. So a slow reader costs no memory;
what is not kept any more when it reads on is lost to it. If that is of the kind that lasts, the stream is cut.
Streams that are at the same place and want the same share what is read and encoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from torrentd.rpc.streams.encoding import Wanted, merged
from torrentd.session.control import Control
from torrentd.session.events.log import Event, Listener, Topic

MAX_STREAMS = 256
"""As many as calls that wait."""
MAX_WRITE = 64 * 1024
"""Bytes after which is looked whether the other side still reads."""
KEEP_ALIVE = 15.0
"""Seconds; proxies take a connection for dead after 30 or 60 of silence."""
PATIENCE = 2
"""Looks, KEEP_ALIVE apart, at which a stream may be found not to be read."""
BEAT = 1.0
"""Seconds between two tellings of what changes all the time."""
COALESCED: frozenset[Topic] = frozenset({"torrent.changed", "stats"})


Encode = Callable[[Event], bytes]
"""The same object for all sinks of a kind: they share what it makes."""


class Sink(Protocol):
    """The other side of a stream."""

    def reads(self) -> bool:
        """Whether it takes what is written."""

    def write(self, data: bytes) -> None: ...

    def keep_alive(self) -> None: ...

    def cut(self, reason: str) -> None:
        """It is too slow: close, and say why if there is a way."""

    def stop(self) -> None:
        """The daemon stops: close in good order."""


class Stream:
    """Tells one sink what it wants. What changes all the time is told every `interval` seconds."""

    def __init__(
        self, streams: Streams, sink: Sink, encode: Encode, wanted: Wanted, cursor: str, interval: float
    ) -> None:
        self.sink = sink
        self._encode = encode
        self._streams = streams
        self._interval = interval
        prompt = wanted if interval <= BEAT else Wanted(wanted.topics - COALESCED, wanted.ids)
        rest = Wanted(wanted.topics - prompt.topics, wanted.ids)
        self._parts = [_Part(part, cursor) for part in (prompt, rest) if part.topics]
        self._due = 0.0

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset(topic for part in self._parts for topic in part.wanted.topics)

    def pump(self, now: float) -> float | None:
        """Tell what came, as far as the sink reads; in how many seconds there is more to tell."""
        later = None
        for part in self._parts:
            if part.wanted.topics <= COALESCED and self._interval > BEAT:
                if now < self._due:
                    later = self._due - now
                    continue
                self._due = now + self._interval
            if not self._tell(part):
                break
        return later

    def _tell(self, part: _Part) -> bool:
        """False: the sink reads no more."""
        if not self.sink.reads():
            return False
        news = self._streams.news(part.cursor, part.wanted, self._encode)
        if news.gap:
            self.sink.cut("too slow: events were lost")
            return False
        for cursor, data in news.chunks:
            if not self.sink.reads():
                return False
            part.cursor = cursor
            self.sink.write(data)
        part.cursor = news.cursor
        return True


class _Part:
    """Up to where it was told of some topics."""

    def __init__(self, wanted: Wanted, cursor: str) -> None:
        self.wanted = wanted
        self.cursor = cursor


class News:
    """What came after a cursor, encoded: `chunks` of at most MAX_WRITE bytes or one event, each with the cursor to go
    on from."""

    def __init__(self, cursor: str, events: list[Event], gap: bool, encode: Encode) -> None:
        self.cursor, self.gap = cursor, gap
        self.chunks = list(_chunks(events, encode))


def _chunks(events: list[Event], encode: Encode) -> Iterable[tuple[str, bytes]]:
    parts: list[bytes] = []
    size, before = 0, ""
    for event in events:
        data = encode(event)
        if parts and size + len(data) > MAX_WRITE:
            yield before, b"".join(parts)
            parts, size = [], 0
        parts.append(data)
        size += len(data)
        before = event.cursor
    if parts:
        yield before, b"".join(parts)


class Streams:
    """All streams of a daemon."""

    def __init__(self, control: Control, clock: IReactorTime) -> None:
        self._control = control
        self._clock = clock
        self._open: dict[Stream, None] = {}
        self._silent: dict[Stream, int] = {}
        """looks at which they were found not to be read"""
        self._listener: Listener | None = None
        self._shared: dict[tuple[Any, ...], News] = {}
        self._flush: IDelayedCall | None = None
        self._looking: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._open)

    @property
    def full(self) -> bool:
        return len(self._open) >= MAX_STREAMS

    def place(self, since: str | None, topics: frozenset[Topic]) -> tuple[str, bool]:
        """Where a stream begins: at a cursor or (None) now, and whether what came after the cursor is lost."""
        found = self._control.events_after(since, topics)
        return (found.cursor, found.gap) if since is None or found.gap else (since, False)

    def open(self, sink: Sink, encode: Encode, wanted: Wanted, cursor: str, interval: float = BEAT) -> Stream:
        """Tell this sink from `cursor` on, until `close`."""
        stream = Stream(self, sink, encode, wanted, cursor, interval)
        self._open[stream] = None
        self._listen()
        if self._looking is None:
            self._looking = self._clock.callLater(KEEP_ALIVE, self._look)
        self._soon(0)
        return stream

    def close(self, stream: Stream) -> None:
        """Tell it nothing more; it may be closed already."""
        if self._open.pop(stream, stream) is stream:
            return
        self._silent.pop(stream, None)
        self._listen()
        if not self._open:
            self._rest()

    def resumed(self, stream: Stream) -> None:
        """Its sink reads again."""
        self._silent.pop(stream, None)
        self._soon(0)

    def stop(self) -> None:
        """The daemon stops."""
        for stream in list(self._open):
            stream.sink.stop()
            self.close(stream)

    def news(self, cursor: str, wanted: Wanted, encode: Encode) -> News:
        """What came after a cursor; read and encoded once in a turn."""
        key = cursor, wanted, encode
        if key not in self._shared:
            found = self._control.events_after(cursor, wanted.topics)
            gap = found.gap and self._control.events_after(cursor, wanted.topics - COALESCED).gap
            self._shared[key] = News(found.cursor, merged(wanted.of(found.events)), gap, encode)
        return self._shared[key]

    def _listen(self) -> None:
        """Be told of what anybody wants."""
        topics = frozenset(topic for stream in self._open for topic in stream.topics)
        if self._listener is not None and self._listener.topics == topics:
            return
        before, self._listener = self._listener, None
        if topics:
            self._listener = self._control.listen(topics, self._heard)
        if before is not None:
            self._control.ignore(before)

    def _heard(self, _: Event) -> None:
        """What else comes of the same cause is told with it."""
        self._soon(0)

    def _soon(self, delay: float) -> None:
        if self._flush is None:
            self._flush = self._clock.callLater(delay, self._pump)
        elif self._flush.getTime() > self._clock.seconds() + delay:
            self._flush.reset(delay)

    def _pump(self) -> None:
        self._flush = None
        now, later = self._clock.seconds(), []
        for stream in list(self._open):
            if stream in self._open:
                later.append(stream.pump(now))
        self._shared.clear()
        waits = [delay for delay in later if delay is not None]
        if waits and self._open:
            self._soon(min(waits))

    def _look(self) -> None:
        """Say that we are here to those who read, and cut those who do not."""
        self._looking = self._clock.callLater(KEEP_ALIVE, self._look)
        for stream in list(self._open):
            if stream.sink.reads():
                self._silent.pop(stream, None)
                stream.sink.keep_alive()
            elif self._silent.setdefault(stream, 0) + 1 >= PATIENCE:
                stream.sink.cut("too slow: nothing is read")
            else:
                self._silent[stream] += 1

    def _rest(self) -> None:
        """Nobody is there."""
        for timer in (self._flush, self._looking):
            if timer is not None and timer.active():
                timer.cancel()
        self._flush = self._looking = None
