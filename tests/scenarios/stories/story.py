"""What a story is. The values print as the Python that makes them, to be kept when one finds something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torrentd.simulate.internet.links import Link


class Step(NamedTuple):
    """After `wait` seconds `act` (see `acts`) happens to the host numbered `who`; `amount`, 0 to 99, says how much."""

    wait: float
    act: str
    who: int
    amount: int


@dataclass(frozen=True)
class Host:
    """One daemon, and what it is to have of the torrent."""

    link: Link
    share: int = 0
    """percent of the pieces that it has at the beginning"""
    joins: float = 0.0
    """seconds after the beginning"""
    skips: tuple[int, ...] = ()
    """files that it does not want"""
    sequential: bool = False
    connections: int = 50
    """limit of the torrent"""
    slots: int = 8
    disk_queue: int = 32 * 1024 * 1024
    """bytes"""
    magnet: bool = False
    """it has the magnet link instead of the .torrent file"""


@dataclass(frozen=True)
class Story:
    """`luck` is the seed of the world in which it is told."""

    luck: int
    pieces: int
    piece_size: int
    hosts: tuple[Host, ...]
    files: int = 1
    udp: bool = False
    """the tracker is asked over UDP"""
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        """The Python that makes it, a line per host and step."""
        hosts = "".join(f"        {host!r},\n" for host in self.hosts)
        steps = "".join(f"        {step!r},\n" for step in self.steps)
        head = (
            f"luck={self.luck}, pieces={self.pieces}, piece_size={self.piece_size}, files={self.files}, udp={self.udp}"
        )
        return f"Story(\n    {head},\n    hosts=(\n{hosts}    ),\n    steps=(\n{steps}    ),\n)"
