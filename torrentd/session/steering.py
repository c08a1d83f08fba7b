"""The daemon as the RPC sees it: implements `session.control.Control`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, execute, succeed

from torrentd import config
from torrentd.model.address import Address
from torrentd.model.errors import RpcError, StorageError
from torrentd.session import snapshots
from torrentd.session.adding import choose
from torrentd.session.control import AddOptions, Changes, FileChoice
from torrentd.session.limits import RuntimeLimits, effective
from torrentd.session.loading import QUARANTINED
from torrentd.session.rows import (
    ClosedPeerRow,
    DhtRow,
    DiskRow,
    FileRow,
    InspectRow,
    PeerRow,
    PiecesRow,
    RatesRow,
    StatusRow,
    TorrentCounts,
    TorrentRow,
    TrackerRow,
    WaitRow,
)
from torrentd.session.waiting import Until
from torrentd.swarm.events import AnnounceNow, PeersFound

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon
    from torrentd.session.torrent import TorrentSession


class Steering:
    """`reload` reads the configuration again and `shutdown` begins the stop; the composition root gives both."""

    def __init__(
        self, daemon: Daemon, reload: Callable[[], tuple[list[str], list[str]]], shutdown: Callable[[], None]
    ) -> None:
        self._daemon = daemon
        self._around = daemon.around
        self._reload = reload
        self._shutdown = shutdown

    # --- looking

    def ids(self) -> list[str]:
        return [info_hash.hex() for info_hash in (*self._around.sessions, *self._around.broken)]

    def row(self, id: str) -> TorrentRow:
        broken = self._around.broken.get(bytes.fromhex(id))
        return snapshots.broken_row(broken) if broken else snapshots.torrent_row(self._around.session(id))

    def rows(self) -> list[TorrentRow]:
        rows = [snapshots.torrent_row(session) for session in self._around.sessions.values()]
        return rows + [snapshots.broken_row(broken) for broken in self._around.broken.values()]

    def changes(self, since: int | None) -> Changes:
        log = self._around.changes
        if since is None or not log.knows(since):
            return Changes(self.rows(), [], log.revision, True)
        rows = [snapshots.torrent_row(self._around.session(id)) for id in log.changed(since)]
        return Changes(rows, log.removed(since), log.revision, False)

    def files(self, id: str) -> list[FileRow]:
        return snapshots.file_rows(self._around.session(id))

    def peers(self, id: str) -> tuple[list[PeerRow], list[ClosedPeerRow]]:
        return snapshots.peer_rows(self._around.session(id))

    def trackers(self, id: str) -> list[TrackerRow]:
        return snapshots.tracker_rows(self._around.session(id))

    def pieces(self, id: str) -> PiecesRow:
        return snapshots.pieces_row(self._around.session(id))

    def wait(self, ids: Sequence[str], until: Until, timeout: float) -> Deferred[WaitRow]:
        known = [id if bytes.fromhex(id) in self._around.broken else self._around.session(id).id for id in ids]
        return self._around.waits.wait(known, until, timeout)

    def inspect(self, metainfo: bytes) -> Deferred[InspectRow]:
        return Deferred.fromCoroutine(self._daemon.adding.parse(metainfo)).addCallback(snapshots.inspect_row)

    # --- torrents

    def add(self, metainfo: bytes, options: AddOptions) -> Deferred[tuple[str, bool]]:
        return Deferred.fromCoroutine(self._daemon.adding.add(metainfo, options))

    def pause(self, id: str) -> Deferred[None]:
        session = self._around.session(id)
        session.facts.paused = True
        session.stop()
        return self._saved(session)

    def resume(self, id: str, force: bool) -> Deferred[None]:
        session = self._around.session(id)
        session.facts.paused = False
        if session.error == QUARANTINED:
            self._forgiven(session)
        session.start()  # also with an error, if that leaves something to do
        self._around.trouble.retry(session)
        return self._saved(session)

    def _forgiven(self, session: TorrentSession) -> None:
        """The user wants it tried again: its crashes are forgotten."""
        done = self._daemon.host.state.note_ok(session.facts.info_hash)
        done.addErrback(lambda failure: failure.trap(StorageError, LookupError) and None)

    def verify(self, id: str) -> Deferred[None]:
        session = self._around.session(id)
        if session.error == QUARANTINED:
            raise RpcError("wrong_state", QUARANTINED.message, id=id)
        session.recover()
        session.begun = True  # whatever was not known before will be known then
        self._around.checks.verify(session)
        return succeed(None)

    def announce(self, id: str) -> Deferred[None]:
        session = self._around.session(id)
        if not session.torrent.running:
            raise RpcError("wrong_state", "The torrent is not running", id=id)
        session.handle(AnnounceNow())
        return succeed(None)

    def remove(self, id: str, delete_data: bool) -> Deferred[None]:
        info_hash = bytes.fromhex(id)
        if info_hash in self._around.broken:
            return self._daemon.turns.run(info_hash, self._daemon.remove_broken, info_hash)
        return self._daemon.remove(self._around.session(id), delete_data)

    def set_files(self, id: str, choices: Sequence[FileChoice]) -> Deferred[None]:
        session = self._around.session(id)
        session.set_priorities(choose(session.metainfo.layout, session.torrent.priorities, list(choices)))
        return self._saved(session)

    def add_peers(self, id: str, peers: Sequence[Address]) -> int:
        session = self._around.session(id)
        session.handle(PeersFound(list(peers), "user"))
        return len(peers)

    def _saved(self, session: TorrentSession) -> Deferred[None]:
        """What the user decided is on the disk before he is told so."""
        return self._around.saving.write(session)

    # --- the daemon

    def status(self) -> StatusRow:
        daemon, around = self._daemon, self._around
        sessions = list(around.sessions.values())
        rates = [session.rates() for session in sessions]
        by_state: dict[str, int] = {}
        for session in sessions:
            state = snapshots.state_of(session)
            by_state[state] = by_state.get(state, 0) + 1
        if around.broken:
            by_state["error"] = by_state.get("error", 0) + len(around.broken)
        return StatusRow(
            uptime=int(daemon.host.reactor.seconds() - daemon.started_at),
            pid=os.getpid(),
            listen=[str(address) for address in daemon.listening.addresses],
            external_addresses=list(daemon.connections.external),
            dht=DhtRow(0),
            torrents=TorrentCounts(len(sessions) + len(around.broken), by_state),
            rates=RatesRow(sum(down for down, _ in rates), sum(up for _, up in rates)),
            totals=around.saving.totals(),
            disk=[_disk_row(path) for path in self._places()],
            connections=daemon.connections.fleet.connections,
        )

    def _places(self) -> list[str]:
        paths = self._daemon.settings.paths
        places = (session.facts.download_dir for session in self._around.sessions.values())
        return list(dict.fromkeys((paths.download_dir, *places)))

    def limits(self) -> tuple[int | None, int | None]:
        return effective(self._daemon.settings, self._daemon.runtime_limits)

    def set_limits(self, down: int | None, up: int | None) -> Deferred[None]:
        self._daemon.runtime_limits = RuntimeLimits(True, down, up)
        self._daemon.apply_limits()
        return self._daemon.host.state.set_setting("limits", self._daemon.runtime_limits.stored())

    def config_values(self) -> dict[str, object]:
        values = config.values(self._daemon.settings)
        if self._daemon.runtime_limits.given:
            down, up = self.limits()
            values |= {"limits.download": _in_file(down), "limits.upload": _in_file(up)}
        return values

    def config_sources(self) -> dict[str, str]:
        configuration = self._daemon.configuration
        sources = dict.fromkeys(config.values(configuration.settings), "default")
        sources |= dict.fromkeys((*configuration.written, *configuration.given), "file")
        if self._daemon.runtime_limits.given:
            sources |= {"limits.download": "runtime", "limits.upload": "runtime"}
        return sources

    def config_schema(self) -> dict[str, object]:
        return config.schema()

    def reload(self) -> Deferred[tuple[list[str], list[str]]]:
        return execute(self._reload)

    def shutdown(self) -> None:
        self._shutdown()


def _in_file(rate: int | None) -> object:
    """As the file would write it: 0 is unlimited there."""
    return 0 if rate is None else rate


def _disk_row(path: str) -> DiskRow:
    """Of the nearest folder that exists: the download directory is made with the first file."""
    place = Path(path)
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return DiskRow(path, None, None)
    return DiskRow(path, usage.free, usage.total)
