"""Magnet links on their way in: added, or looked at only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.errors import RpcError
from torrentd.session.entering.adding import set_limits
from torrentd.session.entering.roots import allowed_directory
from torrentd.session.magnets.magnet import MagnetSession, MetadataRefused, with_peers
from torrentd.session.running.building import new_peer_id
from torrentd.session.running.torrent import TorrentSession
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.state.records import MAX_FILES, ChosenFile, MagnetRecord
from torrentd.wire.magnet import Magnet, make, parse
from torrentd.wire.metainfo import Metainfo

if TYPE_CHECKING:
    from torrentd.session.control import AddOptions
    from torrentd.session.daemon import Daemon

log = Logger()


class Magnets:
    """Adds magnet links to a daemon, and fetches metadata for who wants to look at it."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._around = daemon.around

    # --- adding

    async def add(self, link: str, options: AddOptions) -> tuple[str, bool]:
        """(id, whether it is new), once the record is committed. MetainfoError, RpcError."""
        magnet = _supported(link)
        return await self._daemon.turns.run(_hash(magnet), self._add, magnet, options)

    async def _add(self, magnet: Magnet, options: AddOptions) -> tuple[str, bool]:
        found = self._around.torrents.get(_hash(magnet))
        if found is None:
            await self._new(magnet, options)
        elif options.if_exists == "error":
            raise RpcError("already_exists", "The torrent is here already", id=magnet.id)
        elif options.if_exists == "merge":
            await self._merge(found, magnet, options)
        return magnet.id, found is None

    async def _new(self, magnet: Magnet, options: AddOptions) -> None:
        daemon, record = self._daemon, self._record(magnet, options)
        if record.info_hash in self._around.broken:
            await daemon.host.state.remove(record.info_hash)
            del self._around.broken[record.info_hash]
        await daemon.host.state.put_magnet(record)
        if daemon.stopping:
            raise RpcError("shutting_down", "The daemon is shutting down; the torrent begins with its next start")
        daemon.backups.soon()
        session = self.take_in(record)
        log.info("{name}: added, without metadata", name=session.name)
        self._around.tell("torrent.added", id=session.id, name=session.title)
        session.start()

    def take_in(self, record: MagnetRecord) -> MagnetSession:
        """One of ours from now on; it does not run yet. Who only wanted to look at it waits for this one."""
        session = self._session(record, listed=True)
        looked_at = self._around.magnets.get(record.info_hash)
        if looked_at is not None:
            session.waiting, looked_at.waiting = looked_at.waiting, {}
            self._end(looked_at)
        self._around.put(record.info_hash, session)
        session.state_changed()
        return session

    async def _merge(
        self, found: TorrentSession | MagnetSession | Sleeper, magnet: Magnet, options: AddOptions
    ) -> None:
        peers, trackers = (*magnet.peers, *options.peers), options.trackers or ()
        if isinstance(found, MagnetSession):
            await found.merge(magnet, trackers, options.labels, peers)
        else:
            session = await self._around.waking.awake(_hash(magnet))
            await self._daemon.adding.merge(session, (*magnet.trackers, *trackers), options.labels, peers)

    def _record(self, magnet: Magnet, options: AddOptions) -> MagnetRecord:
        paths = self._daemon.settings.paths
        if any(choice.index is not None and choice.index > MAX_FILES for choice in options.files):
            raise RpcError("file_index", "No torrent has so many files", path="files")
        return MagnetRecord(
            info_hash=_hash(magnet),
            link=make(magnet),
            download_dir=allowed_directory(options.download_dir, paths.download_dir, paths.allowed_roots),
            added_at=self._daemon.host.wall_clock(),
            paused=options.paused,
            sequential=options.sequential,
            priority=options.priority,
            stop_after=options.stop_after,
            verify=options.verify,
            files=[ChosenFile(choice.priority, choice.index, choice.glob) for choice in options.files],
            labels=list(options.labels),
            limits=set_limits(options),
            peers=with_peers((), (*magnet.peers, *options.peers)),
            trackers=list(options.trackers or ()),
        )

    def _session(self, record: MagnetRecord, listed: bool) -> MagnetSession:
        peer_id = new_peer_id(self._daemon.host.secret_rng)
        return MagnetSession(record, self._daemon.torrent_settings, self._around, peer_id, listed)

    # --- looking

    async def look(self, link: str, options: AddOptions, timeout: float) -> Metainfo:
        """The metadata, from peers if need be, without adding anything. RpcError("timeout") after `timeout` seconds,
        "fetch_failed" if it cannot come any more."""
        magnet = _supported(link)
        found = self._around.torrents.get(_hash(magnet))
        if found is not None and not isinstance(found, MagnetSession):
            return (await self._around.waking.awake(_hash(magnet))).metainfo
        session = found or self._around.magnets.get(_hash(magnet))
        if session is None:
            session = self._session(self._record(magnet, options), listed=False)
            self._around.look_at(session)
            session.start()
        return await self._wait(session, timeout)

    def _wait(self, session: MagnetSession, timeout: float) -> Deferred[Metainfo]:
        answer: Deferred[Metainfo] = Deferred()
        session.waiting[answer] = None
        timer = self._daemon.host.reactor.callLater(timeout, self._timed_out, session.info_hash, answer)

        def over(result: Metainfo | Failure) -> Metainfo | Failure:
            if timer.active():
                timer.cancel()
            session.waiting.pop(answer, None)  # who gives up himself is still there
            self._no_longer_looked_at(session.info_hash)
            if isinstance(result, Failure) and result.check(MetadataRefused):
                raise RpcError("fetch_failed", str(result.value), id=session.id)
            return result

        return answer.addBoth(over)

    def _timed_out(self, info_hash: bytes, answer: Deferred[Metainfo]) -> None:
        session = self._around.magnets.get(info_hash)
        if session is not None and session.waiting.pop(answer, answer) is None:
            answer.errback(RpcError("timeout", "The metadata did not come in time", id=session.id))

    def _no_longer_looked_at(self, info_hash: bytes) -> None:
        session = self._around.magnets.get(info_hash)
        if session is not None and not session.listed and not session.waiting:
            self._end(session)

    def _end(self, session: MagnetSession) -> None:
        """Leave the swarm for good."""
        session.stop()
        session.leave()
        self._around.connections.gone(session)
        self._around.look_away(session)

    # --- going

    async def remove(self, session: MagnetSession) -> None:
        """Forget it. RpcError("torrent_not_found") if that was done meanwhile. Must have the torrent's turn."""
        if self._around.torrents.get(session.info_hash) is not session:
            raise self._around.unknown(session.id)
        await self._daemon.host.state.remove(session.info_hash)
        self._around.drop(session.info_hash)
        self._end(session)
        session.give_up(RpcError("fetch_failed", "The torrent was removed meanwhile", id=session.id))
        self._around.changes.remove(session.id)
        self._around.tell("torrent.removed", id=session.id, name=session.title)
        self._around.waits.changed(session.id)
        self._daemon.backups.soon()
        log.info("{name}: removed", name=session.name)

    def stop(self) -> None:
        """The daemon stops: they say goodbye, and nobody waits any more."""
        for session in list(self._around.magnets.values()):
            session.stop()
            session.give_up(RpcError("shutting_down", "The daemon is shutting down"))


def _hash(magnet: Magnet) -> bytes:
    assert magnet.hash_v1 is not None  # or it would not be supported
    return magnet.hash_v1


def _supported(link: str) -> Magnet:
    """MetainfoError; RpcError("unsupported") for what we cannot fetch."""
    magnet = parse(link)
    if magnet.v2_only:
        raise RpcError("unsupported", "Magnet links of v2 torrents are not supported yet", id=magnet.id)
    return magnet
