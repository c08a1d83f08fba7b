"""What the user decides of sleeping torrents, done without waking them: it is written down, and shown by the row.

To wake a torrent takes milliseconds, and a call on all of them would wake thousands. First the database has it, so that
who wakes afterwards finds it; then the row. Whoever was woken meanwhile is told the ordinary way, which changes nothing
that is so already. What needs more than the row (an error that is to be tried again, a limit that was reached) is done
by who is awake.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.defer import Deferred, DeferredSemaphore

from torrentd.session.sleeping.leaving import leave
from torrentd.session.sleeping.sleeper import NO_LABELS, NO_LIMITS, Sleeper
from torrentd.session.steering.setting import with_limits
from torrentd.session.telling.rows import LimitsRow, TorrentRow

if TYPE_CHECKING:
    from torrentd.session.control import Wishes
    from torrentd.session.daemon import Daemon

Columns = Mapping[str, object]

TOGETHER = 100
"""Decisions, removals too, that are written down in one commit at most: what follows is one turn of the reactor."""


class Decision(ABC):
    """Of one sleeping torrent."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._around = daemon.around

    @abstractmethod
    def columns(self, sleeper: Sleeper) -> Columns | None:
        """What is to be written down; None if it takes an awake torrent."""

    @abstractmethod
    def show(self, info_hash: bytes, sleeper: Sleeper) -> None:
        """It was: the row tells it, and so does everybody who keeps count of sleepers."""

    @property
    def _now(self) -> float:
        now: float = self._around.host.reactor.seconds()
        return now

    def _changed(self, info_hash: bytes, sleeper: Sleeper, row: TorrentRow) -> None:
        around, sleeper.row = self._around, row
        around.changes.touch(row.id)
        around.waits.changed(row.id)
        around.events.states.look(info_hash)
        around.seeding.watch(info_hash, sleeper)


class Pause(Decision):
    def columns(self, sleeper: Sleeper) -> Columns:
        return {"paused": True, "forced": False, "seeding_time": int(sleeper.seeding_time_at(self._now))}

    def show(self, info_hash: bytes, sleeper: Sleeper) -> None:
        around, row, now = self._around, sleeper.row, self._now
        sleeper.seeding_time, sleeper.since = sleeper.seeding_time_at(now), now
        sleeper.paused = True
        leave(around, info_hash, sleeper)
        around.dormancy.call(info_hash, sleeper, float("inf"))
        around.dht.untrack(info_hash)
        around.queueing.left(info_hash)
        tracker = row.tracker and msgspec.structs.replace(row.tracker, status="waiting", next_at=None)
        row = msgspec.structs.replace(
            row,
            state="paused" if row.error is None else "error",
            stalled=False,
            tracker=tracker,
            seeding_time=int(sleeper.seeding_time),
        )
        self._changed(info_hash, sleeper, row)


class Resume(Decision):
    def __init__(self, daemon: Daemon, force: bool) -> None:
        super().__init__(daemon)
        self._force = force

    def columns(self, sleeper: Sleeper) -> Columns | None:
        if sleeper.finished or sleeper.row.error is not None or (self._force and not sleeper.paused):
            return None
        return {"paused": False, "forced": self._force}

    def show(self, info_hash: bytes, sleeper: Sleeper) -> None:
        """It is woken for its swarm when it is its turn, and its files are looked at then."""
        if not sleeper.paused:
            return
        around, row = self._around, sleeper.row
        sleeper.paused = sleeper.known = False
        sleeper.since = sleeper.active_since = self._now
        if not self._force and around.queueing.makes_wait(info_hash, sleeper):
            row = msgspec.structs.replace(row, state="queued")
        else:
            row = msgspec.structs.replace(row, state="downloading" if row.left else "seeding", stalled=True)
            around.dormancy.call(info_hash, sleeper, self._now)
        self._changed(info_hash, sleeper, row)


class Set(Decision):
    def __init__(self, daemon: Daemon, wishes: Wishes) -> None:
        super().__init__(daemon)
        self._wishes = wishes
        self._edited_at = self._around.host.wall_clock()

    def columns(self, sleeper: Sleeper) -> Columns | None:
        """One that was seeded enough by its new limits, or not any more, is stopped, or started, at once."""
        row, limits = self._row(sleeper), with_limits(sleeper.limits, self._wishes.limits)
        if self._around.seeding.due(sleeper, limits) <= self._now:
            return None
        columns = {"labels": row.labels, "sequential": row.sequential, "priority": row.priority}
        return columns | {"limits": limits, "edited_at": row.edited_at}

    def show(self, info_hash: bytes, sleeper: Sleeper) -> None:
        self._changed(info_hash, sleeper, self._row(sleeper))

    def _row(self, sleeper: Sleeper) -> TorrentRow:
        row, wishes, changes = sleeper.row, self._wishes, dict[str, Any]()
        if wishes.labels is not None:
            changes["labels"] = list(wishes.labels) or NO_LABELS
        if wishes.limits:
            limits = msgspec.convert(with_limits(sleeper.limits, wishes.limits), LimitsRow)
            changes["limits"] = NO_LIMITS if limits == NO_LIMITS else limits
        if wishes.sequential is not None:
            changes["sequential"] = wishes.sequential
        if wishes.priority is not None:
            changes["priority"] = wishes.priority
        changed = msgspec.structs.replace(row, **changes)
        return row if changed == row else msgspec.structs.replace(changed, edited_at=self._edited_at)


async def decide(
    daemon: Daemon, writes: DeferredSemaphore, info_hash: bytes, decision: Decision, awake: Callable[[], Deferred[Any]]
) -> None:
    """Carry it out, by `awake` if it takes a torrent that is awake."""
    sleeper = daemon.around.waking.sleeper(info_hash)
    columns = None if sleeper is None else decision.columns(sleeper)
    if sleeper is None or columns is None:
        await awake()
        return
    try:
        await writes.run(daemon.host.state.update, info_hash, **columns)
    except LookupError:
        raise daemon.around.unknown(info_hash.hex()) from None
    if daemon.around.waking.sleeper(info_hash) is sleeper:
        decision.show(info_hash, sleeper)
    else:
        await awake()
