"""One host with a daemon on it: the shipping `Daemon`, steered as the RPC steers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.config import Configuration, Settings
from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.session.control import AddOptions
from torrentd.session.daemon import Daemon
from torrentd.session.running.torrent import TorrentSession
from torrentd.session.steering.steering import Steering
from torrentd.simulate.disks.platter import Content
from torrentd.simulate.host import Machine, make_host
from torrentd.simulate.internet.network import ANY, ANY_V6
from torrentd.simulate.internet.site import Site
from torrentd.simulate.torrents import SimulatedTorrent
from torrentd.simulate.trace import Trace
from torrentd.wire.magnet import make as make_magnet
from torrentd.wire.magnet import of_metainfo

PORT = 51413
DOWNLOADS = "/simulated/downloads"

Changes = Mapping[str, Mapping[str, Any]]
"""section -> key -> value of the configuration"""


def configure(changes: Changes, site: Site) -> Configuration:
    """The default configuration, except for `changes` and for where things are."""
    given: dict[str, dict[str, Any]] = {section: dict(keys) for section, keys in changes.items()}
    given["paths"] = {"state_dir": "/simulated/state", "download_dir": DOWNLOADS} | given.get("paths", {})
    given["peers"] = {"encryption": "off"} | given.get("peers", {})  # it costs real time, and hides nothing there
    given["discovery"] = {"dht": False} | given.get("discovery", {})  # its routers are not in that world
    listen = tuple(Address(ANY_V6 if v6 else ANY, PORT) for v6 in site.hosts)
    given["network"] = {"listen": listen} | given.get("network", {})
    settings = Settings()
    sections = {name: msgspec.structs.replace(getattr(settings, name), **keys) for name, keys in given.items()}
    return Configuration(msgspec.structs.replace(settings, **sections), None)


class Node:
    """`daemon` and `control` are those of the present run; they stay to be looked at when it has ended."""

    daemon: Daemon
    control: Steering

    def __init__(self, name: str, site: Site, machine: Machine, trace: Trace, luck: str, changes: Changes) -> None:
        self.name = name
        self.site = site
        self.machine = machine
        self.configuration = configure(changes, site)
        self.running = False
        """started and neither stopped nor crashed"""
        self.crashed = False
        """the last run ended so: nothing was put in order"""
        self.completed: dict[str, float] = {}
        """torrent's name -> when its last piece was on the disk"""
        self.wrote: Callable[[Node, Content, int], None] = lambda node, content, piece: None
        """told of each piece that is on the disk"""
        self._trace = trace
        self._luck = luck
        self._runs = 0
        self._waiting: list[Deferred[None]] = []
        machine.platter.wrote = self._wrote

    @property
    def address(self) -> Address:
        """Where it accepts peers, over its first family."""
        return Address(self.site.address, PORT)

    @property
    def addresses(self) -> list[Address]:
        """The same over each of them."""
        return [Address(host, PORT) for host in self.site.hosts.values()]

    # --- runs

    def start(self, crashed: bool = False) -> Deferred[None]:
        """Begin a run; fires when it listens."""
        self._runs += 1
        host = make_host(self.machine, self.configuration, f"{self._luck}, run {self._runs}")
        self.daemon = Daemon(host, self.configuration)
        self.control = Steering(self.daemon, lambda: ([], []), lambda: None)
        self._trace.note("start", self.name)
        return self._watched(self._start(crashed))

    async def _start(self, crashed: bool) -> None:
        await self.daemon.start(crashed)
        self.running, self.crashed = True, False
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    def stop(self) -> Deferred[None]:
        """A clean stop."""
        self.running = False
        self._trace.note("stop", self.name)
        return self._watched(self.daemon.stop())

    def crash(self) -> None:
        """The process is killed. What was written is in the page cache and stays."""
        self.running, self.crashed = False, True
        self._trace.note("crash", self.name)
        self.end()

    def end(self) -> None:
        """The process is over, after a stop too, and whatever hung in it."""
        self.machine.reactor.crash()
        self.site.crash()

    def step_clock(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.machine.clock_offset += seconds

    # --- torrents

    def add(self, torrent: SimulatedTorrent, have: Bitfield | None = None, **options: Any) -> Deferred[Any]:
        """Add a torrent as soon as the daemon runs. `have`: what is on the disk already, and known to be right if it
        is everything. `options` as of AddOptions."""
        if have is not None:
            layout, geometry = torrent.metainfo.layout, torrent.geometry
            self.machine.platter.put(DOWNLOADS, layout, geometry, have, self.machine.wall_clock())
            options.setdefault("verify", "skip" if have.has_all() else "auto")
        return self._watched(self._add(torrent, AddOptions(**options)))

    def seed(self, torrent: SimulatedTorrent, **options: Any) -> Deferred[Any]:
        """Add a torrent that is all there."""
        return self.add(torrent, Bitfield.full(torrent.geometry.piece_count), **options)

    def add_magnet(self, torrent: SimulatedTorrent, **options: Any) -> Deferred[Any]:
        """Add it by its magnet link, with the torrent's trackers."""
        link = make_magnet(of_metainfo(torrent.metainfo))
        return self._watched(self._when_running(lambda: self.control.add_magnet(link, AddOptions(**options))))

    async def _add(self, torrent: SimulatedTorrent, options: AddOptions) -> None:
        await self._when_running(lambda: self.control.add(torrent.data, options))

    async def _when_running(self, call: Callable[[], Deferred[Any]]) -> None:
        if not self.running:
            started: Deferred[None] = Deferred()
            self._waiting.append(started)
            await started
        await call()

    def session(self, torrent: SimulatedTorrent) -> TorrentSession:
        """LookupError if it is not there (yet), or asleep: a torrent with nothing to do keeps no session."""
        return self.daemon.around.sessions[torrent.info_hash]

    def awake(self, torrent: SimulatedTorrent) -> TorrentSession | None:
        """The same; None instead of the error."""
        return self.daemon.around.sessions.get(torrent.info_hash)

    def has_all(self, torrent: SimulatedTorrent) -> bool:
        """Whether every piece is on the disk."""
        return self.content(torrent).good.has_all()

    def content(self, torrent: SimulatedTorrent) -> Content:
        """What is on the disk of it."""
        return self.machine.platter.content(DOWNLOADS, torrent.metainfo.layout, torrent.geometry)

    def left_behind(self) -> list[str]:
        """What a stopped daemon should not have left, in words."""
        calls = [f"{self.name} has {call}" for call in self.machine.reactor.getDelayedCalls()]
        return [*calls, *self.site.open_things(), *([] if self.crashed else self._unsettled())]

    def _unsettled(self) -> list[str]:
        """Peers, attempts and requests that a clean stop should have ended, and the fleet's counts of them."""
        fleet = self.daemon.connections.fleet
        counts = {"connections": fleet.connections, "half_open": fleet.half_open, "pending": fleet.pending}
        for session in self.daemon.around.sessions.values():
            torrent = session.torrent
            counts |= {f"{session.name}: peers": len(torrent.peers), f"{session.name}: attempts": torrent.connecting}
            counts[f"{session.name}: pieces begun"] = 0 if torrent.requests is None else len(torrent.requests.started)
        return [f"{self.name} has {what}: {count}" for what, count in counts.items() if count]

    def _wrote(self, content: Content, piece: int) -> None:
        self._trace.note("piece", self.name, content.name, piece)
        if content.good.has_all() and content.name not in self.completed:
            self.completed[content.name] = self.machine.reactor.seconds()
            self._trace.note("complete", self.name, content.name)
        self.wrote(self, content, piece)

    def _watched(self, work: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred.fromCoroutine(work)
        return done.addErrback(_failed, self.name)

    def __repr__(self) -> str:
        return f"<Node {self.name}>"


def _failed(failure: Failure, name: str) -> None:
    _log.failure("{name} failed", failure, name=name)


_log = Logger()
