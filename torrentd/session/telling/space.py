"""How much room there is on disks.

A file system that hangs, as a network's may, would hold whoever asks it. So threads that do nothing else ask, and what
is told is what they heard last; nobody waits long for them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.session.telling.rows import DiskRow

if TYPE_CHECKING:
    from torrentd.session.host import Host

log = Logger()

FRESH = 1.0
"""Seconds for which an answer is as good as a new one."""

PATIENCE = 0.5
"""Seconds that somebody waits for answers."""

MOST = 1000
"""Paths that are remembered, and those asked about at a time: callers may name any."""


class Space:
    """Of all paths that somebody asked about."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._rows: dict[str, tuple[DiskRow, float]] = {}
        """what was heard, and when (monotonic)"""
        self._asked: dict[str, list[Deferred[None]]] = {}
        """who waits for an answer that is under way"""

    def row(self, path: str) -> DiskRow:
        """What is known, which may be nothing."""
        return self._rows[path][0] if path in self._rows else DiskRow(path, None, None)

    def look(self, paths: Iterable[str]) -> Deferred[None]:
        """Ask about those of which nothing new is known. Fires when there are answers, or after PATIENCE."""
        asked = [self._ask(path) for path in dict.fromkeys(paths) if not self._is_fresh(path)]
        if all(one.called for one in asked):
            return succeed(None)
        done: Deferred[None] = Deferred()
        timer = self._host.reactor.callLater(PATIENCE, done.callback, None)

        def answered(_: object) -> None:
            if timer.active():
                timer.cancel()
                done.callback(None)

        DeferredList(asked).addCallback(answered)
        return done

    def _is_fresh(self, path: str) -> bool:
        return path in self._rows and self._host.reactor.seconds() < self._rows[path][1] + FRESH

    def _ask(self, path: str) -> Deferred[None]:
        if path not in self._asked:
            if len(self._asked) >= MOST:
                return succeed(None)
            self._asked[path] = []
            self._host.mounts.run(measure, path).addErrback(_our_fault, path).addCallback(self._answered, path)
        if path not in self._asked:
            return succeed(None)  # the answer came at once
        waiting: Deferred[None] = Deferred()
        self._asked[path].append(waiting)
        return waiting

    def _answered(self, row: DiskRow, path: str) -> None:
        self._rows.pop(path, None)
        self._rows[path] = row, self._host.reactor.seconds()
        if len(self._rows) > MOST:
            del self._rows[next(iter(self._rows))]
        for waiting in self._asked.pop(path):
            waiting.callback(None)


def _our_fault(failure: Failure, path: str) -> DiskRow:
    log.failure("free space: a bug of ours", failure)
    return DiskRow(path, None, None)


def measure(path: str) -> DiskRow:
    """Of the nearest folder that exists: the download directory is made with the first file. Runs in a thread."""
    try:
        place = Path(path)
        while not place.exists() and place != place.parent:
            place = place.parent
        usage = shutil.disk_usage(place)
    except OSError:
        return DiskRow(path, None, None)
    return DiskRow(path, usage.free, usage.total)
