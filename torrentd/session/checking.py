"""Hashing what is on the disk: at add, at the user's wish, after a crash. One torrent at a time, so that disks stream.

While a torrent is checked it is out of the swarm; afterwards it goes on as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.policy.recovery import FileStat, recovery
from torrentd.session.rows import ErrorRow
from torrentd.swarm.events import Checked
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.session.torrent import TorrentSession

log = Logger()


class Checks:
    """All checks, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._turn = DeferredLock()

    def check(self, session: TorrentSession, pieces: list[int] | None = None) -> Deferred[None]:
        """Hash these pieces (None: all of them), record what is there, and start the torrent again.

        Fires when the check is over, whatever came of it; failures are shown at the torrent.
        """
        if session.checking is not None:
            pieces = None  # a second wish while one waits: make it a whole one
        session.checking = 0.0
        session.stop(silent=True)
        return self._turn.run(self._check, session, pieces)

    async def _check_now(self, session: TorrentSession, pieces: list[int] | None) -> None:
        geometry = session.metainfo.geometry
        wanted = range(geometry.piece_count) if pieces is None else pieces
        have = session.torrent.have.copy()
        await session.durability.flush()
        found = await session.storage.check(
            list(wanted),
            lambda done: _progress(session, done / max(1, len(wanted))),
            lambda: session.gone,
        )
        if session.gone:
            return
        for piece in wanted:
            have.discard(piece)
        for piece in found:
            have.add(piece)
        await settle(session, have)

    def _check(self, session: TorrentSession, pieces: list[int] | None) -> Deferred[None]:
        done: Deferred[None] = Deferred.fromCoroutine(self._check_now(session, pieces))

        def failed(failure: Failure) -> None:
            error = failure.value
            if isinstance(error, StorageError):
                session.fail(ErrorRow(error.code, escape(str(error)), "storage"))
            else:
                log.failure("{name}: the check failed", failure, name=session.name)
                session.fail(ErrorRow("internal", "the check failed; see the log", "storage"))

        def ended(_: object) -> None:
            session.checking = None
            if not session.gone:
                session.start()
                session.around.state_changed(session)

        done.addErrback(failed)
        done.addCallback(ended)
        return done


def _progress(session: TorrentSession, done: float) -> None:
    session.checking = done
    session.around.touched(session)


async def settle(session: TorrentSession, have: Bitfield) -> None:
    """These pieces are on the disk and no others: record it, with how the files look now, and tell the torrent."""
    await session.storage.flush()  # what was read may be in the page cache only
    session.facts.files = list(await session.storage.existing())
    session.facts.checked = True
    await session.durability.replace(have)
    if not session.gone:
        session.handle(Checked(have.copy()))


async def find_existing(session: TorrentSession) -> list[int]:
    """The pieces of a new torrent that lie in files which are there already: they are hashed, nothing is believed."""
    geometry, layout = session.metainfo.geometry, session.metainfo.layout
    stats = await session.storage.existing()
    pieces: dict[int, None] = {}
    for index, stat in enumerate(stats):
        if stat is not None and stat[0] > 0:
            pieces.update(dict.fromkeys(layout.pieces_of(index, geometry.piece_size)))
    return sorted(pieces)


async def recover(session: TorrentSession) -> tuple[list[int], list[int]]:
    """After a restart: (pieces to hash, files that are missing)."""
    found = [None if stat is None else FileStat(*stat) for stat in await session.storage.existing()]
    recorded = [None if stat is None else FileStat(*stat) for stat in session.facts.files]
    result = recovery(
        session.metainfo.layout, session.metainfo.geometry, session.durable, session.facts.writing, recorded, found
    )
    return result.check, result.missing
