"""Which swarms are measured: one seed, and leeches that all come at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torrentd.simulate.crowd import Plan
from torrentd.simulate.internet.links import Link

KIB = 1024
MB = 1e6

ALIKE = "alike"
MIXED = "mixed"

SAME = Link(up=MB)
"""of everybody in a swarm of equals: its limit is nearly the time in which the seed sends one copy"""

SEED = Link(up=2 * MB)
"""of the seed of a mixed swarm: what all send together is its limit then, not the seed"""

FIBRE = Link(up=5 * MB, down=50 * MB, latency=0.005)
CABLE = Link(up=MB, down=8 * MB)
DSL = Link(up=MB / 8, down=2 * MB, latency=0.02)
MIX = (FIBRE, CABLE, CABLE, DSL, DSL)
"""in the order in which leeches come, again and again: 1.45 MB/s up on average"""


@dataclass(frozen=True, slots=True)
class Case:
    """`links`: ALIKE or MIXED. Bytes."""

    links: str
    leeches: int
    pieces: int
    piece_size: int = 64 * KIB

    @property
    def size(self) -> int:
        return self.pieces * self.piece_size

    @property
    def plan(self) -> Plan:
        """What the simulator is to carry out."""
        if self.links == ALIKE:
            return Plan([SAME], [SAME] * self.leeches, self.size, self.piece_size)
        leeches = [MIX[number % len(MIX)] for number in range(self.leeches)]
        return Plan([SEED], leeches, self.size, self.piece_size)


CROWDS = {10: 256, 50: 256, 200: 256, 1000: 64}
"""leeches -> pieces; a thousand leeches move a quarter of a million blocks as it is"""

QUICK = (10, 50)

PIECES = (64, 1024, 4096)
"""of ten leeches, beside the 256 of CROWDS: how the cost grows with them"""


def cases(quick: bool) -> Sequence[Case]:
    """Those that are told by default; the quick ones take about a minute and a half."""
    crowds = {leeches: pieces for leeches, pieces in CROWDS.items() if not quick or leeches in QUICK}
    by_leeches = [Case(links, leeches, pieces) for links in (ALIKE, MIXED) for leeches, pieces in crowds.items()]
    return by_leeches if quick else [*by_leeches, *(Case(ALIKE, 10, pieces) for pieces in PIECES)]
