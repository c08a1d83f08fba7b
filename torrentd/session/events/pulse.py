"""What changes all the time, told once a second while somebody listens, and computed for nobody else: "stats"; of each
torrent that changed those fields of its row that did ("torrent.changed"; all of them the first time); and which of its
files became complete."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.interfaces import IDelayedCall

from torrentd.session.events.files import Files
from torrentd.session.events.log import Topic
from torrentd.session.telling.snapshots import row_of

if TYPE_CHECKING:
    from torrentd.session.around import Around

PERIOD = 1.0
"""Seconds between two beats."""

LINGER = 40.0
"""Seconds for which a caller who polled counts as listening still: longer than its longest poll is apart."""

BEATING: frozenset[Topic] = frozenset({"torrent.changed", "torrent.file_completed", "stats"})


class Pulse:
    """Beats while somebody wants it."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._files = Files()
        self._wanted: dict[Topic, float] = {}
        """until when somebody who polls is taken to listen"""
        self._told: dict[str, dict[str, Any]] = {}
        self._revision = around.changes.revision
        self._timer: IDelayedCall | None = None

    def wanted(self, topics: Collection[Topic], linger: float = 0.0) -> None:
        """Somebody listens, or polled and will be back within `linger` seconds."""
        until = self._around.host.reactor.seconds() + linger
        for topic in topics:
            if topic in BEATING:
                self._wanted[topic] = max(self._wanted.get(topic, 0.0), until)
        if self._timer is None and not BEATING.isdisjoint(topics):
            self._revision = self._around.changes.revision
            self._files.begin(self._around.host.wall_clock())
            self._around.events.log.changes_told(True)
            self._timer = self._around.host.reactor.callLater(PERIOD, self._beat)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        self._timer = None
        listened = self._listened()
        if not listened:
            self._told.clear()
            self._files.forget()
            self._around.events.log.changes_told(False)
            return
        self._timer = self._around.host.reactor.callLater(PERIOD, self._beat)
        for id in self._changed():
            torrent = self._around.torrents.get(bytes.fromhex(id))
            if torrent is not None and "torrent.changed" in listened:
                self._tell_row(id, msgspec.structs.asdict(row_of(torrent, self._around.host.reactor.seconds())))
            if torrent is not None and "torrent.file_completed" in listened:
                self._tell_files(id)
        if "stats" in listened:
            self._tell_stats()

    def _listened(self) -> set[Topic]:
        now = self._around.host.reactor.seconds()
        listeners = self._around.events.log.listeners
        return {
            topic
            for topic in BEATING
            if self._wanted.get(topic, 0.0) > now or any(topic in listener.topics for listener in listeners)
        }

    def _changed(self) -> list[str]:
        """The torrents that changed since the last beat."""
        changes, since = self._around.changes, self._revision
        self._revision = changes.revision
        if not changes.knows(since):
            self._told.clear()
            self._around.events.log.changes_told(True)
            return []
        for id in changes.removed(since):
            self._told.pop(id, None)
        return changes.changed(since)

    def _tell_row(self, id: str, row: dict[str, Any]) -> None:
        before = self._told.get(id, {})
        self._told[id] = row
        news = {name: msgspec.to_builtins(value) for name, value in row.items() if before.get(name, ...) != value}
        news.pop("id", None)
        if news:
            self._around.tell("torrent.changed", id=id, **news)

    def _tell_files(self, id: str) -> None:
        session = self._around.sessions.get(bytes.fromhex(id))
        for index, path in self._files.completed(session) if session is not None else ():
            self._around.tell("torrent.file_completed", id=id, index=index, path=path)

    def _tell_stats(self) -> None:
        rates = [session.rates() for session in self._around.sessions.values()]
        self._around.tell(
            "stats",
            rates={"down": sum(down for down, _ in rates), "up": sum(up for _, up in rates)},
            connections=self._around.connections.fleet.connections,
            torrents=len(self._around.torrents) + len(self._around.broken),
        )
