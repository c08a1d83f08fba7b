"""A flash crowd: seeds that have everything, and leeches that all come at once. How long until the last one is done?

The answer is measured against the *fluid limit*: if bytes were water that any leech could pass on the moment it gets
them, the last leech would be done after

    size / min(what the seeds send, what all together send divided by the number of leeches, what each leech can take)

seconds. Nobody can be faster: the seeds must send one copy, all together must send as many as there are leeches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from torrentd.model.bitfield import Bitfield
from torrentd.simulate.disks.platter import Content
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import Node
from torrentd.simulate.swarm import Swarm

SETTLING = 1.0
"""Seconds before the leeches come, in which the seeds start and the tracker hears of them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who takes part, and what there is to get. Bytes."""

    seeds: Sequence[Link]
    leeches: Sequence[Link]
    size: int
    piece_size: int | None = None
    """None: what torrent makers would choose"""

    @property
    def limit(self) -> float:
        """The fluid limit in seconds; 0 if no link has a rate."""
        given = sum(_rate(link.up) for link in self.seeds)
        together = given + sum(_rate(link.up) for link in self.leeches)
        return self.size / min(given, together / len(self.leeches), *(_rate(link.down) for link in self.leeches))


@dataclass(frozen=True, slots=True)
class Moment:
    """The crowd at `time` seconds after the leeches came."""

    time: float
    progress: float
    """share of all that the leeches want that they have"""
    copies: float
    """what the seeds have sent, in sizes of the torrent"""
    done: int
    """leeches that have everything"""


class Crowd:
    """The plan carried out in an empty world."""

    def __init__(self, swarm: Swarm, plan: Plan) -> None:
        self.swarm = swarm
        self.plan = plan
        self.torrent = swarm.torrent(plan.size, plan.piece_size)
        self.copies_sent: float | None = None
        """what the seeds had sent when the leeches together had everything for the first time; None before"""
        self.moments: list[Moment] = []
        self._somewhere = Bitfield(self.torrent.geometry.piece_count)
        self.seeds = [swarm.node(f"seed{number}", link) for number, link in enumerate(plan.seeds)]
        for node in self.seeds:
            node.seed(self.torrent)
        swarm.run(SETTLING)
        self.began = swarm.now
        self.leeches = [swarm.node(f"leech{number}", link) for number, link in enumerate(plan.leeches)]
        for node in self.leeches:
            node.wrote = self._wrote
            node.add(self.torrent)

    @property
    def completions(self) -> list[float]:
        """Seconds that each leech needed, in the order of the plan; those that are done."""
        name = self.torrent.metainfo.name
        return [node.completed[name] - self.began for node in self.leeches if name in node.completed]

    @property
    def ratio(self) -> float:
        """The last completion in fluid limits."""
        return max(self.completions) / self.plan.limit if self.plan.limit else inf

    @property
    def done(self) -> bool:
        return len(self.completions) == len(self.leeches)

    def run(self, limit: float, looks: float) -> None:
        """Until everybody is done, noting a moment every `looks` seconds. SimulationError after `limit` seconds."""
        end = self.swarm.now + limit
        while not self.done:
            self._look(self.swarm.now + looks, end)

    def _look(self, at: float, end: float) -> None:
        self.swarm.run_until(lambda: self.done or self.swarm.now >= at, end - self.swarm.now)
        self.moments.append(self.moment())

    def moment(self) -> Moment:
        """Now."""
        pieces = self.torrent.geometry.piece_count * len(self.leeches)
        have = sum(node.content(self.torrent).good.count for node in self.leeches)
        return Moment(self.swarm.now - self.began, have / pieces, self._copies(), len(self.completions))

    def _copies(self) -> float:
        return sum(node.control.row(self.torrent.id).uploaded for node in self.seeds) / self.plan.size

    def _wrote(self, node: Node, content: Content, piece: int) -> None:
        if self._somewhere.add(piece) and self._somewhere.has_all():
            self.copies_sent = self._copies()


def _rate(rate: float | None) -> float:
    return inf if rate is None else rate
