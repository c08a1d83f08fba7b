"""The world of a story while it is told, and what is remembered of it: who runs, and what users were told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from tests.scenarios.stories.story import Host, Story
from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import RpcError, StorageError
from torrentd.model.layout import Priority
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.daemon import Daemon
from torrentd.simulate.node import DOWNLOADS, Node
from torrentd.simulate.swarm import Swarm
from torrentd.simulate.torrents import SimulatedTorrent
from torrentd.wire.magnet import make, of_metainfo

TRY_AGAIN = 1.0
"""Seconds after which a user tries to add the torrent again to a daemon that does not run."""

EXIT = 0.5
"""Seconds from the end of a stop to that of the process: what was on its way out has left."""

UP, STOPPING, DOWN = "up", "stopping", "down"


@dataclass(eq=False)
class Call:
    """A user's call that was not answered yet."""

    node: Node
    word: str


class Stage:
    """`replay`: as of Swarm."""

    def __init__(self, story: Story, replay: str) -> None:
        self.story = story
        self.swarm = swarm = Swarm(story.luck, replay=replay)
        self.luck = Random(f"{story.luck}, story")
        tracker = swarm.tracker()
        size = story.pieces * story.piece_size - story.piece_size // 3  # the last piece is shorter
        tiers = [[tracker.udp if story.udp else tracker.http]]
        self.torrent: SimulatedTorrent = swarm.torrent(size, story.piece_size, tiers, _shares(size, story.files))
        self.phases: dict[Node, str] = {}
        self.calls: list[Call] = []
        self.problems: list[str] = []
        self.added: dict[Node, bool] = {}
        """what the user was told last: the torrent is there, or not; in no case while he waits for an answer"""
        self.paused: dict[Node, bool] = {}
        """likewise"""
        self.nodes = [self._node(number, host) for number, host in enumerate(story.hosts)]

    def _node(self, number: int, host: Host) -> Node:
        peers = {"max_connections_per_torrent": host.connections, "upload_slots": host.slots}
        node = self.swarm.node(f"host{number}", host.link, peers=peers, storage={"disk_queue": host.disk_queue})
        self.phases[node] = UP
        self._put(node, host.share)
        self.swarm.clock.at(host.joins, self._join, node, host)
        return node

    def _put(self, node: Node, share: int) -> None:
        """Part of the content is on its disk."""
        count = self.torrent.geometry.piece_count
        have = Bitfield(count, sorted(self.luck.sample(range(count), count * share // 100)))
        machine = node.machine
        machine.platter.put(DOWNLOADS, self.torrent.metainfo.layout, self.torrent.geometry, have, machine.wall_clock())

    def _join(self, node: Node, host: Host) -> None:
        if node.running:
            self.add(node, host)
        elif node not in self.added:
            self.swarm.clock.at(self.swarm.now + TRY_AGAIN, self._join, node, host)

    # --- daemons

    def start(self, node: Node, crashed: bool = False) -> None:
        """Begin a run, if the last one is over. `crashed`: it left evidence of a crash."""
        if self.phases[node] == DOWN:
            self.phases[node] = UP
            node.start(crashed)

    def stop(self, node: Node) -> None:
        """A clean stop; the next run begins after its end."""
        if node.running:
            self.phases[node] = STOPPING
            self._forget_calls(node)
            stopped = node.stop()
            stopped.addCallback(lambda _: self.swarm.clock.at(self.swarm.now + EXIT, self._exit, node, node.daemon))

    def _exit(self, node: Node, daemon: Daemon) -> None:
        """The process ends. Nothing may have been left behind, but what hangs on its disk."""
        if self.phases[node] != STOPPING or node.daemon is not daemon:
            return  # it was killed meanwhile
        calls = node.machine.reactor.getDelayedCalls()
        if calls and self.is_idle(node):
            self.problems.append(f"{node.name} stopped, and left {calls}")
        self.phases[node] = DOWN
        node.end()

    def is_idle(self, node: Node) -> bool:
        """Whether its disk has done all that it was asked."""
        disk: Any = node.daemon.host.disk
        return bool(disk.free_at <= self.swarm.now)

    def crash(self, node: Node) -> None:
        """The process is killed, whatever it is about."""
        if self.phases[node] != DOWN:
            self.phases[node] = DOWN
            self._forget_calls(node)
            node.crash()

    def _forget_calls(self, node: Node) -> None:
        """Nobody will answer them."""
        self.calls = [call for call in self.calls if call.node is not node]

    # --- calls

    def call(
        self, node: Node, word: str, call: Callable[[], Deferred[Any]], told: Callable[[Any], Any] = lambda result: None
    ) -> None:
        """A user calls the daemon, if it runs. `told`: it answered. An error that the API knows is an answer, too; any
        other is a bug."""
        if not node.running:
            return
        waiting = Call(node, word)
        self.calls.append(waiting)

        def answered(result: Any) -> None:
            if waiting not in self.calls:
                return
            self.calls.remove(waiting)
            if not isinstance(result, Failure):
                told(result)
            elif not result.check(RpcError, StorageError):
                self.problems.append(f"{word} of {node.name} failed:\n{result.getTraceback()}")

        maybeDeferred(call).addBoth(answered)

    def pending(self, node: Node, *words: str) -> bool:
        """Whether a call of these is under way."""
        return any(call.node is node and call.word in words for call in self.calls)

    def add(self, node: Node, host: Host) -> None:
        """The user adds the torrent."""
        skips = tuple(FileChoice(Priority.SKIP, index) for index in host.skips if index < self.story.files)
        options = AddOptions(files=skips, sequential=host.sequential)

        def told(_: Any) -> None:
            if not self.pending(node, "remove"):
                self.added[node] = True

        self.added.setdefault(node, False)
        if host.magnet:
            link = make(of_metainfo(self.torrent.metainfo))
            self.call(node, "add", lambda: node.control.add_magnet(link, options), told)
        else:
            self.call(node, "add", lambda: node.control.add(self.torrent.data, options), told)

    def has_torrent(self, node: Node) -> bool:
        """Whether the daemon runs and lists it."""
        return node.running and self.torrent.id in node.control.ids()

    def has_metadata(self, node: Node) -> bool:
        """Whether it is a whole torrent there."""
        return self.has_torrent(node) and node.control.row(self.torrent.id).size is not None

    def host_of(self, node: Node) -> Host:
        """What the story says of it."""
        return self.story.hosts[self.nodes.index(node)]


def _shares(size: int, files: int) -> list[int]:
    """Of the torrent's files; none if it is a single one."""
    if files == 1:
        return []
    return [size // files] * (files - 1) + [size - size // files * (files - 1)]
