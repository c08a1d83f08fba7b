"""Files and folders of a torrent under other names than its metainfo says. The torrent leaves its swarm for as long as
that takes, which is a moment.

    the names are recorded, with a note -> the disk follows -> the note goes

A start that finds a note lets the disk follow. If that fails, the old names are recorded again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from torrentd.model.errors import RpcError, StorageError
from torrentd.session.entering.beginning import begin
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.running.moving import reopen
from torrentd.session.running.places import inside, root
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.telling.reasons import QUARANTINED
from torrentd.state.records import Renaming as Note
from torrentd.wire.escape import escape
from torrentd.wire.renaming import Renamed, rename

if TYPE_CHECKING:
    from torrentd.model.layout import Layout
    from torrentd.session.daemon import Daemon
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.wire.metainfo import Metainfo
    from torrentd.wire.names import Path

log = Logger()


class Renaming:
    """Renames, and ends what a crash left."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._around = daemon.around
        self._under_way: dict[TorrentSession, list[str]] = {}
        """what the paths begin with that are being renamed, the new ones too"""

    def concerns(self, place: str) -> bool:
        """Whether something is being renamed at, below or above this; as `moving.inside` makes it."""
        return any(_overlap(place, other) for places in self._under_way.values() for other in places)

    def rename(self, session: TorrentSession, path: str, name: str) -> Deferred[str]:
        """The new path. RpcError: "file_index" if nothing is at `path`, "path_not_allowed" for such a name, or where
        another torrent has files, "busy", "wrong_state". StorageError: nothing has changed."""
        old = tuple(path.split("/"))
        self._check(session)  # nobody waits for the end of a move only to be refused
        return self._daemon.turns.run(session.info_hash, self._rename, session, old, name)

    def resume(self, session: TorrentSession, note: Note) -> None:
        """Let the disk follow what an earlier run recorded."""
        session.renaming = True
        self._under_way[session] = _places(session, note)
        done = self._daemon.turns.run(session.info_hash, self._follow, session, note)
        done.addErrback(session.our_fault)

    async def _follow(self, session: TorrentSession, note: Note) -> None:
        try:
            await self._followed(session, note)
        finally:
            del self._under_way[session]
        session.renaming = False
        await begin(session)

    async def _followed(self, session: TorrentSession, note: Note) -> None:
        try:
            await session.storage.rename(note.old, note.new, fresh=False)
        except StorageError as error:
            log.error("{name}: was not renamed: {error}", name=session.name, error=str(error))
            workers = self._around.host.workers
            undone = await workers.run(rename, session.metainfo, note.new, note.old[-1])
            await self._settle(session, undone.metainfo)
            await self._noted(session, self._around.host.state.undo_renaming(session.info_hash, undone.names, note))
        else:
            await self._noted(session, self._around.host.state.end_renaming(session.info_hash))

    async def _rename(self, session: TorrentSession, path: Path, name: str) -> str:
        self._check(session)
        session.renaming = True
        if not session.begun:
            session.inquire()  # who looks at the disk now sees it under the old names, and has to look again
        note = Note(path, (*path[:-1], name))
        self._under_way[session] = _places(session, note)
        try:
            return await self._rename_it(session, name, note)
        finally:
            del self._under_way[session]

    async def _rename_it(self, session: TorrentSession, name: str, note: Note) -> str:
        path = note.old
        try:
            result = await self._result(session, path, name)
            if result.names:
                await self._check_others(session)
                if session.checking is not None:
                    raise RpcError("busy", "The torrent is being moved or checked", id=session.id)
        except Exception:
            self._let_run(session)
            raise
        if not result.names:
            self._let_run(session)
            return "/".join(path)
        session.stop(silent=True)
        try:
            await self._carry_out(session, result, note)
        except Exception:
            self._go_on(session)
            raise
        self._go_on(session)
        log.info("{name}: {old} is called {new} now", name=session.name, old=escape("/".join(path)), new=escape(name))
        return "/".join(note.new)

    def _let_run(self, session: TorrentSession) -> None:
        """It is as it was; it may have been resumed meanwhile. What had not begun has to look at the disk again."""
        if not session.begun:
            self._go_on(session)
            return
        session.renaming = False
        if not self._daemon.stopping:
            session.start()

    def _go_on(self, session: TorrentSession) -> None:
        session.renaming = False
        if not (session.gone or self._daemon.stopping):
            Deferred.fromCoroutine(begin(session)).addErrback(session.our_fault)

    def _check(self, session: TorrentSession) -> None:
        if session.gone:
            raise self._around.unknown(session.id)
        if session.moving is not None or session.checking is not None:
            raise RpcError("busy", "The torrent is being moved or checked", id=session.id)
        if session.error == QUARANTINED:
            raise RpcError("wrong_state", QUARANTINED.message, id=session.id)

    async def _result(self, session: TorrentSession, path: Path, name: str) -> Renamed:
        try:
            return await self._around.host.workers.run(rename, session.metainfo, path, name)
        except LookupError as error:
            raise RpcError("file_index", str(error.args[0]), path="path") from None
        except ValueError as error:
            raise RpcError("path_not_allowed", str(error), path="name") from None

    def _moved(self, other: TorrentSession | Sleeper) -> list[str]:
        return [] if isinstance(other, Sleeper) else self._daemon.moving.places(other)

    async def _check_others(self, session: TorrentSession) -> None:
        """A folder takes along what else is in it, so that must not be another torrent's. Of most torrents their names
        tell that it is not."""
        places = self._under_way[session]
        for info_hash, other in list(self._around.torrents.items()):
            if other is session or isinstance(other, MagnetSession):
                continue
            if any(_overlap(there, place) for there in self._moved(other) for place in places):
                raise RpcError("busy", "Another torrent is being moved there, or from there", id=session.id)
            if not any(_overlap(root(other), place) for place in places):
                continue
            awake = await self._around.waking.awake(info_hash)
            if await self._around.host.workers.run(_lies_in, awake.metainfo.layout, awake.facts.download_dir, places):
                raise RpcError("path_not_allowed", f"{awake.name}, another torrent, has files there", path="path")

    async def _carry_out(self, session: TorrentSession, result: Renamed, note: Note) -> None:
        state = self._around.host.state
        await session.durability.settle()
        await state.begin_renaming(session.info_hash, result.names, note)
        try:
            await session.storage.rename(note.old, note.new, fresh=True)
        except StorageError:
            await self._noted(session, state.undo_renaming(session.info_hash, result.old_names, note))
            raise
        await self._settle(session, result.metainfo)
        await self._noted(session, state.end_renaming(session.info_hash))

    async def _noted(self, session: TorrentSession, recorded: Deferred[None]) -> None:
        """The disk is as it stays. If the database does not take that, the next start finds the note still."""
        try:
            await recorded
        except StorageError as error:
            log.warn("{name}: the note of its renaming stays: {error}", name=session.name, error=str(error))

    async def _settle(self, session: TorrentSession, metainfo: Metainfo) -> None:
        """The session goes on with these names."""
        session.metainfo = metainfo
        session.facts.edited_at = self._around.host.wall_clock()
        self._around.touched(session)
        await reopen(self._daemon, session)


def _places(session: TorrentSession, note: Note) -> list[str]:
    return [inside(session.facts.download_dir, names) for names in (note.old, note.new)]


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _lies_in(layout: Layout, directory: str, places: Sequence[str]) -> bool:
    """Whether a file of a torrent in a directory lies at or below one of the places."""
    paths = (inside(directory, entry.path) for entry in layout.files)
    return any(path.startswith(place) for path in paths for place in places)
