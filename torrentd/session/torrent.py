"""One torrent: its pure state, its storage, its record, its connections; it owns them and decides nothing.

The one driving rule: whatever happens, `handle(event)` asks the pure torrent, runs the commands that come back
(session.commands), and moves one timer to the next deadline. Events that arise while commands run wait in a queue, so
the pure torrent is never entered twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerId, PeerKey
from torrentd.model.layout import Priority
from torrentd.session.commands import RUN
from torrentd.session.durability import Durability
from torrentd.session.facts import Facts
from torrentd.session.rows import ErrorRow
from torrentd.session.stored import stored
from torrentd.state.records import MAX_PEERS
from torrentd.swarm.commands import Command, Connect
from torrentd.swarm.events import (
    Dial,
    DiskBusy,
    Drained,
    Durable,
    Event,
    PeerClosed,
    PeersFound,
    ReadFailed,
    Received,
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
    from torrentd.swarm.torrent import Torrent
    from torrentd.wire.metainfo import Metainfo
    from torrentd.wire.peer.messages import Message

log = Logger()


class TorrentSession:
    """Implements net's PeerOwner for the torrent's connections."""

    def __init__(
        self,
        facts: Facts,
        metainfo: Metainfo,
        torrent: Torrent,
        storage: Storage,
        around: Around,
        peer_id: PeerId,
    ) -> None:
        self.id = facts.info_hash.hex()
        self.facts = facts
        self.peer_id = peer_id
        """ours, in this torrent and this run"""
        self.metainfo = metainfo
        self.torrent = torrent
        self.storage = storage
        self.around = around
        storage.report_to(partial(stored, self))
        self.connections: dict[PeerKey, PeerConnection] = {}
        self.unflushed: dict[PeerKey, PeerConnection] = {}
        """connections with control messages that have not left yet"""
        self.durability = Durability(self, torrent.have.copy())
        self.error: ErrorRow | None = None
        self.begun = False
        """it is known what is on the disk; see session.beginning"""
        self.inquiry = 0
        """counts the times that somebody set out to learn how the disk is; an answer to an older question is void"""
        self.doubtful = Bitfield(metainfo.geometry.piece_count)
        """pieces to be hashed before the torrent may run"""
        self.checking: float | None = None
        """progress of the check under way, 0.0 to 1.0"""
        self.gone = False
        """removed, or the daemon is stopping: nothing that comes back from a worker matters any more"""
        self.idle_since: float | None = None
        """since when it could sleep, as far as was looked; see session.dormancy"""
        self.retry: IDelayedCall | None = None
        """see session.trouble"""
        self.probation: IDelayedCall | None = None
        """until then a crash of the daemon would be blamed on this torrent, too"""
        self._events: deque[Event] = deque()
        self._handling = False
        self._timer: IDelayedCall | None = None
        self._fires_at = inf
        """when the timer does"""
        self._was_running_since: float | None = None

    @property
    def name(self) -> str:
        """The torrent's name, fit for a log line."""
        return escape(self.metainfo.name)

    # --- the driving rule

    def handle(self, event: Event) -> None:
        """Give an event to the pure torrent and do what it says."""
        if self.gone:
            return
        self._events.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._events:
                self._give(self._events.popleft())
        finally:
            self._handling = False
        if self.unflushed:
            self._flush()
        self._arm()
        self.around.touched(self)

    def _give(self, event: Event) -> None:
        """One event. What the torrent decided before a bug of ours showed stands: the rest of it relies on that."""
        try:
            commands = self.torrent.handle(event, self.around.host.reactor.seconds())
        except Exception:
            commands, self.torrent.commands = self.torrent.commands, []
            self._our_fault_in(event)
        for command in commands:
            self._run(event, command)
        if type(event) is Dial and not any(type(command) is Connect for command in commands):
            self.around.connections.unused(self)

    def _run(self, event: Event, command: Command) -> None:
        try:
            RUN[type(command)](self, command)
        except Exception:
            self._our_fault_in(event, command)

    def _flush(self) -> None:
        connections, self.unflushed = self.unflushed, {}
        for connection in connections.values():
            try:
                connection.flush()
            except Exception:
                log.failure("{name}: a bug of ours", name=self.name)
                connection.close(OUR_FAULT)

    def _arm(self) -> None:
        """One timer, moved only when the deadline comes nearer; one that fires early just looks again."""
        deadline = self.torrent.next_deadline()
        if deadline >= self._fires_at:
            return
        self._fires_at = deadline
        delay = max(0.0, deadline - self.around.host.reactor.seconds())
        if self._timer is None:
            self._timer = self.around.host.reactor.callLater(delay, self._due)
        else:
            self._timer.reset(delay)

    def _due(self) -> None:
        self._timer, self._fires_at = None, inf
        if self.torrent.next_deadline() <= self.around.host.reactor.seconds():
            self.handle(Tick())
        else:
            self._arm()

    def _our_fault_in(self, event: Event, command: Command | None = None) -> None:
        """A bug of ours costs one peer, or this torrent, and is seen in the log. A command that concerns no peer is
        done for the torrent: a piece whose mark was not made, for one, would wait for ever."""
        log.failure("{name}: a bug of ours, in {event}", name=self.name, event=type(event).__name__)
        concerns_peer = command is None or hasattr(command, "peer")
        if concerns_peer and isinstance(event, Received | Drained) and event.peer in self.connections:
            self._events.append(PeerClosed(event.peer, OUR_FAULT))
            self.connections[event.peer].close(OUR_FAULT)
        elif not (isinstance(event, Stop) and self.error == INTERNAL):
            self.fail(INTERNAL)
            for connection in self.connections.values():
                connection.close(OUR_FAULT)

    def our_fault(self, failure: Failure) -> None:
        """The same for what came back from a worker: an errback."""
        log.failure("{name}: a bug of ours", failure, name=self.name)
        if not self.gone:
            self.fail(INTERNAL)

    # --- PeerOwner

    def received(self, connection: PeerConnection, messages: list[Message]) -> None:
        self.handle(Received(PeerKey(connection.key), messages))

    def drained(self, connection: PeerConnection, sent: int) -> None:
        self.handle(Drained(PeerKey(connection.key), sent))

    def read_failed(self, connection: PeerConnection, piece: int, error: Exception) -> None:
        if not self.gone:
            self.around.trouble.reading_failed(self, piece, error)
            self.handle(ReadFailed(PeerKey(connection.key), piece, str(error)))

    def closed(self, connection: PeerConnection, reason: str) -> None:
        key = PeerKey(connection.key)
        self.connections.pop(key, None)
        self.unflushed.pop(key, None)
        self.around.connections.ended(connection)
        self.handle(PeerClosed(key, reason))

    # --- running and not running

    @property
    def may_run(self) -> bool:
        """Whether nothing speaks against being in the swarm."""
        stopped = self.facts.paused or self.gone or self.has_failed_for_good
        return self.begun and not (stopped or self.checking is not None or self.doubtful.count)

    def start(self) -> None:
        """Enter the swarm, unless something speaks against it."""
        if not self.may_run or self.torrent.running:
            return
        if self.facts.started_at is None:
            self.facts.started_at = self.around.host.wall_clock()
        self._was_running_since = self.now()
        self.handle(Start())
        if self.error is not None:  # of those with which it seeds
            self.handle(StorageFailed(None, self.error.message, self.error.code))
        if self.around.disk_busy:
            self.handle(DiskBusy(True))
        self.around.state_changed(self)

    def stop(self, *, silent: bool = False) -> None:
        """Leave the swarm; what is verified stays, what is unfinished is dropped. Idempotent."""
        if self.torrent.running:
            self.count_time()
            self._was_running_since = None
            self.handle(Stop(silent))
            self.around.connections.gone(self)
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
        self.durability.told()
        self.handle(Durable())
        self.around.state_changed(self)
        return True

    def name_peers(self, peers: Sequence[Address]) -> None:
        """The user knows these; they are dialled at once, and again after a restart."""
        named = dict.fromkeys([*self.facts.peers, *map(str, peers)])
        self.facts.peers = list(named)[-MAX_PEERS:]
        self.handle(PeersFound(list(peers), "user"))

    def set_priorities(self, priorities: list[Priority]) -> None:
        """One per file."""
        self.facts.priorities = bytes(priorities)
        self.storage.set_wanted(priorities)
        self.handle(SetPriorities(priorities))
        self.completed()
        self.around.state_changed(self)

    def count_time(self) -> None:
        """Add the time since the last call to the seeding time, if it was spent seeding."""
        now = self.around.host.reactor.seconds()
        if self._was_running_since is not None and self.torrent.finished:
            self.facts.seeding_time += now - self._was_running_since
        if self._was_running_since is not None:
            self._was_running_since = now

    def disk_is(self, busy: bool) -> None:
        """Hold the peers back, or read on."""
        for connection in self.connections.values():
            connection.pause_reading() if busy else connection.resume_reading()
        if busy != self.torrent.disk_busy and (self.connections or not busy):
            self.handle(DiskBusy(busy))

    def tick(self) -> None:
        """Settings changed: look again at what waits for them."""
        if self.torrent.running:
            self.handle(Tick())

    # --- for those who look

    def now(self) -> float:
        """Monotonic seconds."""
        return float(self.around.host.reactor.seconds())

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
    def hash_v2(self) -> str | None:
        """In hex; None if it has none."""
        return self.metainfo.hash_v2.hex() if self.metainfo.hash_v2 else None

    @property
    def is_quiet(self) -> bool:
        """No event is being handled, and no message waits to be sent."""
        return not (self._handling or self._events or self.unflushed)

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
        self.gone = True
        self.durability.cancel()
        self.durability.marks.cancel()
        for timer in (self.probation, self.retry, self._timer):
            if timer is not None and timer.active():
                timer.cancel()


STOPPING = frozenset({"files_missing", "internal", "invalid", "quarantined"})
"""Errors with which a torrent leaves the swarm until the user acts. With others, such as a full disk, it goes on
seeding and tries again by itself."""

OUR_FAULT = "a bug of ours"
INTERNAL = ErrorRow("internal", "a bug of ours; see the log", "state")
