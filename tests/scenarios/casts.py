"""Swarms that several scenarios begin with, and the questions they ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import Swarm
from torrentd.simulate.torrents import SimulatedTorrent

KIB = 1024
MIB = 1024 * KIB
RATE = 1e6
"""bytes per second, of the usual uplink"""
PIECES = 128


@dataclass
class Cast:
    """One seed, and leeches that came together."""

    swarm: Swarm
    torrent: SimulatedTorrent
    seed: Node
    leeches: list[Node]
    began: float

    @property
    def everybody(self) -> list[Node]:
        return [self.seed, *self.leeches]

    def finish(self, limit: float, who: Sequence[Node] | None = None) -> float:
        """Run until everybody (or `who`) has everything; seconds since the leeches came."""
        nodes = self.leeches if who is None else who
        self.swarm.run_until(lambda: all(node.has_all(self.torrent) for node in nodes), limit)
        return max(self.took(node) for node in nodes)

    def took(self, node: Node) -> float:
        """Seconds that a leech needed."""
        return node.completed[self.torrent.metainfo.name] - self.began

    def progress(self) -> float:
        """How much of all that the leeches want they have, 0.0 to 1.0."""
        return mean(node.content(self.torrent).good.count / self.torrent.geometry.piece_count for node in self.leeches)


def gather(
    swarm: Swarm,
    leeches: Iterable[Link],
    seed: Link | None = None,
    size: int = 8 * MIB,
    pieces: int = PIECES,
    torrent: SimulatedTorrent | None = None,
    **changes: Any,
) -> Cast:
    """A seed, and half a second later all leeches at once. `changes`: of everybody's configuration."""
    if torrent is None:
        torrent = swarm.torrent(size, size // pieces)
    first = swarm.node("seed", seed or Link(up=RATE), **changes)
    first.seed(torrent)
    swarm.run(0.5)
    nodes = [swarm.node(f"leech{number}", link, **changes) for number, link in enumerate(leeches)]
    for node in nodes:
        node.add(torrent)
    return Cast(swarm, torrent, first, nodes, swarm.now)


def fluid_limit(cast: Cast) -> float:
    """Seconds in which the last leech could have everything if bytes were water: the seed must send one copy, all
    together as many as there are leeches, and each leech must take one."""
    ups = [node.site.link.up or float("inf") for node in cast.everybody]
    downs = [node.site.link.down or float("inf") for node in cast.leeches]
    return cast.torrent.size / min(ups[0], sum(ups) / len(cast.leeches), *downs)


def wasted(nodes: Iterable[Node], torrent: SimulatedTorrent) -> float:
    """The share of what was downloaded that was of no use."""
    rows = [node.control.row(torrent.id) for node in nodes]
    return sum(row.wasted for row in rows) / sum(row.downloaded for row in rows)


def mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
