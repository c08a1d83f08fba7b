"""Hashing what is on the disk: at add, at the user's wish, after a crash. One torrent at a time, so that disks stream;
what was found of several is recorded in one commit.

While a torrent is checked it is out of the swarm; afterwards it goes on as before. What is hashed is what the session
calls doubtful. Pieces that become doubtful during a check are hashed in the next round of it; a check that fails leaves
its pieces doubtful, and the torrent does not run before they were hashed. A check that the user asked for is a job;
given up, it has found nothing, and what was known before it is known still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.python.failure import Failure

from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.session.telling.rows import JobError
from torrentd.swarm.events import Checked

if TYPE_CHECKING:
    from torrentd.session.jobs import Job, Jobs
    from torrentd.session.running.torrent import TorrentSession


class Checks:
    """All checks, in the order in which they were asked for."""

    def __init__(self, jobs: Jobs) -> None:
        self._begin_job = jobs.begin
        self._turn = DeferredLock()
        self._over: dict[TorrentSession, list[Deferred[None]]] = {}
        """checks that wait or are under way, and who waits for their end"""
        self._whole: dict[TorrentSession, None] = {}
        """those of which all pieces are being hashed"""
        self._jobs: dict[TorrentSession, Job] = {}
        """those that the user asked for"""

    def check(self, session: TorrentSession) -> Deferred[None]:
        """Hash what is doubtful, record what is there, and start the torrent again.

        Fires when the check is over, whatever came of it; failures are shown at the torrent.
        """
        over: Deferred[None] = Deferred()
        if session in self._over:
            self._over[session].append(over)
            return over
        self._over[session] = [over]
        session.checking = 0.0
        session.stop(silent=True)
        done = Deferred.fromCoroutine(self._rounds(session))
        done.addErrback(_failed, session).addErrback(session.our_fault)
        done.addCallback(self._ended, session)
        return over

    def verify(self, session: TorrentSession, *, trusted: bool = False) -> Deferred[None]:
        """Hash all of the torrent, unless that is what happens already. `trusted`: it would run without that, so that
        it may be given up."""
        if session not in self._whole:
            session.doubtful = Bitfield.full(session.metainfo.geometry.piece_count)
        if session not in self._jobs:
            cancellable = trusted and session not in self._over
            size = session.metainfo.geometry.size
            self._jobs[session] = self._begin_job("verify", session.id, size, cancellable=cancellable)
        return self.check(session)

    async def _rounds(self, session: TorrentSession) -> None:
        while session.doubtful.count and not session.gone:
            asked, session.doubtful = session.doubtful, Bitfield(session.doubtful.size)
            if asked.has_all():
                self._whole[session] = None
            try:
                await self._round(session, asked)
            except BaseException:
                session.doubt(asked)
                raise
            finally:
                self._whole.pop(session, None)

    async def _round(self, session: TorrentSession, asked: Bitfield) -> None:
        durability = session.durability
        durability.written_since.clear()
        await durability.flush()
        found = await self._turn.run(self._hash, session, asked)
        if self._is_void(session):
            return
        for piece in durability.written_since:
            if piece in asked:
                found.add(piece)
        await settle(session, asked, found)

    def _hash(self, session: TorrentSession, asked: Bitfield) -> Deferred[Bitfield]:
        if self._is_void(session):
            return succeed(Bitfield(asked.size))

        def progress(done: int) -> None:
            session.checking = done / asked.count
            session.around.touched(session)
            if session in self._jobs:
                self._jobs[session].advance(done * session.metainfo.geometry.size // asked.count)

        return session.storage.check(list(asked), progress, lambda: self._is_void(session))

    def _is_void(self, session: TorrentSession) -> bool:
        """Whether nobody waits for what is found."""
        job = self._jobs.get(session)
        return session.gone or (job is not None and job.is_cancelled)

    def _ended(self, _: object, session: TorrentSession) -> None:
        session.checking = None
        job = self._jobs.pop(session, None)
        if job is not None:
            job.finish(_why(session))
        waiting = self._over.pop(session)
        if not session.gone:
            session.start()
            session.completed()
            session.around.seeding.look(session)
            session.around.state_changed(session)
        for over in waiting:
            over.callback(None)


async def settle(session: TorrentSession, asked: Bitfield, found: Bitfield) -> None:
    """Of the pieces that were asked for these are there: record it, and how the files look now; tell the torrent."""
    await session.durability.found(asked, found)
    have = session.torrent.have.copy()
    for piece in asked:
        if session.durability.holds(piece):
            have.add(piece)
        else:
            have.discard(piece)
    session.handle(Checked(have))


def _why(session: TorrentSession) -> JobError | None:
    """Why a check failed; None if it did not."""
    if session.gone:
        return JobError("torrent_not_found", "the torrent was removed")
    return JobError(session.error.code, session.error.message) if session.error is not None else None


def _failed(failure: Failure, session: TorrentSession) -> None:
    error = failure.value
    if not isinstance(error, StorageError):
        failure.raiseException()
    if not session.gone:
        session.around.trouble.failed(session, error)
