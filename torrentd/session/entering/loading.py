"""At start: what was recorded becomes torrents again. One bad torrent is set aside and stops nothing.

Nearly all are listed asleep, from their records alone, and begin afterwards (`session.entering.proving`). One that was
under way in a crash begins alone, after the others, so that a second crash tells which it was; two crashes in a row and
it is left out until the user resumes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from torrentd.model.errors import MetainfoError, TorrentdError
from torrentd.session.driven import OUR_FAULT
from torrentd.session.entering.beginning import begin_watched
from torrentd.session.entering.proving import begin_sleepers
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.running.building import build, new_peer_id
from torrentd.session.sleeping.sleeper import of_record, tells_all
from torrentd.session.telling.reasons import QUARANTINED
from torrentd.state.records import Broken, Loaded, Stored, TorrentRecord
from torrentd.state.suspects import PROBATION, QUARANTINE_AFTER
from torrentd.wire.escape import escape
from torrentd.wire.metainfo import Metainfo
from torrentd.wire.renaming import renamed

if TYPE_CHECKING:
    from torrentd.model.ids import PeerId
    from torrentd.session.daemon import Daemon
    from torrentd.session.running.torrent import TorrentSession

log = Logger()


async def load(daemon: Daemon, loaded: Loaded) -> None:
    """List every torrent. Nothing is begun yet; see `begin_all`."""
    now, secret_rng = daemon.host.reactor.seconds(), daemon.host.secret_rng
    for broken in loaded.broken:
        set_aside(daemon, broken)
    to_be_continued = loaded.suspects, loaded.moves, loaded.renamings
    for record in loaded.torrents:
        try:
            if tells_all(record) and not any(record.info_hash in those for those in to_be_continued):
                daemon.around.put(record.info_hash, of_record(record, new_peer_id(secret_rng), now))
            else:
                await _load_whole(daemon, record)
        except (TorrentdError, ValueError, LookupError) as error:
            set_aside(daemon, Broken(record.info_hash, record.name, str(error)))
        except CancelledError:
            raise  # the daemon is stopped while it starts
        except Exception:
            log.failure("{name}: a bug of ours", name=escape(record.name))
            set_aside(daemon, Broken(record.info_hash, record.name, OUR_FAULT))
    for magnet in loaded.magnets:
        try:
            daemon.magnets.take_in(magnet)
        except MetainfoError as error:
            set_aside(daemon, Broken(magnet.info_hash, magnet.info_hash.hex(), str(error)))
    if loaded.magnets:
        daemon.around.arrange(loaded.order)


async def _load_whole(daemon: Daemon, record: TorrentRecord) -> None:
    """A torrent whose row its record alone does not tell: it begins awake."""
    stored = await daemon.host.state.stored(record.info_hash)
    if isinstance(stored, Broken):
        raise ValueError(stored.reason)
    session = await stored_session(daemon, stored, new_peer_id(daemon.host.secret_rng))
    daemon.around.put(record.info_hash, session)


async def stored_session(daemon: Daemon, stored: Stored, peer_id: PeerId) -> TorrentSession:
    """A session of what the database has. ValueError, MetainfoError: it cannot be used."""
    metainfo = await daemon.adding.parse(stored.metainfo)
    _compare(stored.record, metainfo)
    allocation = daemon.settings.storage.allocation
    called = renamed(metainfo, stored.names)
    session = build(daemon.around, stored.record, called, daemon.torrent_settings, allocation, peer_id)
    session.original_name = metainfo.name
    count = len(metainfo.layout.files)
    session.facts.files = stored.files if len(stored.files) == count else [None] * count
    return session


def _compare(record: TorrentRecord, metainfo: Metainfo) -> None:
    """What is stored twice must agree."""
    geometry = metainfo.geometry
    if metainfo.info_hash != record.info_hash:
        raise ValueError("the stored metainfo has another info hash")
    if (geometry.piece_count, len(metainfo.layout.files)) != (record.piece_count, record.file_count):
        raise ValueError("the stored metainfo has other pieces or files than the record")


def set_aside(daemon: Daemon, broken: Broken) -> None:
    """List it as a torrent that cannot be used."""
    log.error("{name}: set aside: {reason}", name=escape(broken.name), reason=escape(broken.reason))
    around, id = daemon.around, broken.info_hash.hex()
    around.drop(broken.info_hash)
    around.broken[broken.info_hash] = broken
    around.changes.touch(id)
    around.waits.changed(id)


async def begin_all(daemon: Daemon, loaded: Loaded) -> None:
    """Begin everything, one after the other where something may be wrong."""
    suspects: list[TorrentSession | MagnetSession] = []
    awake: list[TorrentSession | MagnetSession] = [*daemon.around.magnets.values(), *daemon.around.sessions.values()]
    for session in awake:
        count = loaded.suspects.get(session.info_hash, 0)
        move = loaded.moves.get(session.info_hash)
        if move is not None and not isinstance(session, MagnetSession):
            daemon.moving.resume(session, move)
        elif session.info_hash in loaded.renamings and not isinstance(session, MagnetSession):
            daemon.renaming.resume(session, loaded.renamings[session.info_hash])
        elif count >= QUARANTINE_AFTER:
            session.fail(QUARANTINED)
            log.error("{name}: {reason}", name=session.name, reason=QUARANTINED.message)
        elif count:
            suspects.append(session)
        else:
            Deferred.fromCoroutine(_begin(session))
    await begin_sleepers(daemon, loaded.torrents, loaded.renamed)
    for session in suspects:
        await _begin(session)
        await deferLater(daemon.host.reactor, PROBATION)


async def _begin(session: TorrentSession | MagnetSession) -> None:
    if isinstance(session, MagnetSession):
        session.start()
    else:
        await begin_watched(session)
