"""Before a torrent enters its swarm: find out what is on the disk, as far as that is not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.policy.recovery import FileStat, Recovery, recovery
from torrentd.session.entering.checking import settle
from torrentd.state.suspects import PROBATION

if TYPE_CHECKING:
    from torrentd.model.geometry import Geometry
    from torrentd.model.layout import Layout
    from torrentd.session.running.torrent import TorrentSession

log = Logger()

COMPARED_AT_ONCE = 500
"""More files than that are compared by a worker: it takes a few microseconds for each."""


def nobody_waits() -> None:
    """Nobody is told that the files were looked at."""


async def begin_watched(
    session: TorrentSession, verify: str = "auto", looked: Callable[[], None] = nobody_waits
) -> None:
    """Begin, with a note in the database for the case that this brings us down."""
    state, reactor = session.around.host.state, session.around.host.reactor
    if not session.facts.paused:
        try:
            await state.note_started(session.facts.info_hash)
        except (StorageError, LookupError):
            log.debug("{name}: the note of its start could not be written", name=session.name)
        if not session.gone and (session.probation is None or not session.probation.active()):
            session.probation = reactor.callLater(PROBATION, _ran_well, session)
    await begin(session, verify, looked)


async def begin(session: TorrentSession, verify: str = "auto", looked: Callable[[], None] = nobody_waits) -> None:
    """Find out what is on the disk, hash what is doubtful, and start. Whatever goes wrong is shown at the torrent.

    `verify` concerns a new torrent: "auto" hashes what is there, "full" hashes all, "skip" believes files of the right
    size. `looked` is called when the files were looked at, before anything follows from that. Peers that came meanwhile
    are let in at the end.
    """
    try:
        await _begin(session, verify, looked)
    finally:
        if not session.is_beginning:  # else somebody set out anew
            session.let_in()


async def _begin(session: TorrentSession, verify: str, looked: Callable[[], None]) -> None:
    if session.is_moving:  # it begins when that is over
        looked()
        return
    session.begun = False
    is_void = session.inquire()
    if verify == "full":
        session.doubtful = Bitfield.full(session.metainfo.geometry.piece_count)
    try:
        await _look(session, verify == "skip", is_void)
    except StorageError as error:
        looked()
        if not is_void():
            session.around.trouble.failed(session, error)
        return
    except CancelledError:
        raise  # the daemon is stopping
    except Exception:
        looked()
        session.our_fault(Failure())
        return
    looked()
    if is_void() or session.error is not None:
        return
    session.begun = True
    if session.doubtful.count:
        await session.around.checks.check(session)
        return
    session.facts.checked = True
    session.start()
    session.completed()


async def _look(session: TorrentSession, trusting: bool, is_void: Callable[[], bool]) -> None:
    """Make doubtful what has to be hashed, unless what is found is void by then. StorageError, "files_missing" among
    others."""
    if trusting and not session.facts.checked and await _sizes_are_right(session):
        full = Bitfield.full(session.metainfo.geometry.piece_count)
        if not is_void():
            await settle(session, full, full)
        return
    result = await _compare(session)
    if result.missing:
        layout = session.metainfo.layout
        path = "/".join((session.facts.download_dir, *layout.files[result.missing[0]].path))
        more = f" and {len(result.missing) - 1} more" if len(result.missing) > 1 else ""
        words = f"{path}{more}: the file is missing; put it back and resume, or verify"
        raise StorageError(words, "files_missing", path)
    if not is_void():
        session.doubt(result.check)


async def _compare(session: TorrentSession) -> Recovery:
    """How the files look, and how they should. While nothing is known of them, all that are there are doubtful."""
    found, metainfo = await session.storage.existing(), session.metainfo
    have, marked = session.durability.flushed, list(session.durability.marks.marked)
    recorded = session.facts.files.copy() if session.facts.checked else None
    if len(found) <= COMPARED_AT_ONCE:
        return _compared(metainfo.layout, metainfo.geometry, have, marked, recorded, found)
    workers = session.around.host.workers
    return await workers.run(_compared, metainfo.layout, metainfo.geometry, have.copy(), marked, recorded, found)


def _compared(
    layout: Layout,
    geometry: Geometry,
    have: Bitfield,
    marked: Sequence[int],
    recorded: Sequence[tuple[int, int, int] | None] | None,
    found: Sequence[tuple[int, int, int] | None],
) -> Recovery:
    known = None if recorded is None else _stats(recorded)
    return recovery(layout, geometry, have, marked, known, _stats(found))


def _stats(those: Sequence[tuple[int, int, int] | None]) -> list[FileStat | None]:
    return [None if stat is None else FileStat(*stat) for stat in those]


async def _sizes_are_right(session: TorrentSession) -> bool:
    stats = await session.storage.existing()
    return all(
        entry.padding or not entry.size or (stat is not None and stat[0] == entry.size)
        for entry, stat in zip(session.metainfo.layout.files, stats, strict=True)
    )


def _ran_well(session: TorrentSession) -> None:
    session.probation = None
    done = session.around.host.state.note_ok(session.facts.info_hash)
    done.addErrback(lambda failure: failure.trap(StorageError, LookupError) and None)
