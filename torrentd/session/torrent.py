"""One torrent: its pure state, its storage, its record, its connections; it owns them and decides nothing.

The one driving rule: whatever happens, `handle(event)` asks the pure torrent, runs the commands that come back
(session.commands), and moves one timer to the next deadline. Events that arise while commands run wait in a queue, so
the pure torrent is never entered twice.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.model.ids import PeerId, PeerKey
from torrentd.model.layout import Priority
from torrentd.session.commands import RUN
from torrentd.session.durability import Durability
from torrentd.session.facts import Facts
from torrentd.session.rows import ErrorRow
from torrentd.swarm.commands import Connect
from torrentd.swarm.events import (
    Dial,
    DiskBusy,
    Drained,
    Event,
    PeerClosed,
    ReadFailed,
    Received,
    SetPriorities,
    Start,
    Stop,
    Tick,
)
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.disk.storage import Storage
    from torrentd.model.bitfield import Bitfield
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
        self.connections: dict[PeerKey, PeerConnection] = {}
        self.unflushed: dict[PeerKey, PeerConnection] = {}
        """connections with control messages that have not left yet"""
        self.durability = Durability(self, torrent.have.copy())
        self.error: ErrorRow | None = None
        self.checking: float | None = None
        """progress of the check under way, 0.0 to 1.0"""
        self.gone = False
        """removed, or the daemon is stopping: nothing that comes back from a worker matters any more"""
        self.probation: IDelayedCall | None = None
        """until then a crash of the daemon would be blamed on this torrent, too"""
        self._events: deque[Event] = deque()
        self._handling = False
        self._timer: IDelayedCall | None = None
        self._was_running_since: float | None = None

    @property
    def name(self) -> str:
        """The torrent's name, fit for a log line."""
        return escape(self.metainfo.name)

    # --- the driving rule

    def handle(self, event: Event) -> None:
        """Give an event to the pure torrent and do what it says."""
        self._events.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._events:
                event = self._events.popleft()
                commands = self.torrent.handle(event, self.around.host.reactor.seconds())
                for command in commands:
                    RUN[type(command)](self, command)
                if type(event) is Dial and not any(type(command) is Connect for command in commands):
                    self.around.connections.unused(self)
        except Exception:
            self._our_fault(event)
        finally:
            self._handling = False
        for connection in self.unflushed.values():
            connection.flush()
        self.unflushed.clear()
        self._arm()
        self.around.touched(self)

    def _arm(self) -> None:
        """One timer, moved only when the deadline comes nearer; one that fires early just looks again."""
        deadline = self.torrent.next_deadline()
        if deadline == inf:
            return
        timer = self._timer
        delay = max(0.0, deadline - self.around.host.reactor.seconds())
        if timer is None or not timer.active():
            self._timer = self.around.host.reactor.callLater(delay, self._due)
        elif timer.getTime() > deadline:
            timer.reset(delay)

    def _due(self) -> None:
        self._timer = None
        if self.torrent.next_deadline() <= self.around.host.reactor.seconds():
            self.handle(Tick())
        else:
            self._arm()

    def _our_fault(self, event: Event) -> None:
        """A bug of ours costs one peer, or this torrent, and is seen in the log."""
        log.failure("{name}: a bug of ours, in {event}", name=self.name, event=type(event).__name__)
        self._events.clear()
        peer = getattr(event, "peer", None)
        if isinstance(event, Received | Drained | PeerClosed) and peer in self.connections:
            self._events.append(PeerClosed(peer, "a bug of ours"))
            self.connections[peer].close("a bug of ours")
        else:
            self.fail(ErrorRow("internal", "a bug of ours; see the log", "state"))

    # --- PeerOwner

    def received(self, connection: PeerConnection, messages: list[Message]) -> None:
        self.handle(Received(PeerKey(connection.key), messages))

    def drained(self, connection: PeerConnection, sent: int) -> None:
        self.handle(Drained(PeerKey(connection.key), sent))

    def read_failed(self, connection: PeerConnection, piece: int, error: Exception) -> None:
        self.handle(ReadFailed(PeerKey(connection.key), piece, str(error)))
        self.around.trouble.reading_failed(self, error)

    def closed(self, connection: PeerConnection, reason: str) -> None:
        key = PeerKey(connection.key)
        self.connections.pop(key, None)
        self.unflushed.pop(key, None)
        self.around.connections.ended(connection)
        self.handle(PeerClosed(key, reason))

    # --- running and not running

    @property
    def wants_to_run(self) -> bool:
        """Whether only a check or nothing stands between this torrent and its swarm."""
        return not (self.facts.paused or self.gone or (self.error is not None and self.error.code in STOPPING))

    def start(self) -> None:
        """Enter the swarm, unless something speaks against it."""
        if self.wants_to_run and self.checking is None and not self.torrent.running:
            if self.facts.started_at is None:
                self.facts.started_at = self.around.host.wall_clock()
            self._was_running_since = self.around.host.reactor.seconds()
            self.handle(Start())
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

    def fail(self, error: ErrorRow) -> None:
        """Show an error; if it is of those that stop a torrent, stop it."""
        if error != self.error:
            log.warn("{name}: {error}", name=self.name, error=error.message)
        self.error = error
        if error.code in STOPPING:
            self.stop()
        self.around.state_changed(self)

    def recover(self) -> None:
        """The error is over."""
        self.error = None
        self.around.state_changed(self)

    def set_priorities(self, priorities: list[Priority]) -> None:
        """One per file."""
        self.facts.priorities = bytes(priorities)
        self.storage.set_wanted(priorities)
        self.handle(SetPriorities(priorities))
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
        if self.connections:
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
    def done(self) -> int:
        """Bytes of verified pieces."""
        geometry, have = self.metainfo.geometry, self.torrent.have
        last = geometry.piece_count - 1
        short = geometry.piece_size - geometry.last_piece_size if last in have else 0
        return have.count * geometry.piece_size - short

    @property
    def stalled(self) -> bool:
        """Running with something to do, and nothing moves."""
        return self.torrent.running and self.rates() == (0, 0)

    @property
    def is_durably_finished(self) -> bool:
        """Everything wanted is verified, flushed and recorded."""
        return self.torrent.finished and self.durability.is_settled

    @property
    def durable(self) -> Bitfield:
        """The pieces whose flush has been recorded."""
        return self.durability.have

    def leave(self) -> None:
        """The session ends: no timer stays behind."""
        self.gone = True
        self.durability.cancel()
        if self.probation is not None and self.probation.active():
            self.probation.cancel()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


STOPPING = frozenset({"files_missing", "internal", "invalid"})
"""Errors with which a torrent leaves the swarm. With others, such as a full disk, it goes on seeding."""
