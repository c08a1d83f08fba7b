"""Torrents to other directories. While its files move a torrent is out of the swarm; afterwards it goes on at the new
place, or, if that did not work or was given up, at the old one.

    noted -> the new files made, whole, synced -> the record names the new place -> the old files removed -> forgotten

The note is in the database before the first step: a start goes on where a crash, or a stop, left off.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Literal

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from torrentd.model.errors import RpcError, StorageError
from torrentd.session.entering.beginning import begin
from torrentd.session.entering.roots import allowed_directory
from torrentd.session.running.places import inside
from torrentd.session.running.stored import stored
from torrentd.session.telling.reasons import QUARANTINED
from torrentd.session.telling.rows import JobError
from torrentd.state.records import Move

if TYPE_CHECKING:
    from torrentd.disk.moving import Moving as DiskMoving
    from torrentd.session.daemon import Daemon
    from torrentd.session.jobs import Job
    from torrentd.session.magnets.magnet import MagnetSession
    from torrentd.session.running.torrent import TorrentSession

log = Logger()

Mode = Literal["move", "point"]


class Moving:
    """Begins moves and brings them to their end."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._around = daemon.around
        self._under_way: dict[TorrentSession, Move] = {}

    def move(self, session: TorrentSession, path: str, mode: Mode) -> Job:
        """Begin. "point": the files are there already, or will be; they are looked at, not moved. RpcError:
        "path_not_allowed", "busy", "wrong_state"."""
        target = self._target(path)
        if session.is_moving or session.checking is not None:
            raise RpcError("busy", "The torrent is being moved or checked", id=session.id)
        if session.error == QUARANTINED:
            raise RpcError("wrong_state", QUARANTINED.message, id=session.id)
        if self._daemon.renaming.concerns(inside(target, (session.metainfo.name,))):
            raise RpcError("busy", "A folder on the way there is being renamed", id=session.id)
        return self._begin(session, Move(session.facts.download_dir, target, False), mode, fresh=True)

    def move_magnet(self, magnet: MagnetSession, path: str) -> Deferred[int]:
        """It has no files yet: a job that is done at once. RpcError: "path_not_allowed"."""
        target = self._target(path)

        def moved(_: None) -> int:
            job = self._around.jobs.begin("move", magnet.id, 0)
            job.finish()
            self._around.tell("torrent.moved", id=magnet.id, download_dir=target)
            return job.id

        return magnet.change(download_dir=target).addCallback(moved)

    def _target(self, path: str) -> str:
        paths = self._daemon.settings.paths
        try:
            return allowed_directory(path, paths.download_dir, paths.allowed_roots)
        except RpcError as error:
            raise RpcError(error.name, str(error).replace("download_dir ", "path ", 1), path="path") from None

    def resume(self, session: TorrentSession, move: Move) -> Job:
        """Go on with what an earlier run began."""
        return self._begin(session, move, "move", fresh=False)

    def places(self, session: TorrentSession) -> list[str]:
        """Where a torrent that is being moved has files, or will have: what the paths of all of them begin with."""
        move = self._under_way.get(session)
        return [] if move is None else [inside(at, (session.metainfo.name,)) for at in (move.source, move.target)]

    def give_up(self, session: TorrentSession) -> None:
        """The torrent is to be removed: no use in going on."""
        job = session.moving
        if job is not None and job.state == "running" and job.cancellable:
            self._around.jobs.cancel(job.id)

    def _begin(self, session: TorrentSession, move: Move, mode: Mode, fresh: bool) -> Job:
        size = session.metainfo.geometry.size
        job = session.moving = self._around.jobs.begin("move", session.id, size, cancellable=True)
        self._under_way[session] = move
        session.stop(silent=True)
        if not session.begun:
            session.inquire()  # who looks at the disk now may see it at the old place, and has to look again
        work = self._point if mode == "point" or move.source == move.target else partial(self._move, fresh=fresh)
        done = self._daemon.turns.run(session.info_hash, self._guarded, session, job, lambda: work(session, move, job))
        done.addErrback(lambda failure: failure.trap(CancelledError) and None)
        return job

    async def _guarded(self, session: TorrentSession, job: Job, work: Callable[[], Awaitable[None]]) -> None:
        """Whatever happens, the job ends, and the torrent goes on, unless the daemon stops."""
        error = None
        try:
            if session.gone:
                raise LookupError  # before its turn came
            await work()
        except CancelledError:
            return  # the daemon is stopping: the next start goes on
        except LookupError:
            error = JobError("torrent_not_found", "the torrent was removed")
        except StorageError as problem:
            error = JobError(problem.code, str(problem))
            log.error("{name}: was not moved: {error}", name=session.name, error=str(problem))
        except Exception:
            error = JobError("internal", "an internal error (see the log)")
            log.failure("{name}: a bug of ours", name=session.name)
        if self._daemon.stopping:
            return
        del self._under_way[session]
        session.moving = None
        job.finish(error)
        if session.gone:
            return
        if error is None and session.error is not None:
            session.recover()  # of what was wrong at the old place
        if error is None or not session.begun:
            await begin(session)
        else:
            session.start()
            session.completed()
        self._around.state_changed(session)

    async def _point(self, session: TorrentSession, move: Move, job: Job) -> None:
        """What lies there is hashed, whatever it looks like; nothing that was written elsewhere is claimed there."""
        if move.source == move.target:
            return
        await session.storage.settle()  # a worker writes what it has in hand at the old place
        await session.durability.flush()
        await self._around.host.state.update(session.info_hash, download_dir=move.target, checked=False)
        session.facts.checked = False
        session.facts.files = [None] * len(session.facts.files)
        await self._settle(session, move.target)

    async def _move(self, session: TorrentSession, move: Move, job: Job, *, fresh: bool) -> None:
        host, info_hash = self._around.host, session.info_hash
        mover = host.disk.moving(session.metainfo.layout, move.source, move.target, session.id[:16])
        if not move.moved:
            await session.durability.settle()
            await self._prepared(session, mover, fresh)
            await host.state.begin_move(info_hash, move.source, move.target)
            if not await self._brought(session, mover, job):
                return
            stats = await mover.stats()
            rows = [(index, *found) for index, found in enumerate(stats) if found is not None]
            await host.state.moved(info_hash, move.target, rows)
            session.facts.files = [None if found is None else (*found,) for found in stats]
            await self._settle(session, move.target)
        job.cancellable = False
        try:
            await mover.clean()
        except StorageError as error:  # the torrent is at its new place all the same
            log.warn("{name}: an old file stays behind: {error}", name=session.name, error=str(error))
        await host.state.end_move(info_hash)

    async def _brought(self, session: TorrentSession, mover: DiskMoving, job: Job) -> bool:
        """Make the new files; False if it was given up. What goes wrong leaves everything at the old place."""
        job.total = mover.total
        is_over = False
        try:
            while not is_over:
                is_over = await mover.step()
                if self._daemon.stopping or session.gone:
                    raise CancelledError
                if job.is_cancelled:
                    await self._undo(session, mover)
                    return False
                job.advance(mover.done)
        except StorageError:
            await self._undo(session, mover)
            raise
        job.cancellable = False
        return True

    async def _prepared(self, session: TorrentSession, mover: DiskMoving, fresh: bool) -> None:
        known = [index for index, file in enumerate(session.facts.files) if file is not None]
        try:
            await mover.prepare(fresh, frozenset(known))
        except StorageError:
            if not fresh:
                await self._undo(session, mover)
            raise

    async def _undo(self, session: TorrentSession, mover: DiskMoving) -> None:
        await mover.undo()
        await self._around.host.state.end_move(session.info_hash)

    async def _settle(self, session: TorrentSession, target: str) -> None:
        """The session goes on at the new place."""
        session.facts.download_dir = target
        self._around.tell("torrent.moved", id=session.id, download_dir=target)
        log.info("{name}: moved to {target}", name=session.name, target=target)
        await reopen(self._daemon, session)


async def reopen(daemon: Daemon, session: TorrentSession) -> None:
    """The session's files are elsewhere now, or have other names: go on with a storage that knows."""
    old, metainfo, facts = session.storage, session.metainfo, session.facts
    allocation = daemon.settings.storage.allocation
    session.storage = daemon.host.disk.open(
        metainfo.layout, metainfo.geometry, metainfo.hashes, facts.download_dir, allocation
    )
    session.storage.set_wanted(session.torrent.priorities)
    session.storage.report_to(partial(stored, session))
    daemon.around.places.note(session)
    await old.close()
