"""The daemon as the RPC sees it: implements `session.control.Control`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType
from twisted.internet.defer import Deferred, execute, gatherResults, maybeDeferred
from twisted.python.failure import Failure

from torrentd import config
from torrentd.model.address import Address
from torrentd.model.errors import RpcError, StorageError
from torrentd.policy.queueing import Where
from torrentd.session import setting
from torrentd.session.control import AddOptions, Changes, FileChoice, Wishes
from torrentd.session.entering.adding import choose
from torrentd.session.events.log import Event, Found, Listener, Topic
from torrentd.session.limits import RATE_KEYS, Override, RuntimeLimits, as_override, effective
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.moving import Mode
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.telling import snapshots
from torrentd.session.telling.details import DetailsRow, details_row, magnet_details_row
from torrentd.session.telling.reasons import QUARANTINED
from torrentd.session.telling.rows import (
    BlocklistRow,
    ClosedPeerRow,
    DhtRow,
    DhtStatusRow,
    DiskRow,
    FileRow,
    InspectRow,
    JobRow,
    PeerRow,
    PiecesRow,
    RatesRow,
    StatusRow,
    TorrentCounts,
    TorrentRow,
    TrackerRow,
    WaitRow,
)
from torrentd.session.telling.waiting import Until
from torrentd.session.trackers import Tiers, edited, set_trackers, without_repeats
from torrentd.swarm.events import AnnounceNow
from torrentd.wire import magnet
from torrentd.wire.metainfo import with_trackers

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon
    from torrentd.session.driven import Driven
    from torrentd.session.running.torrent import TorrentSession


KEPT = "kept."
"""What begins like this among the settings of the database belongs to the layers above."""


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
        return [info_hash.hex() for info_hash in (*self._around.torrents, *self._around.broken)]

    def row(self, id: str) -> TorrentRow:
        broken = self._around.broken.get(bytes.fromhex(id))
        return snapshots.broken_row(broken) if broken else self._row(self._around.torrents[self._around.find(id)])

    def rows(self, columns: Collection[str] | None = None) -> list[TorrentRow]:
        around = self._around
        if columns is None or "seeding_time" in columns or "queue" in columns:
            rows = [self._row(torrent) for torrent in around.torrents.values()]
        else:
            rows = [
                torrent.row if type(torrent) is Sleeper else self._row(torrent) for torrent in around.torrents.values()
            ]
        return rows + [snapshots.broken_row(broken) for broken in around.broken.values()]

    def _row(self, torrent: TorrentSession | MagnetSession | Sleeper) -> TorrentRow:
        if isinstance(torrent, Sleeper):
            self._around.queueing.show(torrent)
        return snapshots.row_of(torrent, self._daemon.host.reactor.seconds())

    def revision(self) -> int:
        return self._around.changes.revision

    def changes(self, since: int | None, columns: Collection[str] | None = None) -> Changes:
        self._around.queueing.tell_shifts()
        log = self._around.changes
        if since is None or not log.knows(since):
            return Changes(self.rows(columns), [], log.revision, True)
        return Changes([self.row(id) for id in log.changed(since)], log.removed(since), log.revision, False)

    def files(self, id: str) -> Deferred[list[FileRow]]:
        return self._awake(id, snapshots.file_rows)

    def peers(self, id: str) -> Deferred[tuple[list[PeerRow], list[ClosedPeerRow]]]:
        return self._awake(id, snapshots.peer_rows, snapshots.magnet_peer_rows)

    def trackers(self, id: str) -> Deferred[list[TrackerRow]]:
        return self._awake(id, snapshots.tracker_rows, snapshots.tracker_rows)

    def pieces(self, id: str) -> Deferred[PiecesRow]:
        return self._awake(id, snapshots.pieces_row)

    def details(self, id: str) -> Deferred[DetailsRow]:
        return self._awake(id, details_row, magnet_details_row)

    def wait(self, ids: Sequence[str], until: Until, timeout: float) -> Deferred[WaitRow]:
        known = [id if bytes.fromhex(id) in self._around.broken else self._around.find(id).hex() for id in ids]
        return self._around.waits.wait(known, until, timeout)

    def inspect(self, metainfo: bytes) -> Deferred[InspectRow]:
        return Deferred.fromCoroutine(self._daemon.adding.parse(metainfo)).addCallback(snapshots.inspect_row)

    def inspect_magnet(self, link: str, options: AddOptions, timeout: float) -> Deferred[InspectRow]:
        done = Deferred.fromCoroutine(self._daemon.magnets.look(link, options, timeout))
        return done.addCallback(snapshots.inspect_row)

    def jobs(self) -> list[JobRow]:
        return self._around.jobs.rows()

    def job(self, id: int) -> JobRow:
        return self._around.jobs.row(id)

    def cancel_job(self, id: int) -> None:
        self._around.jobs.cancel(id)

    def poll_events(self, since: str | None, topics: Collection[Topic], timeout: float) -> Deferred[Found]:
        return self._around.events.poll(since, topics, timeout)

    def events_after(self, since: str | None, topics: Collection[Topic]) -> Found:
        log = self._around.events.log
        return log.after(log.cursor if since is None else since, topics)

    def listen(self, topics: Collection[Topic], tell: Callable[[Event], None]) -> Listener:
        return self._around.events.listen(topics, tell)

    def ignore(self, listener: Listener) -> None:
        self._around.events.ignore(listener)

    # --- torrents

    def add(self, metainfo: bytes, options: AddOptions) -> Deferred[tuple[str, bool]]:
        return Deferred.fromCoroutine(self._daemon.adding.add(metainfo, options))

    def add_magnet(self, link: str, options: AddOptions) -> Deferred[tuple[str, bool]]:
        return Deferred.fromCoroutine(self._daemon.magnets.add(link, options))

    def _awake(
        self, id: str, then: Callable[[TorrentSession], Any], meanwhile: Callable[[MagnetSession], Any] | None = None
    ) -> Deferred[Any]:
        """Fires with what `then` makes of the torrent's session, which is woken if need be. A removal may overtake
        it: then there is no such torrent. `meanwhile` is what to do instead while there is no metadata."""
        found = self._around.torrents[self._around.find(id)]
        if isinstance(found, MagnetSession) and meanwhile is not None:
            return maybeDeferred(meanwhile, found)

        def still_there(session: TorrentSession) -> TorrentSession:
            if session.gone:
                raise self._around.unknown(id)
            return session

        return self._around.waking.awake(self._around.find(id)).addCallback(still_there).addCallback(then)

    def pause(self, id: str) -> Deferred[None]:
        return self._awake(id, self._pause, MagnetSession.pause)

    def _pause(self, session: TorrentSession) -> Deferred[None]:
        session.facts.paused, session.facts.forced = True, False
        session.stop()
        return self._saved(session)

    def resume(self, id: str, force: bool) -> Deferred[None]:
        return self._awake(id, lambda session: self._resume(session, force), lambda magnet: magnet.resume(force))

    def _resume(self, session: TorrentSession, force: bool) -> Deferred[None]:
        session.facts.paused, session.facts.forced = False, force
        self._around.seeding.resumed(session)
        if session.error == QUARANTINED:
            self._forgiven(session)
        session.start()  # also with an error, if that leaves something to do
        self._around.trouble.retry(session)
        self._around.queueing.changed(session)
        return self._saved(session)

    def _forgiven(self, session: TorrentSession) -> None:
        """The user wants it tried again: its crashes are forgotten."""
        done = self._daemon.host.state.note_ok(session.facts.info_hash)
        done.addErrback(lambda failure: failure.trap(StorageError, LookupError) and None)

    def verify(self, id: str) -> Deferred[None]:
        return self._awake(id, self._verify)

    def _verify(self, session: TorrentSession) -> None:
        if session.error == QUARANTINED:
            raise RpcError("wrong_state", QUARANTINED.message, id=session.id)
        trusted = session.begun and session.error is None and not session.doubtful.count
        if session.moving is not None:
            raise RpcError("busy", "The torrent is being moved", id=session.id)
        session.recover()
        session.inquire()
        session.begun = True  # whatever was not known before will be known then
        self._around.checks.verify(session, trusted=trusted)

    def announce(self, id: str) -> Deferred[None]:
        return self._awake(id, self._announce, self._announce)

    def _announce(self, session: Driven[Any]) -> None:
        if not session.torrent.running:
            raise RpcError("wrong_state", "The torrent is not running", id=session.id)
        session.handle(AnnounceNow())
        self._around.dht.search_now(session)

    def remove(self, id: str, delete_data: bool) -> Deferred[None]:
        info_hash = bytes.fromhex(id)
        if info_hash in self._around.broken:
            return self._daemon.turns.run(info_hash, self._daemon.remove_broken, info_hash)
        return self._awake(
            id,
            lambda session: self._daemon.remove(session, delete_data),
            lambda magnet: self._daemon.turns.run(magnet.info_hash, self._daemon.magnets.remove, magnet),
        )

    def find(self, id: str) -> Deferred[None]:
        return execute(self._around.find, id).addCallback(lambda _: None)

    def move_in_queue(self, ids: Sequence[str], to: Where) -> Deferred[None]:
        return self._around.queueing.move([self._around.find(id) for id in ids], to)

    def set(self, id: str, wishes: Wishes) -> Deferred[None]:
        settings = self._daemon.torrent_settings

        def set_them(session: TorrentSession) -> Deferred[None]:
            setting.apply(session, wishes, settings)
            return self._saved(session)

        return self._awake(id, set_them, lambda magnet: setting.apply_to_magnet(magnet, wishes, settings))

    def move(self, id: str, path: str, mode: Mode) -> Deferred[int]:
        return self._awake(id, lambda session: self._daemon.moving.move(session, path, mode).id)

    def set_files(self, id: str, choices: Sequence[FileChoice]) -> Deferred[None]:
        def choose_them(session: TorrentSession) -> Deferred[None]:
            session.set_priorities(choose(session.metainfo.layout, session.torrent.priorities, list(choices)))
            return self._saved(session)

        return self._awake(id, choose_them)

    def set_trackers(self, id: str, tiers: Sequence[Sequence[str]]) -> Deferred[Tiers]:
        return self._with_trackers(id, lambda _: without_repeats(tiers))

    def edit_trackers(self, id: str, add: Sequence[str], remove: Sequence[str]) -> Deferred[Tiers]:
        return self._with_trackers(id, lambda tiers: edited(tiers, add, remove))

    def _with_trackers(self, id: str, wanted: Callable[[Tiers], Tiers]) -> Deferred[Tiers]:
        def set_them(session: TorrentSession) -> Deferred[Tiers]:
            tiers = wanted(session.tiers)
            set_trackers(session, tiers)
            return self._saved(session).addCallback(lambda _: tiers)

        return self._awake(id, set_them)

    def export(self, id: str) -> Deferred[tuple[bytes, str]]:
        def export_it(session: TorrentSession) -> Deferred[tuple[bytes, str]]:
            tiers = session.tiers
            link = magnet.make(replace(magnet.of_metainfo(session.metainfo), trackers=tuple(chain(*tiers))))
            data = self._daemon.host.state.metainfo(session.info_hash)
            return data.addCallback(with_trackers, session.metainfo.tiers, tiers).addCallback(lambda file: (file, link))

        return self._awake(id, export_it)

    def add_peers(self, id: str, peers: Sequence[Address]) -> Deferred[int]:
        def add_them(session: TorrentSession) -> Deferred[int]:
            session.name_peers(peers)
            return self._saved(session).addCallback(lambda _: len(peers))

        return self._awake(id, add_them, lambda magnet: magnet.name_peers(peers).addCallback(lambda _: len(peers)))

    def _saved(self, session: TorrentSession) -> Deferred[None]:
        """What the user decided is on the disk before he is told so; unless a removal came first."""

        def not_saved(failure: Failure) -> Failure:
            if failure.check(LookupError) and session.gone:
                raise self._around.unknown(session.id)
            return failure

        return self._around.saving.write(session).addErrback(not_saved)

    # --- the daemon

    def status(self) -> StatusRow:
        daemon, around = self._daemon, self._around
        rates = [session.rates() for session in around.sessions.values()]
        by_state: dict[str, int] = {}
        for torrent in around.torrents.values():
            state = torrent.row.state if isinstance(torrent, Sleeper) else snapshots.state_of(torrent)
            by_state[state] = by_state.get(state, 0) + 1
        if around.broken:
            by_state["error"] = by_state.get("error", 0) + len(around.broken)
        return StatusRow(
            uptime=int(daemon.host.reactor.seconds() - daemon.started_at),
            pid=os.getpid(),
            listen=[str(address) for address in daemon.listening.addresses],
            external_addresses=daemon.connections.external.addresses(),
            port_mapping=daemon.ports.rows(),
            dht=DhtRow(dht.nodes if (dht := around.dht.status()) else 0),
            torrents=TorrentCounts(len(around.torrents) + len(around.broken), by_state),
            rates=RatesRow(sum(down for down, _ in rates), sum(up for _, up in rates)),
            totals=around.saving.totals(),
            disk=[_disk_row(path) for path in self._places()],
            connections=daemon.connections.fleet.connections,
            blocklist=daemon.blocking.row(),
        )

    def disk(self, path: str) -> DiskRow:
        return _disk_row(path)

    def renew_blocklist(self) -> Deferred[BlocklistRow | None]:
        return self._daemon.blocking.renew()

    def unready(self) -> str | None:
        if self._daemon.stopping:
            return "stopping"
        return None if self._daemon.listening.addresses else "no peer can connect: network.listen"

    def dht_status(self) -> DhtStatusRow:
        return snapshots.dht_row(self._around.dht.status())

    def _places(self) -> list[str]:
        paths = self._daemon.settings.paths
        places = (_download_dir(torrent) for torrent in self._around.torrents.values())
        return list(dict.fromkeys((paths.download_dir, *places)))

    def limits(self) -> tuple[int | None, int | None]:
        return effective(self._daemon.settings, self._daemon.runtime_limits)

    def set_limits(self, down: Override | UnsetType = UNSET, up: Override | UnsetType = UNSET) -> Deferred[None]:
        now = self._daemon.runtime_limits
        self._daemon.runtime_limits = RuntimeLimits(
            now.down if isinstance(down, UnsetType) else down, now.up if isinstance(up, UnsetType) else up
        )
        self._daemon.apply_limits()
        self._around.tell("config", changed=["limits.download", "limits.upload"], restart_required=[])
        return self._daemon.host.state.set_setting("limits", self._daemon.runtime_limits.stored())

    def config_values(self) -> dict[str, object]:
        down, up = self.limits()
        limits = {"limits.download": _in_file(down), "limits.upload": _in_file(up)}
        return config.values(self._daemon.settings) | limits

    def config_sources(self) -> dict[str, str]:
        configuration = self._daemon.configuration
        sources = dict.fromkeys(config.values(configuration.settings), "default")
        sources |= dict.fromkeys((*configuration.written, *configuration.given), "file")
        return sources | dict.fromkeys(self._daemon.beaten, "runtime")

    def set_config(self, values: Mapping[str, object]) -> Deferred[None]:
        rates = {key: value for key, value in values.items() if key in RATE_KEYS}
        try:
            config.overridden(self._daemon.settings, values)
            done = [self._daemon.override({key: value for key, value in values.items() if key not in rates})]
        except config.ConfigError as error:
            raise RpcError("config_invalid", "Nothing was changed", problems=error.problems) from None
        if rates:
            wanted = {RATE_KEYS[key]: as_override(key, value) for key, value in rates.items()}
            done.append(self.set_limits(**wanted))
        return gatherResults(done, consumeErrors=True).addCallback(lambda _: None)

    def config_schema(self) -> dict[str, object]:
        return config.schema()

    def kept(self, name: str) -> object:
        return self._daemon.kept.get(KEPT + name)

    def keep(self, name: str, value: object) -> Deferred[None]:
        self._daemon.kept[KEPT + name] = value
        return self._daemon.host.state.set_setting(KEPT + name, value)

    def reload(self) -> Deferred[tuple[list[str], list[str]]]:
        return execute(self._reload)

    def set_log_level(self, level: str, namespace: str) -> str:
        return self._daemon.log_levels.set(level, namespace)

    def shutdown(self) -> None:
        self._shutdown()


def _download_dir(torrent: TorrentSession | MagnetSession | Sleeper) -> str:
    if isinstance(torrent, Sleeper):
        return torrent.row.download_dir
    return torrent.record.download_dir if isinstance(torrent, MagnetSession) else torrent.facts.download_dir


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
