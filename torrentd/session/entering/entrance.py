"""New torrents on their way in: a few at a time find out what is on the disk, the others wait asleep.

A script that adds thousands is quicker than the disks that hash what is there already. Each torrent that waits costs a
row, not a session; whoever is asked for is woken, and begins, at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from torrentd.session.entering.beginning import begin_watched, nobody_waits
from torrentd.session.sleeping.sleeper import Sleeper

if TYPE_CHECKING:
    from torrentd.session.around import Around
    from torrentd.session.running.torrent import TorrentSession

MOST = 16
"""Torrents that begin at the same time: enough that their commits are grouped and no worker waits."""


FEW = 2
"""The same while others are still being added: whoever adds them waits for answers, and they wait asleep."""
STILL = 0.25
"""Seconds from one that was added in which another may follow."""


class Entrance:
    """Counts who is on the way in, and lets the next one."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._entering = 0
        self._waiting: deque[bytes] = deque()
        self._came = -inf
        """when the last one began to wait; monotonic"""

    @property
    def is_free(self) -> bool:
        """Whether a new torrent may begin now."""
        return self._entering < MOST and not self._waiting

    def enter(
        self,
        session: TorrentSession,
        verify: str,
        looked: Callable[[], None] = nobody_waits,
        begun: Callable[[], None] = nobody_waits,
    ) -> None:
        """Begin; who waits is next when the torrent was checked. `looked` is called when the files were looked at,
        `begun` when the torrent runs, or is known not to."""
        self._entering += 1
        done = Deferred.fromCoroutine(self._begin(session, verify, looked, begun))
        done.addErrback(session.our_fault).addBoth(self._entered)

    def wait(self, info_hash: bytes) -> None:
        """The sleeper begins in its turn."""
        self._waiting.append(info_hash)
        self._came = self._around.host.reactor.seconds()

    def stop(self) -> None:
        """Nobody begins any more."""
        self._waiting.clear()

    async def _begin(
        self, session: TorrentSession, verify: str, looked: Callable[[], None], begun: Callable[[], None]
    ) -> None:
        try:
            await begin_watched(session, verify, looked)
        finally:
            begun()
        await self._checked(session)

    async def _checked(self, session: TorrentSession) -> None:
        if session.checking is not None:
            await self._around.checks.check(session)

    def _entered(self, _: object) -> None:
        self._entering -= 1
        places = FEW if self._around.host.reactor.seconds() < self._came + STILL else MOST
        while self._waiting and self._entering < places:
            info_hash = self._waiting.popleft()
            found = self._around.torrents.get(info_hash)
            if isinstance(found, Sleeper) and not found.known:  # it may have been removed, or have been asked for
                self._entering += 1
                woken = self._around.waking.awake(info_hash, at_once=True)
                woken.addCallback(lambda session: Deferred.fromCoroutine(self._checked(session)))
                woken.addErrback(_shown).addBoth(self._entered)


def _shown(failure: Failure) -> None:
    """What went wrong is in the log, and the torrent's row shows it."""
