"""The central session: it owns the torrent sessions and everything they share.

Start: database, torrents, peer ports; then everything begins. Stop: the torrents say goodbye to their trackers and are
flushed, and the database is closed; all of it within STOP_TIME, whatever hangs.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.logger import Logger

from torrentd.model.address import Address
from torrentd.model.errors import StorageError
from torrentd.net.connector import Connector
from torrentd.net.datagram import Datagrams
from torrentd.net.factory import PeerFactory
from torrentd.net.trackers.trackers import Trackers
from torrentd.session.adding import Adding
from torrentd.session.announces import Announces
from torrentd.session.around import Around
from torrentd.session.backups import Backups
from torrentd.session.connections import Connections
from torrentd.session.limits import RuntimeLimits, fleet_limits, torrent_settings
from torrentd.session.listening import Listening
from torrentd.session.loading import begin_all, load
from torrentd.swarm.fleet import Fleet

if TYPE_CHECKING:
    from torrentd.config import Configuration, Settings
    from torrentd.session.host import Host
    from torrentd.session.torrent import TorrentSession

log = Logger()

STOP_TIME = 4.0
"""Seconds that the parts of a stop may take together: users and systemd expect the whole within 5."""


class Daemon:
    """All torrents of one state directory. Made before a fork, started after it."""

    def __init__(self, host: Host, configuration: Configuration) -> None:
        self.host = host
        self.configuration = configuration
        self.torrent_settings = torrent_settings(configuration.settings)
        self.around = Around(host)
        self.adding = Adding(self)
        self.runtime_limits = RuntimeLimits()
        self.started_at = 0.0
        """monotonic"""
        keys = count(1)
        connector = Connector(host.reactor, host.network, keys, configuration.settings.network.bind_address)
        fleet = Fleet(fleet_limits(configuration.settings, self.runtime_limits))
        self.connections = self.around.connections = Connections(self.around, fleet, connector)
        self._datagrams: list[Datagrams] = []
        factory = PeerFactory(host.reactor, host.network.buffers, self.connections, keys)
        self.listening = Listening(host.network, factory, self._datagram_socket)
        self.backups = Backups(host)
        self.stopping = False

    @property
    def settings(self) -> Settings:
        """What the file and the command line say."""
        return self.configuration.settings

    # --- start and stop

    async def start(self, crashed: bool = False) -> None:
        """Open the database, take in the torrents, listen, begin. StorageError if the database cannot be used."""
        self.started_at = self.host.reactor.seconds()
        loaded = await self.host.state.open(crashed)
        for notice in loaded.notices:
            log.warn("state: {notice}", notice=notice)
        self.around.saving.start(loaded.totals)
        self.runtime_limits = RuntimeLimits.read(loaded.settings.get("limits"))
        self.apply_limits()
        await load(self, loaded)
        await self.listening.start(self.settings.network.listen)
        network = self.settings.network
        trackers = Trackers(
            self.host.reactor,
            self.host.network,
            self._datagrams,
            self.host.secret_rng,
            local=network.local_trackers,
            bind=network.bind_address,
        )
        self.around.announces = Announces(trackers, self.listening.port)
        self.backups.daily()
        Deferred.fromCoroutine(begin_all(self, loaded.suspects))

    async def stop(self) -> None:
        """Leave the swarms, flush, record, close; what takes longer than STOP_TIME is given up."""
        self.stopping = True
        self.around.waits.stop()
        self.backups.stop()
        sessions = list(self.around.sessions.values())
        for session in sessions:
            session.stop()
        if hasattr(self.around, "announces"):
            goodbyes = self.around.announces.goodbyes()
            flushes = DeferredList([session.durability.flush() for session in sessions], consumeErrors=True)
            await self._within(STOP_TIME / 2, goodbyes)
            await self._within(STOP_TIME / 2, flushes)
            self.around.announces.stop()
        await self.listening.stop()
        await self._within(STOP_TIME / 4, self.around.saving.save())
        self.connections.stop()
        for session in sessions:
            session.leave()
        self.around.saving.cancel()
        closes = DeferredList([session.storage.close() for session in sessions], consumeErrors=True)
        await self._within(STOP_TIME / 4, closes)
        await self._close_state()

    async def _close_state(self) -> None:
        try:
            await self._within(STOP_TIME / 4, self.host.state.backup())
        except StorageError as error:
            log.warn("no backup of the state was made: {error}", error=str(error))
        await self._within(STOP_TIME / 4, self.host.state.close())

    async def _within(self, seconds: float, deferred: Deferred[Any]) -> None:
        try:
            await deferred.addTimeout(seconds, self.host.reactor)
        except DeferredTimeoutError:
            log.warn("stop: something hangs and is not waited for")

    # --- the registry

    def take_in(self, session: TorrentSession) -> TorrentSession:
        """The torrent is one of ours from now on."""
        self.around.sessions[session.facts.info_hash] = session
        self.around.touched(session)
        return session

    async def remove(self, session: TorrentSession, delete_data: bool) -> None:
        """Forget the torrent, with its files if asked. StorageError leaves what could not be deleted; the torrent is
        forgotten all the same."""
        session.stop()
        for connection in list(session.connections.values()):
            connection.close("the torrent was removed")
        session.leave()
        self.connections.gone(session)
        del self.around.sessions[session.facts.info_hash]
        self.around.saving.forget(session)
        await self.host.state.remove(session.facts.info_hash)
        self.around.changes.remove(session.id)
        self.backups.soon()
        log.info("{name}: removed", name=session.name)
        self.around.waits.changed(session.id)
        await (session.storage.delete() if delete_data else session.storage.close())

    # --- what concerns all

    def disk_is(self, busy: bool) -> None:
        """The disk has more to write than it may keep, or has room again: hold all peers back, or read on."""
        self.around.disk_busy = busy
        for session in self.around.sessions.values():
            session.disk_is(busy)

    def apply_limits(self) -> None:
        """Make the fleet and the torrents obey the settings and what was set at run time."""
        self.connections.set_limits(fleet_limits(self.settings, self.runtime_limits))
        fresh = torrent_settings(self.settings)
        self.torrent_settings.max_connections = fresh.max_connections
        self.torrent_settings.upload_slots = fresh.upload_slots
        for session in self.around.sessions.values():
            session.tick()

    def _datagram_socket(self, address: Address) -> Datagrams:
        socket = Datagrams(":" in address.host)
        self._datagrams.append(socket)
        return socket
