"""The one driving rule, for whatever is in a swarm: `handle(event)` asks the pure state, runs the commands that come
back (session.commands), and moves one timer to the next deadline. Events that arise while commands run wait in a queue,
so the pure state is never entered twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.ids import PeerId, PeerKey
from torrentd.policy.rates.weights import TorrentPriority
from torrentd.session.alarm import Alarm
from torrentd.session.running.commands import RUN
from torrentd.swarm.commands import Command, Connect
from torrentd.swarm.events import Dial, Drained, Event, PeerClosed, Received, Tick
from torrentd.wire.peer.handshake import RESERVED

if TYPE_CHECKING:
    from torrentd.model.address import Address
    from torrentd.net.interfaces import PeerConnection
    from torrentd.policy.peers.turnover import Link
    from torrentd.session.around import Around
    from torrentd.state.records import LimitValue
    from torrentd.swarm.settings import Settings
    from torrentd.wire.peer.messages import Message

log = Logger()

OUR_FAULT = "a bug of ours"


class Pure(Protocol):
    """What is driven: `swarm.Torrent` or `swarm.fetching.Fetching`."""

    commands: list[Command]
    running: bool
    settings: Settings
    peers: dict[PeerKey, Any]

    @property
    def finished(self) -> bool: ...

    @property
    def left(self) -> int: ...

    def handle(self, event: Event, now: float) -> list[Command]: ...

    def next_deadline(self) -> float: ...

    def expendable(self, newcomer: Address, now: float) -> Link | None: ...


T = TypeVar("T", bound=Pure)


class Driven(ABC, Generic[T]):
    """Owns the connections of one info hash, and its pure state. Implements net's PeerOwner for the connections."""

    reserved = RESERVED
    """what our handshakes say that we can do"""

    def __init__(self, info_hash: bytes, torrent: T, around: Around, peer_id: PeerId) -> None:
        self.info_hash = info_hash
        self.id = info_hash.hex()
        self.torrent = torrent
        self.around = around
        self.peer_id = peer_id
        """ours, in this torrent and this run"""
        self.connections: dict[PeerKey, PeerConnection] = {}
        self.unflushed: dict[PeerKey, PeerConnection] = {}
        """connections with control messages that have not left yet"""
        self.gone = False
        """removed, or the daemon is stopping: nothing that comes back from a worker matters any more"""
        self.swarm_estimate: tuple[int | None, int | None] = (None, None)
        """seeds and other peers in the swarm, as nodes of the DHT count them (BEP 33)"""
        self._events: deque[Event] = deque()
        self._handling = False
        self._alarm = Alarm(around.host.reactor)

    @property
    @abstractmethod
    def name(self) -> str:
        """The torrent's name, fit for a log line."""

    @property
    @abstractmethod
    def limits(self) -> dict[str, LimitValue]:
        """Of this torrent alone, as `torrent.set` takes them."""

    @property
    @abstractmethod
    def priority(self) -> TorrentPriority:
        """Against other torrents."""

    @property
    @abstractmethod
    def piece_count(self) -> int | None:
        """None while it is not known."""

    @property
    def private(self) -> bool:
        """Peers come from trackers only (BEP 27)."""
        return False

    @property
    def dht_nodes(self) -> list[tuple[str, int]]:
        """Where the DHT may be entered, as the torrent says: host and port."""
        return []

    @abstractmethod
    def changed(self) -> None:
        """Something that is shown may have changed."""

    @abstractmethod
    def broken(self) -> None:
        """A bug of ours showed: leave the swarm, and say so."""

    # --- the driving rule

    def handle(self, event: Event) -> None:
        """Give an event to the pure state and do what it says."""
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
        if not self.gone:
            self._alarm.set(self.torrent.next_deadline(), self._due)
            self.changed()

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

    def _due(self) -> None:
        if self.torrent.next_deadline() <= self.around.host.reactor.seconds():
            self.handle(Tick())
        else:
            self._alarm.set(self.torrent.next_deadline(), self._due)

    def _our_fault_in(self, event: Event, command: Command | None = None) -> None:
        """A bug of ours costs one peer, or this torrent, and is seen in the log. A command that concerns no peer is
        done for the torrent: a piece whose mark was not made, for one, would wait for ever."""
        log.failure("{name}: a bug of ours, in {event}", name=self.name, event=type(event).__name__)
        concerns_peer = command is None or hasattr(command, "peer")
        if concerns_peer and isinstance(event, Received | Drained) and event.peer in self.connections:
            self._events.append(PeerClosed(event.peer, OUR_FAULT))
            self.connections[event.peer].close(OUR_FAULT)
        else:
            self.fell_over(event)

    def fell_over(self, event: Event) -> None:
        """The torrent itself is done for, in this event."""
        self.broken()
        for connection in self.connections.values():
            connection.close(OUR_FAULT)

    def our_fault(self, failure: Failure) -> None:
        """The same for what came back from a worker: an errback."""
        log.failure("{name}: a bug of ours", failure, name=self.name)
        if not self.gone:
            self.broken()

    def tick(self) -> None:
        """Settings changed: look again at what waits for them."""
        if self.torrent.running:
            self.handle(Tick())

    def now(self) -> float:
        """Monotonic seconds."""
        return float(self.around.host.reactor.seconds())

    @property
    def is_quiet(self) -> bool:
        """No event is being handled, and no message waits to be sent."""
        return not (self._handling or self._events or self.unflushed)

    def disk_is(self, busy: bool) -> None:
        """Hold the peers back, or read on. Who stores nothing does not care."""

    # --- PeerOwner

    def received(self, connection: PeerConnection, messages: list[Message]) -> None:
        self.handle(Received(PeerKey(connection.key), messages))

    def drained(self, connection: PeerConnection, sent: int) -> None:
        self.handle(Drained(PeerKey(connection.key), sent))

    def read_failed(self, connection: PeerConnection, piece: int, error: Exception) -> None:
        """Who serves blocks has more to say about it."""

    def closed(self, connection: PeerConnection, reason: str) -> None:
        key = PeerKey(connection.key)
        self.connections.pop(key, None)
        self.unflushed.pop(key, None)
        self.around.connections.ended(connection)
        self.handle(PeerClosed(key, reason))

    def leave(self) -> None:
        """The session ends: no timer stays behind."""
        self.gone = True
        self._alarm.cancel()
