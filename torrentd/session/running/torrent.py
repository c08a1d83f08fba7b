"""One torrent: its pure state, its storage, its record, its connections; it owns them and decides nothing. How it
drives the pure state is in `session.driven`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerId, PeerKey
from torrentd.model.layout import Priority
from torrentd.policy.rates.weights import TorrentPriority
from torrentd.session.driven import Driven
from torrentd.session.running.durability import Durability
from torrentd.session.running.facts import Facts
from torrentd.session.running.stored import stored
from torrentd.session.telling.reasons import INTERNAL
from torrentd.session.telling.rows import ErrorRow
from torrentd.state.records import MAX_PEERS, LimitValue
from torrentd.swarm.events import (
    DiskBusy,
    Durable,
    Event,
    OurAddresses,
    PeersFound,
    PeersUnwanted,
    ReadFailed,
    SetPriorities,
    Start,
    Stop,
    StorageFailed,
    Tick,
)
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.disk.storage import Storage
    from torrentd.net.interfaces import PeerConnection
    from torrentd.session.around import Around
    from torrentd.session.jobs import Job
    from torrentd.session.sleeping.doorstep import Doorstep
    from torrentd.swarm.torrent import Torrent
    from torrentd.wire.metainfo import Metainfo

log = Logger()


class TorrentSession(Driven["Torrent"]):
    """A torrent whose metainfo is here."""

    def __init__(
        self,
        facts: Facts,
        metainfo: Metainfo,
        torrent: Torrent,
        storage: Storage,
        around: Around,
        peer_id: PeerId,
    ) -> None:
        super().__init__(facts.info_hash, torrent, around, peer_id)
        self.facts = facts
        self.metainfo = metainfo
        self.storage = storage
        storage.report_to(partial(stored, self))
        self.durability = Durability(self, torrent.have.copy())
        self.error: ErrorRow | None = None
        self.begun = False
        """it is known what is on the disk; see session.beginning"""
        self.visitors: list[Doorstep] = []
        """who came before that"""
        self.inquiry = 0
        """counts the times that somebody set out to learn how the disk is; an answer to an older question is void"""
        self.doubtful = Bitfield(metainfo.geometry.piece_count)
        """pieces to be hashed before the torrent may run"""
        self.checking: float | None = None
        """progress of the check under way, 0.0 to 1.0"""
        self.moving: Job | None = None
        """its files are on their way to another directory"""
        self.renaming = False
        """they are getting other names"""
        self.original_name = metainfo.name
        """as the author called it; `metainfo` has the names by which the user calls its files and itself"""
        self.idle_since: float | None = None
        """since when it could sleep, as far as was looked; see session.dormancy"""
        self.retry: IDelayedCall | None = None
        """see session.trouble"""
        self.probation: IDelayedCall | None = None
        """until then a crash of the daemon would be blamed on this torrent, too"""
        self.queued = False
        """it would run, and waits for its turn"""
        self.active_since: float | None = None
        """when something was last seen to move, or since when it runs; None: not yet, see session.seeding"""
        self._was_running_since: float | None = None

    @property
    def name(self) -> str:
        """The torrent's name, fit for a log line."""
        return escape(self.metainfo.name)

    @property
    def limits(self) -> dict[str, LimitValue]:
        return self.facts.limits

    @property
    def priority(self) -> TorrentPriority:
        return self.facts.priority

    @property
    def piece_count(self) -> int:
        return self.metainfo.geometry.piece_count

    @property
    def private(self) -> bool:
        return self.metainfo.private

    @property
    def dht_nodes(self) -> list[tuple[str, int]]:
        return self.metainfo.nodes

    # --- when something goes wrong

    def changed(self) -> None:
        self.around.touched(self)

    def broken(self) -> None:
        self.fail(INTERNAL)

    def fell_over(self, event: Event) -> None:
        if not (isinstance(event, Stop) and self.error == INTERNAL):
            super().fell_over(event)

    # --- PeerOwner

    def read_failed(self, connection: PeerConnection, piece: int, error: Exception) -> None:
        if not self.gone:
            self.around.trouble.reading_failed(self, piece, error)
            self.handle(ReadFailed(PeerKey(connection.key), piece, str(error)))

    # --- running and not running

    @property
    def may_run(self) -> bool:
        """Whether nothing speaks against being in the swarm."""
        stopped = self.facts.paused or self.facts.finished or self.gone or self.has_failed_for_good
        looked_at = self.checking is not None or self.doubtful.count
        return self.begun and not (stopped or looked_at or self.is_moving)

    @property
    def is_moving(self) -> bool:
        """Whether its files are on their way to another directory, or to other names. Nobody else looks at them until
        that is over; then it begins anew."""
        return self.moving is not None or self.renaming

    @property
    def is_beginning(self) -> bool:
        """Whether it is being found out what is on the disk, and nothing else speaks against being in the swarm."""
        return not (self.begun or self.facts.paused or self.facts.finished or self.gone or self.error is not None)

    def let_in(self) -> None:
        """Whoever waits for the torrent to begin: it runs by now, or does not after what was found."""
        visitors, self.visitors = self.visitors, []
        for doorstep in visitors:
            if self.gone:
                doorstep.turn_away("the torrent was removed")
            else:
                doorstep.opened(self)

    def start(self) -> None:
        """Enter the swarm, unless something speaks against it; or wait for the torrent's turn."""
        if not self.may_run or self.torrent.running:
            return
        self.queued = not self.around.queueing.admits(self)
        if self.queued:
            self.around.state_changed(self)
            return
        if self.facts.started_at is None:
            self.facts.started_at = self.around.host.wall_clock()
        self._was_running_since = self.now()
        if self.active_since is None:
            self.active_since = self.now()
        if ours := self.around.connections.our_addresses():
            self.handle(OurAddresses(ours))
        self.handle(Start())
        self.around.neighbours.started()
        if self.error is not None:  # of those with which it seeds
            self.handle(StorageFailed(None, self.error.message, self.error.code))
        if self.around.disk_busy:
            self.handle(DiskBusy(True))
        self.around.dht.track(self)
        self.around.state_changed(self)

    def stop(self, *, silent: bool = False) -> None:
        """Leave the swarm; what is verified stays, what is unfinished is dropped. Idempotent."""
        if self.torrent.running:
            self.count_time()
            self._was_running_since = None
            self.handle(Stop(silent))
            self.around.connections.gone(self)
            self.around.dht.untrack(self.info_hash)
        self.queued = False
        self.around.queueing.left(self.info_hash)
        self.around.state_changed(self)

    def resumed(self) -> None:
        """It slept, and its swarm was given back to it: go on."""
        if self.torrent.running:
            self._was_running_since = self.now()
        self.handle(Tick())

    def fail(self, error: ErrorRow) -> None:
        """Show an error; if it is of those that stop a torrent, stop it, and look at the disk before it runs again."""
        self.error = error
        if error.code in STOPPING:
            self.begun = False
            self.stop()
        self.around.state_changed(self)

    def recover(self) -> None:
        """The error is over."""
        self.error = None
        self.around.state_changed(self)

    def inquire(self) -> Callable[[], bool]:
        """Somebody sets out to learn how the disk is. Whether the answer, when it comes, is void: somebody else asked
        later, or the session is gone. A disk that hangs may answer after all has changed."""
        self.inquiry += 1
        number = self.inquiry
        return lambda: self.gone or self.inquiry != number

    def doubt(self, pieces: Iterable[int]) -> None:
        """These must be hashed before the torrent may run (again)."""
        for piece in pieces:
            self.doubtful.add(piece)

    def completed(self) -> bool:
        """Tell the torrent and the world if everything wanted is verified, flushed and recorded."""
        known = self.begun and self.checking is None and not self.doubtful.count
        if not (known and self.is_durably_finished):
            return False
        if self.facts.completed_at is None and self.torrent.wanted_size:
            self.facts.completed_at = self.around.host.wall_clock()
            log.info("{name}: complete", name=self.name)
            self.around.tell("torrent.completed", id=self.id, name=self.metainfo.name)
        self.durability.told()
        self.handle(Durable())
        if self.facts.stop_after == "download":
            self.facts.stop_after, self.facts.paused = None, True
            self.stop()
        self.around.state_changed(self)
        self.around.seeding.look(self)
        return True

    def name_peers(self, peers: Sequence[Address]) -> None:
        """The user knows these; they are dialled at once, and again after a restart."""
        named = dict.fromkeys([*self.facts.peers, *map(str, peers)])
        self.facts.peers = list(named)[-MAX_PEERS:]
        self.handle(PeersFound(list(peers), "user"))

    def remove_peers(self, peers: Sequence[Address]) -> None:
        """The user does not want these any more."""
        unwanted = set(map(str, peers))
        self.facts.peers = [peer for peer in self.facts.peers if peer not in unwanted]
        self.around.connections.give_up(self, peers)
        self.handle(PeersUnwanted(list(peers)))

    def set_priorities(self, priorities: list[Priority]) -> None:
        """One per file."""
        self.facts.priorities = bytes(priorities)
        self.storage.set_wanted(priorities)
        self.handle(SetPriorities(priorities))
        self.completed()
        self.around.seeding.look(self)
        self.around.state_changed(self)

    def count_time(self) -> None:
        """Add the time since the last call to the time spent seeding or downloading."""
        if self._was_running_since is None:
            return
        now = self.around.host.reactor.seconds()
        if self.torrent.finished:
            self.facts.seeding_time += now - self._was_running_since
        else:
            self.facts.downloading_time += now - self._was_running_since
        self._was_running_since = now

    def disk_is(self, busy: bool) -> None:
        """Hold the peers back, or read on."""
        for connection in self.connections.values():
            connection.pause_reading() if busy else connection.resume_reading()
        if busy != self.torrent.disk_busy and (self.connections or not busy):
            self.handle(DiskBusy(busy))

    # --- for those who look

    def rates(self) -> tuple[int, int]:
        """(down, up), payload bytes per second."""
        down, up = self.torrent.rates(self.now())
        return int(down), int(up)

    @property
    def seeding_time(self) -> float:
        """Seconds, up to now."""
        self.count_time()
        return self.facts.seeding_time

    @property
    def tiers(self) -> list[list[str]]:
        """The trackers: the user's choice, or those of the metainfo."""
        return self.metainfo.tiers if self.facts.tiers is None else self.facts.tiers

    @property
    def hash_v2(self) -> str | None:
        """In hex; None if it has none."""
        return self.metainfo.hash_v2.hex() if self.metainfo.hash_v2 else None

    @property
    def has_failed_for_good(self) -> bool:
        """It is out of the swarm until the user acts."""
        return self.error is not None and self.error.code in STOPPING

    @property
    def stalled(self) -> bool:
        """Running with something to do, and nothing moves."""
        return self.torrent.running and self.rates() == (0, 0)

    @property
    def is_durably_finished(self) -> bool:
        """Everything wanted is verified, flushed and recorded."""
        return self.torrent.finished and self.durability.is_settled

    def leave(self) -> None:
        """The session ends: no timer stays behind."""
        super().leave()
        self.torrent.down.leave()
        self.torrent.up.leave()
        self.durability.cancel()
        self.durability.marks.cancel()
        for timer in (self.probation, self.retry):
            if timer is not None and timer.active():
                timer.cancel()


STOPPING = frozenset({"files_missing", "internal", "invalid", "quarantined"})
"""Errors with which a torrent leaves the swarm until the user acts. With others, such as a full disk, it goes on
seeding and tries again by itself."""
