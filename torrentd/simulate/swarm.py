"""A world: an internet with daemons, trackers and others on it, and its time.

    swarm = Swarm(seed=1)
    torrent = swarm.torrent(size=16 * MIB)
    swarm.node("seed", Link(up=1e6)).seed(torrent)
    leeches = [swarm.node(f"leech{n}", Link(up=1e6)).add(torrent) ...]
    swarm.run_until(lambda: all(...), limit=60)
    swarm.stop()

Whatever a daemon logs as a bug of its own ends the run with that bug. A run that does not get where it should ends with
the last lines of the trace and the seed that replays it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import TextIO, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from torrentd.net.buffers import Buffers
from torrentd.simulate.audit import audit
from torrentd.simulate.clock import Clock
from torrentd.simulate.disks.platter import Platter
from torrentd.simulate.host import Machine
from torrentd.simulate.hostile.stranger import Script, Stranger
from torrentd.simulate.internet.internet import Internet
from torrentd.simulate.internet.links import Link
from torrentd.simulate.internet.network import SimulatedNetwork
from torrentd.simulate.node import Node
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.state import Archive
from torrentd.simulate.torrents import SimulatedTorrent, make, usual_piece_size
from torrentd.simulate.trace import Trace
from torrentd.simulate.trackers.tracker import Tracker

T = TypeVar("T")

STEP = 0.05
"""Seconds between two looks at whether a run is over."""

STOP_LIMIT = 30.0
"""Seconds in which everybody must have stopped: 5 for a daemon, and what is on the wire."""


class SimulationError(AssertionError):
    """The world did not get where it should, or something in it is broken."""


class Swarm:
    """`seed` decides everything. `copy` gets every line of the trace. `replay`: what to call to see a failure again,
    told with it; an option of the tests if it is not given."""

    def __init__(self, seed: int, copy: TextIO | None = None, replay: str = "") -> None:
        self.seed = seed
        self.replay = replay or f"--sim-seed {seed}"
        self.clock = Clock()
        self.trace = Trace(self.clock, copy)
        self.rng = Random(f"{seed}, world")
        self.internet = Internet(self.clock, Random(f"{seed}, internet"), self.trace)
        self.nodes: list[Node] = []
        self.trackers: list[Tracker] = []
        self.strangers: list[Stranger] = []
        self._buffers = Buffers()
        self._torrents = 0
        self._bugs = _Bugs()

    # --- what is in it

    def tracker(self, name: str = "tracker.example", link: Link | None = None) -> Tracker:
        """A tracker on a host of its own."""
        tracker = Tracker(self.clock, self.internet, name, Random(f"{self.seed}, {name}"), link or Link())
        self.trackers.append(tracker)
        return tracker

    def torrent(
        self,
        size: int,
        piece_size: int | None = None,
        tiers: Sequence[Sequence[str]] | None = None,
        files: Sequence[int] = (),
        private: bool = False,
    ) -> SimulatedTorrent:
        """A new torrent. Unless told otherwise it names the first tracker, which is made if there is none."""
        if tiers is None:
            tiers = [[(self.trackers or [self.tracker()])[0].http]]
        self._torrents += 1
        name = f"torrent{self._torrents}"
        return make(self.rng, size, piece_size or usual_piece_size(size), tiers, files, name, private)

    def node(
        self, name: str, link: Link | None = None, platter: Platter | None = None, **changes: dict[str, object]
    ) -> Node:
        """A host with a daemon that starts now. `changes`: of the configuration, by section."""
        reactor = Reactor(self.clock)
        site = self.internet.site(name, link or Link(), reactor)
        network = SimulatedNetwork(self.internet, site, self._buffers)
        machine = Machine(reactor, network, platter or Platter(), Archive())
        node = Node(name, site, machine, self.trace, f"{self.seed}, {name}", changes)
        self.nodes.append(node)
        node.start()
        return node

    def stranger(
        self,
        name: str,
        torrent: SimulatedTorrent,
        script: Script,
        link: Link | None = None,
        reserved: bytes = bytes(8),
    ) -> Stranger:
        """A scripted peer, told to the torrent's tracker as one that has everything. `reserved`: of its handshake."""
        site = self.internet.site(name, link or Link(), Reactor(self.clock))
        stranger = Stranger(self.internet, site, torrent, script, reserved)
        self.strangers.append(stranger)
        for tracker in self.trackers:
            tracker.registry.enter(torrent.info_hash, stranger.address, left=1)
        return stranger

    # --- time

    @property
    def now(self) -> float:
        """Seconds since the world began."""
        return self.clock.now

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        with self.watching():
            self.clock.run_until(self.now + seconds)

    def run_until(self, predicate: Callable[[], bool], limit: float) -> float:
        """Run until the predicate holds (it is asked every STEP); the time. SimulationError at `limit` seconds from
        now."""
        end = self.now + limit
        with self.watching():
            while not predicate():
                if self.now >= end:
                    raise self.failure(f"not done after {limit:g} s")
                self.clock.run_until(min(self.now + STEP, end))
        return self.now

    def wait(self, deferred: Deferred[T], limit: float = 10.0) -> T:
        """Run until it has fired; its result."""
        results: list[T] = []
        deferred.addCallback(results.append)
        self.run_until(lambda: bool(results), limit)
        return results[0]

    def stop(self) -> None:
        """Stop every daemon, wait until all is quiet, and audit the books. SimulationError."""
        waiting = [node.stop() for node in self.nodes if node.running]
        done: list[object] = []
        for deferred in waiting:
            deferred.addCallback(done.append)
        self.run_until(lambda: len(done) == len(waiting), STOP_LIMIT)
        for stranger in self.strangers:
            stranger.leave()
        self.run(STOP_LIMIT)
        problems = audit(self)
        if problems:
            raise self.failure("; ".join(problems))
        for node in self.nodes:
            node.machine.archive.close()

    def digest(self) -> str:
        """Of everything that happened."""
        return self.trace.digest()

    # --- what goes wrong

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Bugs that are logged meanwhile end the run: for what is called outside `run`."""
        globalLogPublisher.addObserver(self._bugs)
        try:
            yield
        finally:
            globalLogPublisher.removeObserver(self._bugs)
        if self._bugs.found:
            raise self.failure("a bug was logged")

    def failure(self, words: str) -> SimulationError:
        """To be raised: what is wrong, the last lines of the trace, and how to see it again."""
        lines = "\n".join([*self.trace.last(), *self._bugs.found])
        return SimulationError(f"{words}\n{lines}\nat {self.now:.3f} s; replay with {self.replay}")


@implementer(ILogObserver)
class _Bugs:
    """Collects what is logged as critical, as text."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        if event.get("log_level") is LogLevel.critical:
            failure = event.get("log_failure")
            self.found.append(formatEvent(event) + (f"\n{failure.getTraceback()}" if failure is not None else ""))
