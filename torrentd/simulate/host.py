"""The simulated `Host`: every seam replaced, nothing else.

`plugin.make_host` is its counterpart in the real world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from torrentd.config import Configuration
from torrentd.session.host import Host
from torrentd.simulate.disks.disk import SimulatedDisk
from torrentd.simulate.disks.platter import Platter
from torrentd.simulate.internet.network import SimulatedNetwork
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.state import COMMIT, Archive, SimulatedState
from torrentd.simulate.workers import Workers

EPOCH = 1_700_000_000.0
"""The wall clock when a world begins."""


@dataclass(slots=True)
class Machine:
    """What a host keeps when its daemon ends."""

    reactor: Reactor
    network: SimulatedNetwork
    platter: Platter
    archive: Archive
    clock_offset: float = 0.0
    """seconds by which the wall clock was set"""

    def wall_clock(self) -> float:
        """Unix seconds."""
        return EPOCH + self.reactor.seconds() + self.clock_offset


def make_host(machine: Machine, configuration: Configuration, luck: str) -> Host:
    """For one run of a daemon. `luck` seeds both generators; each run needs another."""
    told_of_disk: list[Callable[[bool], None]] = []

    def on_busy(busy: bool) -> None:
        for told in told_of_disk:
            told(busy)

    reactor = machine.reactor
    database = Workers(reactor, duration=COMMIT)
    disk: Any = SimulatedDisk(
        reactor, machine.platter, on_busy, machine.wall_clock, configuration.settings.storage.disk_queue
    )
    network: Any = machine.network
    return Host(
        reactor=reactor,
        network=network,
        disk=disk,
        state=SimulatedState(database.run, machine.archive),
        workers=Workers(reactor),
        mounts=Workers(reactor),
        rng=Random(luck),
        secret_rng=Random(f"{luck}, secret"),
        wall_clock=machine.wall_clock,
        told_of_disk=told_of_disk,
    )
