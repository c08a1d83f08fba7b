"""The world as the daemon sees it: everything that it does not decide itself comes through here.

`composition.py` makes the real one. A simulated one replaces exactly these parts, and nothing else of the daemon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from torrentd.disk.disk import Disk
    from torrentd.net.network import Network
    from torrentd.state.database import State

P = ParamSpec("P")
T = TypeVar("T")


class Runner(Protocol):
    """Threads that run calls; see session.workers."""

    def start(self) -> None: ...

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]: ...

    def stop(self) -> Deferred[None]: ...


@dataclass(slots=True)
class Host:
    """Built by the composition root; nothing else constructs any of these."""

    reactor: Any
    """IReactorTime, IReactorCore: `seconds` is monotonic, whatever the wall clock does"""
    network: Network
    disk: Disk
    state: State
    workers: Runner
    """for everything else that would hold the reactor for more than some milliseconds"""
    mounts: Runner
    """to ask file systems, which may hang"""
    rng: Random
    """picks and jitter"""
    secret_rng: Random
    """ids, keys and tokens"""
    wall_clock: Callable[[], float]
    """Unix seconds, only to be shown or stored"""
    told_of_disk: list[Callable[[bool], None]] = field(default_factory=list)
    """who is told that more waits for `disk` than may (True), and that there is room again (False)"""
