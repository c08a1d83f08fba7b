"""What the parts of `Steering` have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredSemaphore, maybeDeferred
from twisted.python.failure import Failure

from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.steering.asleep import TOGETHER, Decision, decide

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon
    from torrentd.session.running.torrent import TorrentSession


class Part:
    """`reload` reads the configuration again and `shutdown` begins the stop; the composition root gives both."""

    def __init__(
        self, daemon: Daemon, reload: Callable[[], tuple[list[str], list[str]]], shutdown: Callable[[], None]
    ) -> None:
        self._daemon = daemon
        self._around = daemon.around
        self._reload = reload
        self._shutdown = shutdown
        self._writes = DeferredSemaphore(TOGETHER)

    def _awake(
        self, id: str, then: Callable[[TorrentSession], Any], meanwhile: Callable[[MagnetSession], Any] | None = None
    ) -> Deferred[Any]:
        """Fires with what `then` makes of the torrent's session, which is woken if need be. A removal may overtake
        it: then there is no such torrent. `meanwhile` is what to do instead while there is no metadata."""
        found = self._around.torrents[self._around.find(id)]
        if isinstance(found, MagnetSession) and meanwhile is not None:
            return maybeDeferred(meanwhile, found)

        def still_there(session: TorrentSession) -> TorrentSession:
            if session.gone:
                raise self._around.unknown(id)
            return session

        return self._around.waking.awake(self._around.find(id)).addCallback(still_there).addCallback(then)

    def _decided(self, id: str, decision: Decision, awake: Callable[[], Deferred[Any]]) -> Deferred[None]:
        """Fires when it is written down. Who sleeps is not woken for it if that can be; `awake` is for the others."""
        info_hash = self._around.find(id)
        if self._around.waking.sleeper(info_hash) is None:
            return awake()
        return self._daemon.turns.run(info_hash, decide, self._daemon, self._writes, info_hash, decision, awake)

    def _saved(self, session: TorrentSession) -> Deferred[None]:
        """What the user decided is on the disk before he is told so; unless a removal came first."""
        return self._around.saving.write(session).addErrback(self._overtaken, session)

    def _overtaken(self, failure: Failure, session: TorrentSession) -> Failure:
        """What the database does not know any more was removed meanwhile."""
        if failure.check(LookupError) and session.gone:
            raise self._around.unknown(session.id)
        return failure
