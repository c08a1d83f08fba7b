"""Which torrents sleep, and what wakes them.

A torrent that has nobody to talk to and nothing to do falls asleep: its session is dropped, and a `Sleeper` takes its
place among the torrents. It lingers for LINGER seconds first, since whoever asked for it may ask again; but of idle
torrents only so many as KEPT stay awake, so that adding thousands does not hold thousands in memory.

What it was is in the database before it sleeps, so a torrent wakes the way it is loaded at a start
(`session.sleeping.waking`). It
wakes for a peer, for a call that asks for more than its row, and when a tracker or a candidate is due. One heap and
one timer serve all sleepers.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.errors import StorageError
from torrentd.session.sleeping.sleeper import Sleeper, lean
from torrentd.session.telling.snapshots import torrent_row
from torrentd.swarm.resting import may_rest, rest
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.session.around import Around
    from torrentd.session.running.torrent import TorrentSession

log = Logger()

LINGER = 30.0
"""Seconds from the time a torrent was seen to be idle to its sleep."""
KEPT = 32
"""Idle torrents that may linger: about as many as a user looks at one after the other."""
SOON = 0.05
"""Seconds from the time there may be too many to the look at them; many come together. So long for each KEPT that are
awake: each costs the look some time, so thousands at work are looked at less often."""
ROUND = 10.0
"""Seconds between two looks at those that are awake."""
MOST_ASKING = 100
"""Announces under way beyond which nobody is woken for another one; twice as many as are sent at once."""
NOT_NOW = 0.25
"""Seconds until the next attempt then."""
NOT_READ = 60.0
"""Seconds until the next attempt if what a torrent is could not be read."""


class Dormancy:
    """Puts torrents to sleep and calls those that are due."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._looks: IDelayedCall | None = None
        self._due: list[tuple[float, bytes]] = []
        """when sleepers have to wake; entries of those that woke before are passed over"""
        self._alarm: IDelayedCall | None = None
        self._called = 0
        """who was called and is not awake yet"""
        self._stopped = False

    # --- falling asleep

    def changed(self) -> None:
        """A torrent came or woke, or its state changed: some may be idle."""
        awake = len(self._around.sessions)
        self._look_in(min(ROUND, SOON * awake / KEPT) if awake > KEPT else ROUND)

    def stop(self) -> None:
        """Nobody falls asleep or is woken any more."""
        self._stopped = True
        for timer in (self._looks, self._alarm):
            if timer is not None and timer.active():
                timer.cancel()

    def _look_in(self, seconds: float) -> None:
        reactor = self._around.host.reactor
        if self._stopped:
            return
        if self._looks is None or not self._looks.active():
            self._looks = reactor.callLater(seconds, self._look)
        elif self._looks.getTime() > reactor.seconds() + seconds:
            self._looks.reset(seconds)

    def _look(self) -> None:
        """Note who is idle since when; those that lingered long enough, and the longest idle beyond KEPT, sleep."""
        now = self._around.host.reactor.seconds()
        idle: list[tuple[float, int, TorrentSession]] = []
        for session in self._around.sessions.values():
            if not may_sleep(session):
                session.idle_since = None
                continue
            if session.idle_since is None:
                session.idle_since = now
            idle.append((session.idle_since, len(idle), session))
        idle.sort(key=lambda entry: entry[:2])
        for number, (since, _, session) in enumerate(idle):
            if since <= now - LINGER or number < len(idle) - KEPT:
                Deferred.fromCoroutine(self._put_to_sleep(session)).addErrback(session.our_fault)
        if self._around.sessions:
            self._look_in(ROUND)

    async def _put_to_sleep(self, session: TorrentSession) -> None:
        """Save what is not saved yet; if nothing happened meanwhile, the session ends."""
        try:
            await self._around.saving.settle(session)
        except (StorageError, LookupError):
            session.idle_since = None  # saving says so in the log, and tries again
            return
        if may_sleep(session) and not (session.facts.has_unsaved() or self._stopped):
            self._asleep(session)

    def _asleep(self, session: TorrentSession) -> None:
        now, around, facts, row = session.now(), self._around, session.facts, lean(torrent_row(session))
        sleeper = Sleeper(
            row, session.peer_id, paused=facts.paused, finished=facts.finished, known=session.begun, since=now
        )
        sleeper.seeding_time = session.seeding_time
        if session.active_since is not None:
            sleeper.active_since = session.active_since
        sleeper.rest = rest(session.torrent)
        around.put(session.facts.info_hash, sleeper)
        around.trouble.forget(session)
        around.saving.forget(session)
        session.leave()
        del session.durability  # it knows the session: memory would be held until the next garbage collection
        session.storage.close().addErrback(session.our_fault)
        if sleeper.rest is not None:
            self.call(session.facts.info_hash, sleeper, sleeper.rest.wakes_at)

    # --- waking

    def call(self, info_hash: bytes, sleeper: Sleeper, at: float) -> None:
        """Wake it then, or a little later if many are due; infinity for never."""
        sleeper.due = at
        if at < inf:
            heappush(self._due, (at, info_hash))
            self._arm()

    def _arm(self, at_least: float = 0.0) -> None:
        if not self._due or self._stopped:
            return
        reactor = self._around.host.reactor
        delay = max(at_least, self._due[0][0] - reactor.seconds())
        if self._alarm is None or not self._alarm.active():
            self._alarm = reactor.callLater(delay, self._wake_due)
        elif self._alarm.getTime() > reactor.seconds() + delay:
            self._alarm.reset(delay)

    def _wake_due(self) -> None:
        now = self._around.host.reactor.seconds()
        while self._due and self._due[0][0] <= now:
            if self._around.announces.under_way + self._called >= MOST_ASKING:
                self._arm(at_least=NOT_NOW)
                return
            at, info_hash = heappop(self._due)
            sleeper = self._around.torrents.get(info_hash)
            if isinstance(sleeper, Sleeper) and sleeper.due == at:
                self._called += 1
                woken = self._around.waking.awake(info_hash)
                woken.addErrback(self._not_woken, info_hash, sleeper).addCallback(self._came)
        self._arm()

    def _not_woken(self, failure: Failure, info_hash: bytes, sleeper: Sleeper) -> None:
        """Who is still there is tried again."""
        if failure.check(StorageError) is not None:
            log.warn("{name}: could not be woken: {error}", name=escape(sleeper.row.name), error=str(failure.value))
        if self._around.torrents.get(info_hash) is sleeper:
            self.call(info_hash, sleeper, self._around.host.reactor.seconds() + NOT_READ)

    def _came(self, _: object) -> None:
        self._called -= 1


def may_sleep(session: TorrentSession) -> bool:
    """Whether nothing is on its way to or from the torrent, and nothing is lost if its session ends."""
    if (
        session.gone
        or session.connections
        or session.checking is not None
        or session.doubtful.count
        or session.is_moving
    ):
        return False
    if not (session.begun or session.has_failed_for_good) or (session.error is not None and session.begun):
        return False
    if session.retry is not None and session.retry.active():
        return False
    return session.durability.is_at_rest and session.is_quiet and may_rest(session.torrent, session.now())
