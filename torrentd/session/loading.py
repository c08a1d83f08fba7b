"""At start: what was recorded becomes torrent sessions again. One bad torrent is set aside and stops nothing.

Torrents of the last run that was not a crash begin together. One that was under way in a crash begins alone, after the
others, so that a second crash tells which it was; two crashes in a row and it is left out until the user resumes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from torrentd.model.errors import TorrentdError
from torrentd.session.beginning import begin_watched
from torrentd.session.building import build
from torrentd.session.rows import ErrorRow
from torrentd.state.records import Broken, Loaded, TorrentRecord
from torrentd.state.suspects import PROBATION, QUARANTINE_AFTER
from torrentd.wire.escape import escape
from torrentd.wire.metainfo import Metainfo

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon
    from torrentd.session.torrent import TorrentSession

log = Logger()


async def load(daemon: Daemon, loaded: Loaded) -> None:
    """Make a session of every torrent. Nothing is begun yet; see `begin_all`."""
    for broken in loaded.broken:
        _set_aside(daemon, broken)
    for record in loaded.torrents:
        try:
            session = await _session(daemon, record)
        except (TorrentdError, ValueError, LookupError) as error:
            _set_aside(daemon, Broken(record.info_hash, record.name, str(error)))
        except CancelledError:
            raise  # the daemon is stopped while it starts
        except Exception:
            log.failure("{name}: a bug of ours", name=escape(record.name))
            _set_aside(daemon, Broken(record.info_hash, record.name, "a bug of ours; see the log"))
        else:
            daemon.take_in(session)


async def _session(daemon: Daemon, record: TorrentRecord) -> TorrentSession:
    state = daemon.host.state
    metainfo = await daemon.adding.parse(await state.metainfo(record.info_hash))
    _compare(record, metainfo)
    session = build(daemon.around, record, metainfo, daemon.torrent_settings, daemon.settings.storage.allocation)
    files = await state.files(record.info_hash)
    count = len(metainfo.layout.files)
    session.facts.files = files if len(files) == count else [None] * count
    return session


def _compare(record: TorrentRecord, metainfo: Metainfo) -> None:
    """What is stored twice must agree."""
    geometry = metainfo.geometry
    if metainfo.info_hash != record.info_hash:
        raise ValueError("the stored metainfo has another info hash")
    if (geometry.piece_count, len(metainfo.layout.files)) != (record.piece_count, record.file_count):
        raise ValueError("the stored metainfo has other pieces or files than the record")


def _set_aside(daemon: Daemon, broken: Broken) -> None:
    log.error("{name}: set aside: {reason}", name=escape(broken.name), reason=escape(broken.reason))
    daemon.around.broken[broken.info_hash] = broken


async def begin_all(daemon: Daemon, crashes: dict[bytes, int]) -> None:
    """Begin everything; `crashes`: info hash -> crashes in a row."""
    suspects = []
    for session in daemon.around.sessions.values():
        count = crashes.get(session.facts.info_hash, 0)
        if count >= QUARANTINE_AFTER:
            session.fail(QUARANTINED)
            log.error("{name}: {reason}", name=session.name, reason=QUARANTINED.message)
        elif count:
            suspects.append(session)
        else:
            Deferred.fromCoroutine(begin_watched(session))
    for session in suspects:
        await begin_watched(session)
        await deferLater(daemon.host.reactor, PROBATION)


QUARANTINED = ErrorRow(
    "quarantined", "the daemon crashed twice while this torrent ran; resume it to try again", "state"
)
