"""Two hosts and a connection between them, with protocols that only take notes."""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from torrentd.model.address import Address
from torrentd.simulate.clock import Clock
from torrentd.simulate.internet.internet import Internet
from torrentd.simulate.internet.links import Link
from torrentd.simulate.internet.network import ANY, SimulatedNetwork
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.trace import Trace

PORT = 1000


class Notes(Protocol):
    """What came, when, and how it ended."""

    transport: Any

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.parts: list[bytes] = []
        self.times: list[float] = []
        self.reason: Failure | None = None

    @property
    def data(self) -> bytes:
        return b"".join(self.parts)

    def dataReceived(self, data: bytes) -> None:
        self.parts.append(data)
        self.times.append(self._clock.now)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        assert self.reason is None
        self.reason = reason


class Accepting(Factory):
    noisy = False

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.accepted: list[Notes] = []

    def buildProtocol(self, addr: Any) -> Notes | None:
        self.accepted.append(Notes(self.clock))
        return self.accepted[-1]


class Pair:
    """`near` dials, `far` listens on PORT."""

    def __init__(self, near: Link, far: Link, seed: int = 1) -> None:
        self.clock = Clock()
        self.internet = Internet(self.clock, Random(seed), Trace(self.clock))
        self.near = self.internet.site("near", near, Reactor(self.clock))
        self.far = self.internet.site("far", far, Reactor(self.clock))
        self.near_network = SimulatedNetwork(self.internet, self.near)
        self.far_network = SimulatedNetwork(self.internet, self.far)
        self.factory = Accepting(self.clock)
        self.failures: list[Failure] = []
        self.ports: list[Any] = []
        self.far_network.listen(self.factory, Address(ANY, PORT)).addCallback(self.ports.append)

    def dial(self, port: int = PORT, timeout: float = 10.0) -> Any:
        attempt = self.near_network.connect(Accepting(self.clock), Address(self.far.address, port), timeout)
        return attempt.addErrback(self.failures.append)

    def connect(self) -> tuple[Notes, Notes]:
        """Connected, both ends."""
        made: list[Notes] = []
        self.dial().addCallback(made.append)
        self.clock.run_until(self.clock.now + 5)
        return made[0], self.factory.accepted[-1]

    def run(self, seconds: float) -> None:
        self.clock.run_until(self.clock.now + seconds)
