"""Torrents that have been seeded enough: they stop, or are removed.

What is awake is looked at when its counters are saved, every few seconds; for goals that time alone reaches one heap
and one timer serve all, sleepers too, which are woken to be stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.model.errors import RpcError, StorageError
from torrentd.policy.seeding import ENDLESS, NEVER, Goals, Record, reached, soonest
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from torrentd.config.settings import Seeding as Settings
    from torrentd.session.daemon import Daemon
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.state.records import LimitValue

log = Logger()

GOALS = ("ratio", "seed_time", "idle_time")


class Seeding:
    """Knows when whom has to be looked at."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._around = daemon.around
        self._due: list[tuple[float, bytes]] = []
        """entries that do not agree with `_at` are passed over; it has the next look at each"""
        self._at: dict[bytes, float] = {}
        self._alarm: IDelayedCall | None = None
        self._stopped = False

    def look_at_all(self) -> None:
        """The daemon's own goals changed."""
        for info_hash, torrent in list(self._around.torrents.items()):
            if isinstance(torrent, Sleeper):
                self.watch(info_hash, torrent)
            elif not isinstance(torrent, MagnetSession):
                self.look(torrent)

    def look(self, session: TorrentSession) -> None:
        """Something changed: it may have been seeded enough, or not any more."""
        if session.gone or self._stopped:
            return
        goals, record = goals_of(self._settings, session.limits), record_of(session)
        met = reached(goals, record) if session.torrent.finished else []
        if session.facts.finished:
            if not (met and self._settings.action == "pause"):
                self._go_on(session)
        elif session.torrent.running and session.is_durably_finished and self._settings.action != "keep":
            if met:
                self._end(session, met)
            else:
                self._call(session.info_hash, session.now() + soonest(goals, record))

    def watch(self, info_hash: bytes, sleeper: Sleeper) -> None:
        """It sleeps: look at it when time has reached its goals."""
        self._call(info_hash, self.due(sleeper, sleeper.limits))

    def resumed(self, session: TorrentSession) -> None:
        """The user wants more of it though it was seeded enough: what was reached is no limit any more."""
        met = reached(goals_of(self._settings, session.limits), record_of(session)) if session.facts.finished else []
        session.facts.limits = session.facts.limits | dict.fromkeys(met, "unlimited")
        session.facts.finished = False
        session.active_since = None

    def forget(self, info_hash: bytes) -> None:
        """The torrent is gone."""
        self._at.pop(info_hash, None)

    def stop(self) -> None:
        """Nobody is looked at any more."""
        self._stopped = True
        if self._alarm is not None and self._alarm.active():
            self._alarm.cancel()

    @property
    def _settings(self) -> Settings:
        return self._daemon.settings.seeding

    # --- what is done

    def _end(self, session: TorrentSession, met: list[str]) -> None:
        self.forget(session.info_hash)
        words = ", ".join(met)
        if self._settings.action == "remove":
            log.info("{name}: removed, for it was seeded enough: {met}", name=session.name, met=words)
            self._daemon.remove(session, False).addErrback(_not_done, session.name)
            return
        log.info("{name}: finished, for it was seeded enough: {met}", name=session.name, met=words)
        session.facts.finished = True
        session.stop()
        self._save(session)

    def _go_on(self, session: TorrentSession) -> None:
        session.facts.finished = False
        session.start()
        session.around.state_changed(session)
        self._save(session)

    def _save(self, session: TorrentSession) -> None:
        self._around.saving.write(session).addErrback(_not_done, session.name)

    # --- time

    def due(self, sleeper: Sleeper, limits: Mapping[str, LimitValue]) -> float:
        """When it has to be looked at if these are its limits."""
        row, action, finished = sleeper.row, self._settings.action, sleeper.row.state == "finished"
        if not finished and (not sleeper.runs or row.left or action == "keep"):
            return NEVER
        goals = goals_of(self._settings, limits)
        if goals == ENDLESS and not finished:
            return NEVER
        now: float = self._around.host.reactor.seconds()
        record = _record_of_sleeper(sleeper, now)
        met = reached(goals, record)
        if finished:
            return NEVER if met and action == "pause" else now
        return now if met else now + soonest(goals, record)

    def _call(self, info_hash: bytes, at: float) -> None:
        """Look at it then, if not before: a look that comes too early says when the next one is due."""
        if at < self._at.get(info_hash, NEVER):
            self._at[info_hash] = at
            heappush(self._due, (at, info_hash))
            self._arm()

    def _arm(self) -> None:
        if self._stopped or not self._due:
            return
        reactor = self._around.host.reactor
        delay = max(0.0, self._due[0][0] - reactor.seconds())
        if self._alarm is None or not self._alarm.active():
            self._alarm = reactor.callLater(delay, self._look_at_due)
        elif self._alarm.getTime() > reactor.seconds() + delay:
            self._alarm.reset(delay)

    def _look_at_due(self) -> None:
        now = self._around.host.reactor.seconds()
        while self._due and self._due[0][0] <= now:
            at, info_hash = heappop(self._due)
            if self._at.get(info_hash) == at:
                del self._at[info_hash]
                self._look_at(info_hash, now)
        self._arm()

    def _look_at(self, info_hash: bytes, now: float) -> None:
        torrent = self._around.torrents.get(info_hash)
        if isinstance(torrent, Sleeper):
            due = self.due(torrent, torrent.limits)
            if due > now:
                self._call(info_hash, due)
            else:
                woken: Deferred[TorrentSession] = self._around.waking.awake(info_hash)
                woken.addCallback(self.look).addErrback(_not_done, escape(torrent.row.name))
        elif torrent is not None and not isinstance(torrent, MagnetSession):
            self.look(torrent)


def goals_of(settings: Settings, limits: Mapping[str, LimitValue]) -> Goals:
    """In force for a torrent: its own, which beat the daemon's. Most have none."""
    if not limits:
        return Goals(settings.ratio or None, settings.seed_time or None, settings.idle_time or None)
    return Goals(*(_goal(limits.get(name), getattr(settings, name)) for name in GOALS))


def _goal(own: LimitValue, common: float) -> float | None:
    if own is None:
        return common or None  # 0 in the file is unlimited
    return None if isinstance(own, str) else own


def record_of(session: TorrentSession) -> Record:
    """How it was seeded, up to now. One that is finished was idle for long enough: it is not known since when."""
    totals = session.torrent.totals
    active = session.active_since
    idle = NEVER if session.facts.finished else 0.0 if active is None else session.now() - active
    return Record(totals.uploaded, totals.downloaded or session.torrent.wanted_size, session.seeding_time, idle)


def _record_of_sleeper(sleeper: Sleeper, now: float) -> Record:
    row = sleeper.row
    fetched = row.downloaded or row.wanted or 0
    idle = NEVER if row.state == "finished" else now - sleeper.active_since
    return Record(row.uploaded, fetched, sleeper.seeding_time_at(now), idle)


def _not_done(failure: Failure, name: str) -> None:
    """It is tried again when the torrent is looked at again; facts that are not saved are saved later."""
    failure.trap(StorageError, LookupError, RpcError, CancelledError)
    if not failure.check(CancelledError):  # removed, or the daemon stops
        log.warn("{name}: {reason}", name=name, reason=str(failure.value))
