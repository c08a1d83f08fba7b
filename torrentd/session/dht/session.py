"""The DHT as the daemon owns it: the driving rule for `dht.Dht`, its sockets, and what it asks for.

A torrent is tracked while it is in its swarm, asleep or awake, unless it is private (BEP 27). When its turn comes, what
it wants is looked at then; so nobody has to tell the DHT when a torrent completes or runs dry.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.dht.commands import Command, Counted, Found, Learned, NeedNodes, Searched, Send, Turn
from torrentd.dht.dht import Dht, Status
from torrentd.dht.events import BlocklistChanged, Event, NodesKnown, Opened, Received, Tick, Track, Untrack
from torrentd.model.address import Address, Scope, scope
from torrentd.model.errors import StorageError
from torrentd.net.datagram import Datagrams, Kind
from torrentd.session.alarm import Alarm
from torrentd.session.dht import names
from torrentd.session.dht.saved import KEY, from_store, to_store
from torrentd.session.dht.wants import answer_turn
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.swarm.events import PeersFound

if TYPE_CHECKING:
    from torrentd.config.settings import Discovery
    from torrentd.net.trackers.resolver import Resolver
    from torrentd.session.around import Around
    from torrentd.session.driven import Driven

log = Logger()

SOURCE = "dht"
"""How peers that it finds are told from others."""

SAVE_EVERY = 600.0
"""Seconds: a crash costs little, for nodes live for hours."""

VOTER = "the DHT"
"""Its vote on our address: that of many nodes."""


class DhtSession:
    """Made with the daemon, started when the sockets are there. While it is off, every call does nothing."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._dht: Dht | None = None
        self._settings: Discovery | None = None
        self._resolver: Resolver | None = None
        self._sockets: dict[bool, tuple[Address, Datagrams]] = {}
        self._stored: object = None
        self._events: deque[Event] = deque()
        self._handling = False
        self._alarm = Alarm(around.host.reactor)
        self._saving: IDelayedCall | None = None

    # --- on and off

    @property
    def port(self) -> int:
        """What peers are told (BEP 5, `port`); 0 while it is off."""
        return next((address.port for address, _ in self._sockets.values()), 0) if self._dht is not None else 0

    def start(
        self, resolver: Resolver, addresses: Sequence[Address], sockets: Sequence[Datagrams], stored: object
    ) -> None:
        """The sockets are open, each at the address of the same place in line; of each family the one that reaches
        farthest is ours (BEP 45: one node, one socket). `stored`: what the last run saved."""
        self._resolver = resolver
        self._stored = stored
        bound = [socket for socket in sockets if socket.bound]
        for address, socket in zip(addresses, bound, strict=True):
            chosen = self._sockets.get(socket.v6)
            if chosen is None or _reach(chosen[0]) < _reach(address):
                self._sockets[socket.v6] = address, socket
        for _, socket in self._sockets.values():
            socket.route(Kind.DHT, self._received)

    def apply(self, settings: Discovery) -> None:
        """Obey these settings from now on: begin, end, or begin anew."""
        self._settings = settings
        if self._dht is not None and (not settings.dht or settings.dht_read_only != self._dht.read_only):
            self.leave()
        if self._dht is None and settings.dht and self._sockets:
            self._begin(settings)

    def _begin(self, settings: Discovery) -> None:
        host = self._around.host
        now = host.reactor.seconds()
        self._dht = Dht(host.rng, host.secret_rng, now, settings.dht_read_only, self._around.blocklist)
        for v6, (address, _) in self._sockets.items():
            saved = from_store(self._stored, v6)
            self.handle(Opened(address, saved.nodes, saved.host, saved.id))
        for info_hash, torrent in self._around.torrents.items():
            if isinstance(torrent, Sleeper):
                self.track_sleeper(info_hash, torrent)
            elif torrent.torrent.running:
                self.track(torrent)
        self._saving = host.reactor.callLater(SAVE_EVERY, self._save_now_and_then)

    def leave(self) -> None:
        """End at once: no timer stays behind."""
        if self._dht is None:
            return
        self._keep()
        self._dht = None
        self._alarm.cancel()
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None

    def stop(self) -> Deferred[Any]:
        """End; fires when what the next start needs is saved. Errback StorageError."""
        if self._dht is None:
            return succeed(None)
        self.leave()
        return self._around.host.state.set_setting(KEY, self._stored)

    def _keep(self) -> None:
        """Note what the next beginning needs, if there is something."""
        assert self._dht is not None
        stored = to_store(self._dht.nodes, self._around.host.reactor.seconds())
        if any(family["nodes"] for family in stored.values()):
            self._stored = stored

    def _save_now_and_then(self) -> None:
        before = self._stored
        self._keep()
        if self._stored != before:
            done = self._around.host.state.set_setting(KEY, self._stored)
            done.addErrback(lambda failure: failure.trap(StorageError) and None)
        self._saving = self._around.host.reactor.callLater(SAVE_EVERY, self._save_now_and_then)

    # --- the driving rule

    def handle(self, event: Event) -> None:
        """Give an event to the DHT, do what it says, move its timer."""
        if self._dht is None:
            return
        self._events.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._events and self._dht is not None:
                self._give(self._events.popleft())
        finally:
            self._handling = False
            self._events.clear()
        if self._dht is not None:
            self._alarm.set(self._dht.next_deadline(), self._due)

    def _give(self, event: Event) -> None:
        """One event. A bug of ours costs that event, or that command."""
        assert self._dht is not None
        try:
            commands = self._dht.handle(event, self._around.host.reactor.seconds())
        except Exception:
            log.failure("DHT: a bug of ours, in {event}", event=type(event).__name__)
            return
        for command in commands:
            self._run(command)

    def _run(self, command: Command) -> None:
        try:
            RUN[type(command)](self, command)
        except Exception:
            log.failure("DHT: a bug of ours, in {command}", command=type(command).__name__)
            if isinstance(command, Turn):
                self.handle(Untrack(command.info_hash))  # a turn must be answered

    def _due(self) -> None:
        self.handle(Tick())

    def _received(self, data: bytes, source: Address) -> None:
        self.handle(Received(data, source))

    # --- torrents

    def track(self, session: Driven[Any]) -> None:
        """A torrent entered its swarm."""
        if self._dht is not None and not session.private:
            wanting = not session.torrent.finished
            self.handle(Track(session.info_hash, hungry=wanting, urgent=wanting))
            if session.dht_nodes and self._dht.knows_few:
                names.resolve(self._names, session.dht_nodes, self._named)

    def track_sleeper(self, info_hash: bytes, sleeper: Sleeper) -> None:
        """A torrent sleeps in its swarm. (What was not looked at in this run is not announced: it comes later.)"""
        if sleeper.known and sleeper.runs and not sleeper.row.private:
            self.handle(Track(info_hash, hungry=bool(sleeper.row.left)))

    def untrack(self, info_hash: bytes) -> None:
        """A torrent left its swarm."""
        self.handle(Untrack(info_hash))

    def search_now(self, session: Driven[Any]) -> None:
        """Look it up, and announce it, out of turn."""
        self.untrack(session.info_hash)
        if self._dht is not None and not session.private:
            self.handle(Track(session.info_hash, urgent=True))

    def node_known(self, address: Address) -> None:
        """A peer told where its node is."""
        self.handle(NodesKnown((address,)))

    def blocklist_changed(self) -> None:
        """There are other ranges in it."""
        self.handle(BlocklistChanged())

    def status(self) -> Status | None:
        """Numbers; None while it is off."""
        return None if self._dht is None else self._dht.status(self._around.host.reactor.seconds())

    # --- commands

    def send(self, command: Send) -> None:
        found = self._sockets.get(":" in command.to.host)
        if found is not None:
            found[1].send(command.data, command.to)

    def turn(self, command: Turn) -> None:
        torrent = self._around.known(command.info_hash)
        self.handle(answer_turn(command.info_hash, torrent, self._around.announces.port))

    def found(self, command: Found) -> None:
        torrent = self._around.known(command.info_hash)
        ourselves = self._around.connections.our_addresses()
        peers = [peer for peer in command.peers if peer not in ourselves]
        event = PeersFound(peers, SOURCE)
        if isinstance(torrent, Sleeper):
            if torrent.has_to_meet(peers):  # seeds wake, too: who cannot be reached depends on whom he dials
                awake = self._around.waking.awake(command.info_hash)
                awake.addCallback(lambda session: session.handle(event)).addErrback(_not_woken)
        elif torrent is not None and not torrent.private and peers:
            torrent.handle(event)

    def searched(self, command: Searched) -> None:
        log.debug(
            "DHT: {torrent}: {peers} peers found, announced to {nodes} nodes",
            torrent=command.info_hash.hex(),
            peers=command.peers,
            nodes=command.announced,
        )

    def counted(self, command: Counted) -> None:
        session = self._around.sessions.get(command.info_hash)
        if session is not None:
            session.swarm_estimate = command.seeds, command.leeches
            session.changed()

    def need_nodes(self, command: NeedNodes) -> None:
        assert self._settings is not None
        wanted = [names.split(text) for text in self._settings.dht_bootstrap]
        names.resolve(self._names, wanted, partial(self._named, routers=True))

    def learned(self, command: Learned) -> None:
        self._around.connections.seen_at(command.host, VOTER)

    @property
    def _names(self) -> Resolver:
        assert self._resolver is not None  # it was started
        return self._resolver

    def _named(self, addresses: tuple[Address, ...], routers: bool = False) -> None:
        self.handle(NodesKnown(addresses, routers))


RUN: dict[type[Command], Callable[[DhtSession, Any], None]] = {
    Send: DhtSession.send,
    Turn: DhtSession.turn,
    Found: DhtSession.found,
    Searched: DhtSession.searched,
    Counted: DhtSession.counted,
    NeedNodes: DhtSession.need_nodes,
    Learned: DhtSession.learned,
}


def _not_woken(failure: Failure) -> None:
    """It is in the log, and shown at the torrent."""


def _reach(address: Address) -> int:
    """How far a socket that is bound there reaches; everywhere, if it is bound to no address in particular."""
    return scope(address.host) or Scope.GLOBAL + 1
