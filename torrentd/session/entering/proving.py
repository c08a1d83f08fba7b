"""After a start: the files of sleeping torrents are compared with what was recorded, some torrents at a time.

A complete torrent whose files look as recorded has nothing to do unless it has trackers: it goes on sleeping. All
others are woken. The comparison takes a parsed metainfo and a look at each file; that of thousands is spread over
seconds in which everything else goes on. A torrent that is wanted before its turn is woken, and compared then: nothing
is served, and nothing is announced, of a torrent that was not looked at in this run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import MetainfoError, StorageError
from torrentd.policy.recovery import FileStat, recovery
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.wire.metainfo import Metainfo, parse

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon
    from torrentd.state.records import TorrentRecord

TOGETHER = 25
"""Torrents that are compared together: some milliseconds of the interpreter."""
PAUSE = 0.01
"""Seconds between two such groups, for everything else that goes on."""


async def begin_sleepers(daemon: Daemon, records: Iterable[TorrentRecord], renamed: Collection[bytes]) -> None:
    """Those that have work are woken, the files of the others are looked at; some together, so that somebody who is
    asked for waits for few. Those of which files were `renamed` are woken, too: their metainfo does not tell all."""
    busy: list[bytes] = []
    quiet: list[bytes] = []
    for record in records:
        if record.info_hash not in daemon.around.sessions:
            (busy if has_work(record) or record.info_hash in renamed else quiet).append(record.info_hash)
    for start in range(0, len(busy), TOGETHER):
        await gatherResults([_wake(daemon, info_hash) for info_hash in busy[start : start + TOGETHER]])
    for start in range(0, len(quiet), TOGETHER):
        await _prove(daemon, quiet[start : start + TOGETHER])
        await deferLater(daemon.host.reactor, PAUSE)


def has_work(record: TorrentRecord) -> bool:
    """Whether there is more to do than to look at its files. (Trackers or peers that the user named are some.)"""
    complete = int.from_bytes(record.have, "big").bit_count() == record.piece_count
    named = record.tiers is not None or bool(record.peers)
    return named or not (complete and record.checked) or bool(record.writing)


async def _prove(daemon: Daemon, hashes: list[bytes]) -> None:
    try:
        found = await daemon.host.state.contents(hashes)
    except StorageError:
        found = []  # the database is at fault: those who wake will say so
    parsed = await daemon.host.workers.run(_parsed, [metainfo for _, metainfo, _ in found])
    comparisons: list[Deferred[Any]] = []
    for (info_hash, _, recorded), metainfo in zip(found, parsed, strict=True):
        sleeper = daemon.around.torrents.get(info_hash)
        if not isinstance(sleeper, Sleeper) or sleeper.known:
            continue  # it was wanted, or removed
        if isinstance(metainfo, Metainfo) and not (metainfo.tiers or _has_padding(metainfo)):
            compared = _compared(daemon, info_hash, metainfo, recorded)
            comparisons.append(Deferred.fromCoroutine(compared).addErrback(_not_compared, daemon, info_hash))
        elif isinstance(metainfo, Metainfo) and sleeper.runs:
            daemon.around.dormancy.call(info_hash, sleeper, daemon.host.reactor.seconds())
        else:
            _wake(daemon, info_hash)
    await gatherResults(comparisons)


def _parsed(many: Sequence[bytes]) -> list[Metainfo | None]:
    """None for what cannot be parsed: it is set aside when it is woken."""
    return [_parsed_one(data) for data in many]


def _parsed_one(data: bytes) -> Metainfo | None:
    try:
        return parse(data)
    except MetainfoError:
        return None


def _has_padding(metainfo: Metainfo) -> bool:
    """What is wanted of it is less than its size, which a record does not tell."""
    return any(entry.padding for entry in metainfo.layout.files)


async def _compared(daemon: Daemon, info_hash: bytes, metainfo: Metainfo, recorded: Sequence[Any]) -> None:
    """Look at the files of a complete torrent: if they are as recorded, it may go on sleeping."""
    sleeper = daemon.around.torrents[info_hash]
    assert isinstance(sleeper, Sleeper)
    geometry, layout = metainfo.geometry, metainfo.layout
    storage = daemon.host.disk.open(layout, geometry, metainfo.hashes, sleeper.row.download_dir)
    found = [None if stat is None else FileStat(*stat) for stat in await storage.existing()]
    await storage.close()
    known = [None if stat is None else FileStat(*stat) for stat in recorded]
    count = sleeper.piece_count
    if (geometry.piece_count, metainfo.info_hash, len(known)) == (count, info_hash, len(found)):
        outcome = recovery(layout, geometry, Bitfield.full(count), [], known, found)
        if not (outcome.check or outcome.missing):
            sleeper.known = True
            sleeper.since = daemon.host.reactor.seconds()
            daemon.around.dht.track_sleeper(info_hash, sleeper)
            return
    _wake(daemon, info_hash)


def _not_compared(failure: Failure, daemon: Daemon, info_hash: bytes) -> None:
    """The folder cannot be looked at, say: whoever wakes it finds the same, and shows it."""
    _wake(daemon, info_hash)


def _wake(daemon: Daemon, info_hash: bytes) -> Deferred[Any]:
    return daemon.around.waking.awake(info_hash).addErrback(_shown)


def _shown(failure: Failure) -> None:
    """What went wrong is in the log, and the torrent's row shows it."""
