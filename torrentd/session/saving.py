"""Counters and times of the torrents, saved every few seconds while anything moves; nothing runs while nothing does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.errors import StorageError
from torrentd.session.telling.rows import AllTotals, TotalsRow
from torrentd.state.records import Totals

if TYPE_CHECKING:
    from torrentd.session.host import Host
    from torrentd.session.running.torrent import TorrentSession

log = Logger()

SAVE_INTERVAL = 5.0
"""Seconds of counters that a crash may lose."""
QUIET = 60.0
"""Seconds between two complaints in the log."""


class Saving:
    """Knows which sessions have something to save, and the totals of this run and of all."""

    def __init__(self, host: Host, moved: Callable[[TorrentSession], None]) -> None:
        self._host = host
        self._moved = moved
        """told of sessions whose rates are still falling, so that their rows are seen to change"""
        self._unsaved: dict[TorrentSession, None] = {}
        self._timer: IDelayedCall | None = None
        self._since = host.reactor.seconds()
        self._before = Totals()
        self._downloaded = self._uploaded = self._wasted = self._files = 0
        self._complained_at = -QUIET

    def start(self, before: Totals) -> None:
        """`before`: the totals of all earlier runs."""
        self._before = before
        self._since = self._host.reactor.seconds()

    def note(self, session: TorrentSession) -> None:
        """Something of the session may have changed."""
        if session.gone:
            return
        self._unsaved[session] = None
        if self._timer is None:
            self._timer = self._host.reactor.callLater(SAVE_INTERVAL, self.save)

    def forget(self, session: TorrentSession) -> None:
        """It was removed, or sleeps."""
        self.count(session)
        self._unsaved.pop(session, None)

    def save(self) -> Deferred[None]:
        """Write what changed; fires when it is on the disk or could not be written (which is in the log)."""
        self.cancel()
        sessions, self._unsaved = self._unsaved, {}
        writes = []
        for session in sessions:
            try:
                self.count(session)
                writes.append(self.write(session))
                if session.rates() != (0, 0):
                    self._moved(session)
            except Exception:
                log.failure("{name}: a bug of ours: its counters are not saved", name=session.name)
        writes.append(self._host.state.set_totals(self._all_time()))
        for write in writes:
            write.addErrback(self._not_saved)
        return gatherResults(writes).addCallback(lambda _: None)

    def settle(self, session: TorrentSession) -> Deferred[None]:
        """Write all that is not saved, and that it ran well, if it did: it is about to sleep. Errback as of `write`."""
        self.count(session)
        if session.error is not None:
            return self.write(session)
        columns = session.facts.unsaved(self._host.wall_clock())
        done = self._host.state.at_rest(session.facts.info_hash, **columns)
        return done.addErrback(self._failed, session, columns)

    def write(self, session: TorrentSession) -> Deferred[None]:
        """Write what changed of the torrent's facts; they stay unsaved if that fails. Errback StorageError, or
        LookupError if the torrent was removed."""
        columns = session.facts.unsaved(self._host.wall_clock())
        if not columns:
            return succeed(None)
        done = self._host.state.update(session.facts.info_hash, **columns)
        return done.addErrback(self._failed, session, columns)

    def _failed(self, failure: Failure, session: TorrentSession, columns: dict[str, Any]) -> Failure:
        session.facts.not_saved(columns)
        self.note(session)
        return failure

    def cancel(self) -> None:
        """No save is planned any more."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def totals(self) -> AllTotals:
        """Of this run and of all runs."""
        for session in self._unsaved:
            self.count(session)
        run = TotalsRow(self._downloaded, self._uploaded, self._wasted, self._seconds(), self._files)
        ever = self._all_time()
        all_time = TotalsRow(ever.downloaded, ever.uploaded, ever.wasted, ever.seconds, ever.files, ever.runs)
        return AllTotals(run, all_time)

    def added(self, files: int) -> None:
        """A torrent of so many files came."""
        self._files += files

    def count(self, session: TorrentSession) -> None:
        """Move the torrent's counters into its facts, and what they grew by into the daemon's totals."""
        facts, totals = session.facts, session.torrent.totals
        session.count_time()
        down, up = totals.downloaded - facts.downloaded, totals.uploaded - facts.uploaded
        if down or up:
            facts.active_at, session.active_since = self._host.wall_clock(), self._host.reactor.seconds()
        self._downloaded += down
        self._uploaded += up
        self._wasted += totals.wasted - facts.wasted
        facts.downloaded, facts.uploaded, facts.wasted = totals.downloaded, totals.uploaded, totals.wasted

    def _not_saved(self, failure: Failure) -> None:
        failure.trap(StorageError, LookupError)  # the torrent was removed meanwhile
        now = self._host.reactor.seconds()
        if failure.check(StorageError) and now >= self._complained_at + QUIET:
            self._complained_at = now
            log.warn("counters could not be saved: {error}", error=str(failure.value))

    def _seconds(self) -> int:
        return int(self._host.reactor.seconds() - self._since)

    def _all_time(self) -> Totals:
        before = self._before
        return Totals(
            before.downloaded + self._downloaded,
            before.uploaded + self._uploaded,
            before.wasted + self._wasted,
            before.seconds + self._seconds(),
            before.files + self._files,
            before.runs + 1,
        )
