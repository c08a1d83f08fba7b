"""What is noted of a swarm.

The *fluid limit* (see `torrentd.simulate.crowd`) is the least time in which the last leech can be done. Each leech has
a bound of its own, too, which those with slow links meet sooner than the swarm does: it cannot take more than its link
brings, and no byte reaches it before the seed has sent it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median

from benchmarks.swarms.cases import Case
from torrentd.model.geometry import BLOCK
from torrentd.simulate.crowd import Crowd, Plan
from torrentd.simulate.swarm import Swarm

PATIENCE = 100
"""Fluid limits after which a swarm counts as stuck."""

LOOKS = 4
"""of a fluid limit: how often it is asked whether all are done"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Simulated seconds, and seconds of CPU of the whole process."""

    case: Case
    limit: float
    bounds: Sequence[float]
    """of each leech, in the order of the plan"""
    completions: Sequence[float]
    """likewise"""
    copies: float
    """what the seed had sent, in sizes of the torrent, when the leeches together had everything"""
    cpu: float
    events: int
    """of the simulated world"""
    digest: str

    @property
    def last(self) -> float:
        """When everybody was done."""
        return max(self.completions)

    @property
    def ratio(self) -> float:
        """The last completion in fluid limits."""
        return self.last / self.limit

    @property
    def typical(self) -> float:
        """The median over leeches of the completion in their own bounds."""
        return median(took / bound for took, bound in zip(self.completions, self.bounds, strict=True))

    @property
    def blocks(self) -> int:
        """Blocks that had to be moved."""
        return len(self.completions) * -(-self.case.size // BLOCK)

    @property
    def cpu_per_block(self) -> float:
        """Seconds, of all peers together: of who sends it, who receives it, and the world between them."""
        return self.cpu / self.blocks


def bounds(plan: Plan) -> list[float]:
    """The least seconds in which each leech can be done, whatever the others do."""
    given = sum(inf if link.up is None else link.up for link in plan.seeds)
    return [plan.size / min(given, inf if link.down is None else link.down) for link in plan.leeches]


def measure(case: Case, seed: int) -> Outcome:
    """Carry a case out. SimulationError if it gets stuck."""
    plan = case.plan
    began = time.process_time()
    crowd = Crowd(Swarm(seed), plan)
    crowd.run(PATIENCE * plan.limit, looks=plan.limit / LOOKS)
    cpu = time.process_time() - began
    copies = crowd.copies_sent or 0.0
    events, digest = crowd.swarm.clock.calls_made, crowd.swarm.digest()
    return Outcome(case, plan.limit, bounds(plan), crowd.completions, copies, cpu, events, digest)


def facts(outcome: Outcome) -> Iterator[tuple[str, object]]:
    """For scripts."""
    case = outcome.case
    yield from (("links", case.links), ("leeches", case.leeches))
    yield from (("pieces", case.pieces), ("piece_size", case.piece_size))
    for name in ("limit", "last", "ratio", "typical", "copies", "cpu", "blocks", "cpu_per_block", "events", "digest"):
        yield name, getattr(outcome, name)
    yield "completions", list(outcome.completions)
