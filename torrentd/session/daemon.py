"""The central session: it owns the torrent sessions and everything they share.

Start: database, torrents, peer ports; then everything begins. Stop: the torrents say goodbye to their trackers and are
flushed, and the database is closed; all of it within STOP_TIME, whatever hangs.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd import config
from torrentd.model.address import Address
from torrentd.model.errors import RpcError, StorageError
from torrentd.net.connector import Connector
from torrentd.net.datagram import Datagrams, refuse_utp
from torrentd.net.encryption import Exchanges, probe
from torrentd.net.factory import PeerFactory
from torrentd.net.trackers.trackers import Trackers
from torrentd.policy.peers.encryption import Encryption
from torrentd.session.alternative import Switch
from torrentd.session.around import Around
from torrentd.session.backups import Backups
from torrentd.session.dht.saved import KEY
from torrentd.session.dht.session import DhtSession
from torrentd.session.entering.adding import Adding
from torrentd.session.entering.entrance import Entrance
from torrentd.session.entering.loading import begin_all, load
from torrentd.session.entering.turns import Turns
from torrentd.session.entering.urls import Urls
from torrentd.session.limits import (
    LIMITS,
    Rates,
    RuntimeLimits,
    alternative,
    effective,
    fleet_limits,
    of_torrent,
    torrent_settings,
)
from torrentd.session.logs import Levels
from torrentd.session.magnets.fulfilling import Fulfilling
from torrentd.session.magnets.magnets import Magnets
from torrentd.session.meeting.announces import Announces, announce_port
from torrentd.session.meeting.blocking import KEY as BLOCKLIST
from torrentd.session.meeting.blocking import Blocking
from torrentd.session.meeting.connections import Connections
from torrentd.session.meeting.listening import Listening
from torrentd.session.meeting.ports import Ports
from torrentd.session.running.moving import Moving
from torrentd.session.running.renaming import Renaming
from torrentd.session.sleeping.leaving import leave
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.sleeping.waking import Waking
from torrentd.session.stopping import Stopping
from torrentd.session.telling.rows import JobError
from torrentd.session.unattended.hooks import Hooks
from torrentd.session.unattended.queueing import SOON, Queueing
from torrentd.session.unattended.seeding import Seeding
from torrentd.session.unattended.watching import Watching
from torrentd.swarm.fleet.fleet import Fleet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torrentd.config import Configuration
    from torrentd.session.host import Host
    from torrentd.session.running.torrent import TorrentSession

log = Logger()

OVERRIDES = "config"
"""The setting of the database that holds what was set at run time."""

STOP_TIME = 3.5
"""Seconds for the stop as a whole: users and systemd expect 5, of which the RPC has one for its last answers."""


class Daemon:
    """All torrents of one state directory. Made before a fork, started after it."""

    def __init__(self, host: Host, configuration: Configuration) -> None:
        self.host = host
        self.configuration = configuration
        """what the file and the command line say"""
        self.overrides: dict[str, object] = {}
        """keys that were set at run time, with values as the file would write them; the rates are `runtime_limits`"""
        self.settings = configuration.settings
        """in force"""
        self.torrent_settings = torrent_settings(configuration.settings, 0)
        self.around = Around(host)
        self.log_levels = Levels()
        self.torrent_settings.bans = self.around.bans
        self.blocking = Blocking(self.around, f"{configuration.settings.paths.state_dir}/blocklist")
        self.adding = Adding(self)
        self.magnets = Magnets(self)
        self.urls = Urls(self)
        self.moving = Moving(self)
        self.watching = Watching(self)
        self.hooks = Hooks(self)
        self.renaming = Renaming(self)
        self.around.fulfilling = Fulfilling(self)
        self.around.waking = Waking(self)
        self.around.seeding = Seeding(self)
        self.around.queueing = Queueing(self)
        self.around.dht = DhtSession(self.around)
        self.entrance = Entrance(self.around)
        self.runtime_limits = RuntimeLimits()
        self.switch = Switch(self)
        self.kept: dict[str, object] = {}
        """the settings of the database, by name"""
        self.started_at = 0.0
        """monotonic"""
        keys = count(1)
        settings = configuration.settings
        self._encryption = Encryption(settings.peers.encryption)
        exchanges = Exchanges(self._encryption, host.secret_rng, host.reactor)
        connector = Connector(host.reactor, host.network, keys, exchanges, settings.network.bind_address)
        fleet = Fleet(fleet_limits(configuration.settings, effective(configuration.settings, self.runtime_limits)))
        self.connections = self.around.connections = Connections(self.around, fleet, connector, self._encryption)
        self._datagrams: list[Datagrams] = []
        self._factory = PeerFactory(host.reactor, host.network.buffers, self.connections, keys, exchanges)
        rpc = configuration.settings.rpc.tcp  # is bound later
        self.listening = Listening(host.network, self._factory, self._datagram_socket, [rpc.port] if rpc else [])
        self.ports = Ports(host, self.connections.seen_at, self._port_changed)
        host.told_of_disk.append(self.disk_is)
        self.backups = Backups(host)
        self.turns = Turns()
        self.stopping = False
        self._announces: Announces | None = None
        self._beginning: Deferred[None] | None = None

    @property
    def port(self) -> int:
        """Where peers reach us, behind a router also; 0 while nothing listens. One number serves both families, and
        behind a router that gave us another it is IPv4's."""
        return self.listening.port and (self.ports.port or self.listening.port)

    # --- start and stop

    async def start(self, crashed: bool = False) -> None:
        """Open the database, take in the torrents, listen, begin. StorageError if the database cannot be used."""
        self.started_at = self.host.reactor.seconds()
        probe(self._encryption)
        loaded = await self.host.state.open(crashed)
        for notice in loaded.notices:
            log.warn("state: {notice}", notice=notice)
        self.around.saving.start(loaded.totals)
        self.kept = dict(loaded.settings)
        self._take_up(loaded.settings.get(OVERRIDES))
        self.runtime_limits = RuntimeLimits.read(loaded.settings.get(LIMITS))
        self.apply_limits()
        self.around.queueing.load(loaded.ranks)
        self.around.banning.start(loaded.bans)
        await self.blocking.start(self.settings, loaded.settings.get(BLOCKLIST))
        await load(self, loaded)
        await self.listening.start(self.settings.network.listen)
        network, resolver = self.settings.network, self.host.network.resolver()
        trackers = Trackers(
            self.host.reactor,
            self.host.network,
            self._datagrams,
            self.host.secret_rng,
            local=network.local_trackers,
            bind=network.bind_address,
            resolver=resolver,
        )
        self._announces = self.around.announces = Announces(trackers, self.listening.port)
        if self.settings.discovery.lsd:
            self.around.neighbours.start(self.listening.addresses)
        self.blocking.begin(resolver, self.settings)
        self.urls.begin(resolver, self.settings)
        self.ports.start(self.settings.ports, network.bind_address, self.listening.addresses)
        self.around.dht.start(resolver, self.listening.addresses, self._datagrams, loaded.settings.get(KEY))
        self.apply_limits()
        self.backups.daily()
        self.hooks.start()
        self.watching.start()
        self._beginning = Deferred.fromCoroutine(begin_all(self, loaded))
        self._beginning.addErrback(_not_begun)

    async def stop(self) -> None:
        """Leave the swarms, flush, record, close; what takes longer than STOP_TIME is given up."""
        self.stopping = True
        stop = Stopping(self.host.reactor, STOP_TIME)
        if self._beginning is not None:
            self._beginning.cancel()
        self.hooks.stop()
        self.watching.stop()
        self.around.waits.stop()
        self.around.events.stop()
        self.backups.stop()
        self.blocking.stop()
        self.around.banning.stop()
        self.urls.stop()
        self.around.dormancy.stop()
        self.around.seeding.stop()
        self.around.queueing.stop()
        self.switch.stop()
        self.around.neighbours.stop()
        self.entrance.stop()
        sleepers = self._say_goodbye_for_sleepers()
        sessions = list(self.around.sessions.values())
        for session in sessions:
            session.stop()
        self.magnets.stop()
        goodbyes = [self._announces.goodbyes()] if self._announces is not None else []
        flushed = [session.durability.flush() for session in sessions]
        first = {"the router": [self.ports.stop()], "trackers": goodbyes, "the disk": flushed}
        await stop.within(STOP_TIME / 2, first)
        self.ports.leave()
        if self._announces is not None:
            self._announces.stop()
        ports = {"the peer ports": [self.listening.stop()], "the disk": _flushed_again(sessions)}
        await stop.within(STOP_TIME / 4, ports)
        state = self.host.state
        saved = [self.around.saving.save(), state.set_seeding_times(sleepers)] if state.is_open else []
        await stop.within(STOP_TIME / 4, {"the database": saved, "the DHT": [self.around.dht.stop()]})
        self._factory.turn_away("the daemon is stopping")
        self.connections.stop()
        for awake in self.around.all_awake():
            awake.leave()
        self.around.saving.cancel()
        await stop.within(STOP_TIME / 8, {"the disk": [session.storage.close() for session in sessions]})
        if state.is_open:
            await stop.within(STOP_TIME / 4, {"the backup of the database": [state.backup()]})
        await stop.within(STOP_TIME / 4, {"the database": [state.close()]})
        self.hooks.kill()

    def _say_goodbye_for_sleepers(self) -> list[tuple[bytes, int]]:
        """Trackers are told without waking anybody. Info hashes and seeding times, to be saved."""
        now, times = self.host.reactor.seconds(), []
        for info_hash, sleeper in self.around.torrents.items():
            if not isinstance(sleeper, Sleeper):
                continue
            seconds = int(sleeper.seeding_time_at(now))
            if seconds != sleeper.row.seeding_time:
                times.append((info_hash, seconds))
            leave(self.around, info_hash, sleeper)
        return times

    # --- the configuration

    def _take_up(self, stored: object) -> None:
        """What was set in an earlier run, as far as it still can be."""
        for key, value in stored.items() if isinstance(stored, dict) else ():
            try:
                config.overridden(self.settings, {key: value})
            except config.ConfigError as error:
                log.warn("what was set at run time is dropped: {problem}", problem=error)
            else:
                self.overrides[key] = value
        self.use(self.configuration)

    def use(self, configuration: Configuration) -> None:
        """Make this what the file says; what was set at run time beats it."""
        self.configuration = configuration
        self.settings = config.overridden(configuration.settings, self.overrides)
        self.apply_limits()

    def override(self, values: Mapping[str, object]) -> Deferred[None]:
        """Set keys until they are None. ConfigError: nothing was changed. Fires when it will survive a restart."""
        overrides = {key: value for key, value in (self.overrides | dict(values)).items() if value is not None}
        config.overridden(self.configuration.settings, overrides)
        self.overrides = overrides
        self.use(self.configuration)
        if "blocklist.refresh" in values:
            self.blocking.apply(self.settings)
        return self.host.state.set_setting(OVERRIDES, overrides or None)

    @property
    def beaten(self) -> list[str]:
        """The keys of the file that are not in force."""
        return [*self.runtime_limits.beaten, *self.overrides]

    # --- the registry

    def take_in(self, session: TorrentSession) -> TorrentSession:
        """The torrent is one of ours from now on."""
        self.around.put(session.facts.info_hash, session)
        self.around.touched(session)
        return session

    def remove(self, session: TorrentSession, delete_data: bool) -> Deferred[None]:
        """Forget the torrent, with its files if asked. StorageError: either nothing happened, or it is forgotten and
        some files could not be deleted."""
        self.moving.give_up(session)
        return self.turns.run(session.facts.info_hash, self._remove, session, delete_data)

    async def _remove(self, session: TorrentSession, delete_data: bool) -> None:
        info_hash = session.facts.info_hash
        if session.gone:
            raise RpcError("torrent_not_found", "No such torrent", id=session.id)
        await self.host.state.remove(info_hash)
        session.stop()
        for connection in list(session.connections.values()):
            connection.close("the torrent was removed")
        self.around.saving.forget(session)
        session.leave()
        self.connections.gone(session)
        self.around.drop(info_hash)
        self.around.trouble.forget(session)
        self.around.changes.remove(session.id)
        self.around.tell("torrent.removed", id=session.id, name=session.metainfo.name)
        self.around.waits.changed(session.id)
        self.backups.soon()
        log.info("{name}: removed", name=session.name)
        await (self._delete(session) if delete_data else session.storage.close())

    async def _delete(self, session: TorrentSession) -> None:
        job = self.around.jobs.begin("delete", session.id, session.metainfo.geometry.size)
        try:
            await session.storage.delete()
        except StorageError as error:
            job.finish(JobError(error.code, str(error)))
            raise
        job.finish()

    async def remove_broken(self, info_hash: bytes) -> None:
        """Forget a torrent whose record cannot be used."""
        await self.host.state.remove(info_hash)
        self.around.broken.pop(info_hash, None)
        self.around.changes.remove(info_hash.hex())
        self.around.tell("torrent.removed", id=info_hash.hex(), name=None)
        self.around.waits.changed(info_hash.hex())
        self.backups.soon()

    # --- what concerns all

    def disk_is(self, busy: bool) -> None:
        """The disk has more to write than it may keep, or has room again: hold all peers back, or read on."""
        self.around.disk_busy = busy
        for session in self.around.sessions.values():
            session.disk_is(busy)

    def apply_limits(self) -> None:
        """Make the fleet, the torrents and the DHT obey the settings and what was set at run time."""
        self.connections.set_limits(fleet_limits(self.settings, self._rates))
        self.switch.watch()
        fresh = torrent_settings(self.settings, self.port)
        self.around.dht.apply(self.settings.discovery)
        fresh.dht_port = self.around.dht.port
        fresh.encrypts = self._encryption.takes_encrypted
        fresh.bans = self.around.bans
        self.torrent_settings.become(fresh)
        for session in self.around.all_awake():
            session.torrent.settings.become(of_torrent(fresh, session.limits, session.priority))
            session.tick()
        self.around.seeding.look_at_all()
        self.around.queueing.stir(SOON)

    def save_limits(self) -> Deferred[None]:
        """Fires when the limits that were set at run time will survive a restart."""
        return self.host.state.set_setting(LIMITS, self.runtime_limits.stored())

    def apply_rates(self) -> None:
        """The other rate limits may be in force by now."""
        rates = self._rates
        if rates != (self.connections.fleet.down.rate, self.connections.fleet.up.rate):
            self.connections.set_limits(fleet_limits(self.settings, rates))
            for session in self.around.all_awake():
                session.tick()
        self.switch.watch()

    @property
    def _rates(self) -> Rates:
        return (alternative if self.switch.on else effective)(self.settings, self.runtime_limits)

    def _port_changed(self) -> None:
        """The router gave us a port, perhaps another than ours, or none any more."""
        if self._announces is not None and self._announces.port != self.port and not self.stopping:
            self._announces.port = self.port
            self.apply_limits()
            announce_port(self.around)

    def _datagram_socket(self, address: Address) -> Datagrams:
        socket = Datagrams(":" in address.host)
        refuse_utp(socket)
        self._datagrams.append(socket)
        return socket


def _flushed_again(sessions: list[TorrentSession]) -> list[Deferred[Any]]:
    """What was on its way to the disk when the torrents stopped."""
    return [session.durability.flush() for session in sessions if not session.durability.is_settled]


def _not_begun(failure: Failure) -> None:
    if failure.check(CancelledError) is None:
        log.failure("torrents could not be begun: a bug of ours", failure)
