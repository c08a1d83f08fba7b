"""From a magnet to a torrent: the metadata is read, recorded, and an ordinary session takes over the swarm.

The connections stay. While the torrent looks at the disk they wait on a `Doorstep`, as they do for a torrent that
wakes; then they are introduced to it with what they said so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import Logger

from torrentd.model.errors import MetainfoError, ProtocolError, RpcError, StorageError
from torrentd.model.layout import Priority
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.entering.adding import choose_fitting
from torrentd.session.sleeping.doorstep import Doorstep
from torrentd.session.telling.rows import ErrorRow
from torrentd.state.records import TorrentRecord
from torrentd.swarm.events import Fulfilled
from torrentd.swarm.fetching.fetching import hand_over
from torrentd.wire.metainfo import Metainfo, assemble
from torrentd.wire.peer.handshake import Handshake
from torrentd.wire.peer.messages import Message

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon
    from torrentd.session.magnets.magnet import MagnetSession
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.swarm.fetching.peer import Peer

log = Logger()


class Fulfilling:
    """Makes torrents of magnets."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._around = daemon.around

    async def fulfil(self, magnet: MagnetSession, info: bytes) -> None:
        """The metadata is here, and its hash is right. What it says may still be nothing that can be run."""
        if magnet.probation is not None:
            await magnet.probation.tempted()
        try:
            data = assemble(info, magnet.tiers, list(magnet.magnet.webseeds))
            metainfo = await self._daemon.adding.parse(data)
        except MetainfoError as error:
            reason = f"the metadata that peers have is no torrent that we can run: {error}"
            magnet.fail(ErrorRow("invalid_metadata", reason, "metadata"))
            if magnet.probation is not None:
                magnet.probation.passed()
            return
        if magnet.gone:
            return
        magnet.tell(metainfo)
        if not magnet.listed:
            return
        try:
            await self._daemon.turns.run(magnet.info_hash, self.become, magnet, data, metainfo)
        except StorageError as error:
            magnet.fail(ErrorRow(error.code, str(error), "state"))  # resumed, it tries again
        except RpcError as error:
            magnet.fail(ErrorRow(error.name, str(error), "storage"))  # the same
            if magnet.probation is not None:
                magnet.probation.passed()

    async def become(self, magnet: MagnetSession, data: bytes, metainfo: Metainfo) -> None:
        """The torrent takes the magnet's place. StorageError, or RpcError("path_not_allowed") as of `Places.entering`:
        nothing happened. Must have the torrent's turn."""
        record = None
        while record is None:
            where = magnet.record.download_dir
            async with self._around.places.entering(metainfo, where):
                if self._around.torrents.get(magnet.info_hash) is not magnet:
                    return
                if magnet.record.download_dir == where:  # the user may have moved it meanwhile
                    record = self._record(magnet, metainfo)
                    await self._daemon.host.state.fulfil(record, data)
        if self._daemon.stopping:
            return
        self._daemon.backups.soon()
        self._around.saving.added(record.file_count)
        log.info("{name}: the metadata is here", name=magnet.name)
        if record.paused and magnet.probation is not None:
            magnet.probation.passed()  # it does not run yet
        self._around.tell("torrent.metadata", id=magnet.id, name=metainfo.name)
        self._take_over(magnet, self._daemon.adding.build(record, metainfo, magnet.peer_id))

    def _take_over(self, magnet: MagnetSession, session: TorrentSession) -> None:
        magnet.handle(Fulfilled(session.metainfo.private))
        hand_over(magnet.torrent, session.torrent)
        self._around.connections.move(magnet, session)
        waiting = [self._on_the_doorstep(magnet, session, peer) for peer in magnet.torrent.peers.values()]
        magnet.leave()
        self._around.dht.untrack(magnet.info_hash)  # a torrent that may have it begins anew
        self._around.put(magnet.info_hash, session)
        self._around.state_changed(session)
        entering = Entering(session, waiting)
        self._daemon.entrance.enter(session, magnet.record.verify, entering.looked, entering.begun)

    def _on_the_doorstep(self, magnet: MagnetSession, session: TorrentSession, peer: Peer) -> Doorstep:
        """The connection reports to it from now on."""
        connection = magnet.connections[peer.key]
        handshake = Handshake(peer.reserved, magnet.info_hash, peer.peer_id)
        count = session.metainfo.geometry.piece_count
        said: list[Message] = []
        try:
            said = peer.kept.messages(count)
        except ProtocolError as error:
            connection.close(str(error))
        doorstep = Doorstep(self._daemon.host.reactor, self._around.connections, connection, handshake, said, session)
        connection.hand_over(doorstep, count)
        return doorstep

    def _record(self, magnet: MagnetSession, metainfo: Metainfo) -> TorrentRecord:
        record = magnet.record
        options = AddOptions(
            paused=record.paused or record.stop_after == "metadata",
            sequential=record.sequential,
            priority=record.priority,
            stop_after=None if record.stop_after == "metadata" else record.stop_after,
            labels=tuple(record.labels),
            trackers=tuple(url for tier in magnet.tiers for url in tier),
        )
        return self._daemon.adding.record(
            metainfo,
            options,
            priorities=bytes(_priorities(magnet, metainfo)),
            download_dir=record.download_dir,
            added_at=record.added_at,
            peers=record.peers,
            limits=record.limits,
            forced=record.forced,
        )


def _priorities(magnet: MagnetSession, metainfo: Metainfo) -> list[Priority]:
    """What the link selects, then what the user chose; nothing of either is an error now that nobody is there to hear
    it. A link that selects none of the files is taken for one that selects nothing."""
    count = len(metainfo.layout.files)
    selected = magnet.magnet.selected(count)
    if not any(selected):
        log.warn("{name}: the link selects files that are not there; all are wanted", name=magnet.name)
        selected = [True] * count
    priorities = [Priority.NORMAL if wanted else Priority.SKIP for wanted in selected]
    choices = [FileChoice(Priority(chosen.priority), chosen.index, chosen.glob) for chosen in magnet.record.files]
    return choose_fitting(metainfo.layout, priorities, choices)


class Entering:
    """Those who wait until the torrent runs; not so long if it first has much to hash."""

    def __init__(self, session: TorrentSession, waiting: list[Doorstep]) -> None:
        self._session = session
        self._waiting = waiting

    def looked(self) -> None:
        """The torrent knows what is on the disk."""
        if self._session.doubtful.count:
            self._turn_away("the torrent is being checked")

    def begun(self) -> None:
        """It runs, or it is known why not."""
        if not self._session.torrent.running:
            self._turn_away("the torrent does not run")
        for doorstep in self._waiting:
            doorstep.opened(self._session)
        self._waiting.clear()

    def _turn_away(self, reason: str) -> None:
        for doorstep in self._waiting:
            doorstep.turn_away(reason)
        self._waiting.clear()
