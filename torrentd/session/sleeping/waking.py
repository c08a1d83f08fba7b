"""How a sleeping torrent wakes: loaded as at a start, its files looked at, its swarm given back.

Its files may have been changed while nobody looked, so they are compared with the record before anything else: what
looks different is hashed before the torrent goes on. Until then the sleeper stays in its place, and its row is true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.errors import RpcError, TorrentdError
from torrentd.session.driven import OUR_FAULT
from torrentd.session.entering.beginning import begin_watched
from torrentd.session.entering.loading import set_aside, stored_session
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.state.records import Broken
from torrentd.swarm.resting import resume
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon
    from torrentd.session.running.torrent import TorrentSession

log = Logger()

AT_ONCE = 16
"""Torrents that are loaded at the same time; who acts on thousands has them woken in turn."""


class Waking:
    """Wakes torrents, each once, however many ask for it."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._around = daemon.around
        self._waiting: dict[bytes, list[Deferred[TorrentSession]]] = {}
        self._turns = DeferredSemaphore(AT_ONCE)

    def sleeper(self, info_hash: bytes) -> Sleeper | None:
        """Who sleeps, and is not being woken."""
        found = self._around.torrents.get(info_hash)
        return found if isinstance(found, Sleeper) and info_hash not in self._waiting else None

    def awake(self, info_hash: bytes, *, at_once: bool = False) -> Deferred[TorrentSession]:
        """The torrent's session, woken if need be; `at_once`: before those who wait for their turn.

        Errback RpcError if there is no such torrent, it has no metadata yet, or it cannot be used; StorageError if the
        database does not tell.
        """
        answer: Deferred[TorrentSession] = Deferred()
        found = self._around.torrents.get(info_hash)
        if found is None:
            answer.errback(self._around.unknown(info_hash.hex()))
        elif isinstance(found, MagnetSession):
            answer.errback(RpcError("no_metadata", "The torrent's metadata is not here yet", id=found.id))
        elif not isinstance(found, Sleeper):
            found.idle_since = None
            answer.callback(found)
        else:
            self._wait(info_hash, found, answer, at_once)
        return answer

    def _wait(self, info_hash: bytes, sleeper: Sleeper, answer: Deferred[TorrentSession], at_once: bool) -> None:
        if info_hash in self._waiting:
            self._waiting[info_hash].append(answer)
            return
        self._waiting[info_hash] = [answer]
        wake = self._wake if at_once else self._in_turn
        done: Deferred[TorrentSession] = wake(info_hash, sleeper)
        done.addBoth(self._woken, info_hash)

    def _in_turn(self, info_hash: bytes, sleeper: Sleeper) -> Deferred[TorrentSession]:
        done: Deferred[TorrentSession] = self._turns.run(self._wake, info_hash, sleeper)
        return done

    def _wake(self, info_hash: bytes, sleeper: Sleeper) -> Deferred[TorrentSession]:
        return Deferred.fromCoroutine(self._load(info_hash, sleeper))

    def _woken(self, result: TorrentSession | Failure, info_hash: bytes) -> None:
        for answer in self._waiting.pop(info_hash):
            if isinstance(result, Failure):
                answer.errback(result)
            else:
                answer.callback(result)

    async def _load(self, info_hash: bytes, sleeper: Sleeper) -> TorrentSession:
        session = await self._session(info_hash, sleeper)
        if session.error is not None:
            self._swap(session, sleeper)
        else:
            await begin_watched(session, looked=lambda: self._swap(session, sleeper))
        if session.gone:
            raise CancelledError
        return session

    async def _session(self, info_hash: bytes, sleeper: Sleeper) -> TorrentSession:
        """Not among the torrents yet. What cannot be used is set aside, now that it is known."""
        try:
            stored = await self._daemon.host.state.stored(info_hash)
        except LookupError:
            raise self._around.unknown(sleeper.row.id) from None
        try:
            if isinstance(stored, Broken):
                raise ValueError(stored.reason)
            session = await stored_session(self._daemon, stored, sleeper.peer_id)
        except (TorrentdError, ValueError) as error:
            reason = str(error)
        except CancelledError:
            raise
        except Exception:
            log.failure("{name}: a bug of ours", name=escape(sleeper.row.name))
            reason = OUR_FAULT
        else:
            session.error = sleeper.row.error
            return session
        set_aside(self._daemon, Broken(info_hash, sleeper.row.name, reason))
        raise RpcError("wrong_state", "The torrent's record cannot be used", id=sleeper.row.id)

    def _swap(self, session: TorrentSession, sleeper: Sleeper) -> None:
        """The files were looked at: from now on the session is the torrent."""
        if self._daemon.stopping or self._around.torrents.get(session.facts.info_hash) is not sleeper:
            session.leave()
            return
        self._around.put(session.facts.info_hash, session)
        session.facts.seeding_time = sleeper.seeding_time_at(session.now())
        session.active_since = sleeper.active_since
        if sleeper.rest is not None:
            resume(session.torrent, sleeper.rest, session.now())
            session.resumed()
        if sleeper.known and sleeper.runs and not session.torrent.running:
            self._around.queueing.goes_on(session)
