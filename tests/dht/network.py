"""A network of pure nodes in memory: datagrams take a while, some addresses are dead, some nodes lie."""

from __future__ import annotations

import random
from collections.abc import Callable
from heapq import heappop, heappush
from ipaddress import IPv6Address
from itertools import count

from torrentd.dht.commands import Command, Found, Searched, Send, Turn
from torrentd.dht.dht import Dht
from torrentd.dht.events import Event, Opened, Received, Search, Tick
from torrentd.dht.ids import id_for
from torrentd.dht.node import Node
from torrentd.dht.routing.table import K
from torrentd.model.address import Address, Scope, scope

LATENCY = (0.01, 0.06)
"""Seconds one way."""


class Network:
    """Nodes by address. `v6`: of IPv6."""

    def __init__(self, seed: int, v6: bool = False) -> None:
        self.v6 = v6
        self.rng = random.Random(seed)
        self.now = 1000.0
        self.nodes: dict[Address, Dht] = {}
        self.liars: dict[Address, Callable[[bytes, Address], bytes | None]] = {}
        self.heard: dict[Address, list[Command]] = {}
        """what nodes said that is no datagram"""
        self.ids: dict[Address, bytes] = {}
        """of everybody in an established network, the dead included"""
        self.watch: Callable[[], object] | None = None
        """called whenever something happened"""
        self.datagrams = 0
        self._number = count()
        self._events: list[tuple[float, int, Address, bytes, Address | None]] = []

    def global_address(self) -> Address:
        """One that nobody has."""
        while True:
            host = self._host()
            address = Address(host, self.rng.randrange(1024, 65536))
            if scope(host) == Scope.GLOBAL and address not in self.nodes and address not in self.liars:
                return address

    def _host(self) -> str:
        if self.v6:
            return str(IPv6Address(0x20 << 120 | self.rng.getrandbits(120)))
        return ".".join(str(self.rng.randrange(1, 224 if not place else 255)) for place in range(4))

    def add(self, address: Address | None = None, nodes: tuple[Address, ...] = ()) -> Address:
        """A node that knows its own address."""
        address = address or self.global_address()
        self.nodes[address] = Dht(self.rng, self.rng, self.now)
        self.heard[address] = []
        self.tell(address, Opened(address, nodes, address.host))
        return address

    def node(self, address: Address) -> Node:
        """The node there."""
        return self.nodes[address].nodes[0]

    def tell(self, address: Address, event: Event) -> None:
        """Something happens to the node there."""
        dht = self.nodes[address]
        for command in dht.handle(event, self.now):
            if isinstance(command, Send):
                self.send(command.to, command.data, address)
            else:
                self.heard[address].append(command)
        if self.watch is not None:
            self.watch()
        deadline = dht.next_deadline()
        if deadline < float("inf"):
            heappush(self._events, (max(deadline, self.now), next(self._number), address, b"", None))

    def send(self, to: Address, data: bytes, source: Address) -> None:
        """A datagram is on its way."""
        self.datagrams += 1
        heappush(self._events, (self.now + self.rng.uniform(*LATENCY), next(self._number), to, data, source))

    def run(self, until: Callable[[], bool], seconds: float = 60.0) -> bool:
        """Let time pass until that is so; whether it is."""
        end = self.now + seconds
        while not until():
            if not self._events or self._events[0][0] > end:
                self.now = end
                return until()
            self._step()
        return True

    def pass_time(self, seconds: float) -> None:
        """Let everything happen that happens in so many seconds."""
        self.run(lambda: False, seconds)

    def _step(self) -> None:
        self.now, _, address, data, source = heappop(self._events)
        if source is None:
            if address in self.nodes and self.nodes[address].next_deadline() <= self.now:
                self.tell(address, Tick())
        elif address in self.liars:
            answer = self.liars[address](data, source)
            if answer is not None:
                self.send(source, answer, address)
        elif address in self.nodes:
            self.tell(address, Received(data, source))

    # --- searches

    def search(self, address: Address, info_hash: bytes, port: int | None = None) -> Searched:
        """A whole search by the node there."""
        heard = self.heard[address]
        heard.clear()
        self.tell(address, Search(info_hash, port))
        assert self.run(lambda: any(isinstance(command, Searched) for command in heard))
        self.pass_time(2 * LATENCY[1])  # what is announced at the end arrives
        return next(command for command in heard if isinstance(command, Searched))

    def found(self, address: Address) -> set[Address]:
        """The peers that the last search found."""
        return {peer for command in self.heard[address] if isinstance(command, Found) for peer in command.peers}

    def turns(self, address: Address) -> list[bytes]:
        """Whose turn came up at the node there."""
        return [command.info_hash for command in self.heard[address] if isinstance(command, Turn)]


def established(
    count: int, seed: int, dead: float = 0.0, liars: float = 0.0, v6: bool = False
) -> tuple[Network, list[Address]]:
    """A network that has been there for long: everybody knows neighbours and some from all over, as of when all were
    alive and honest. The network, and the honest who are alive."""
    network = Network(seed, v6)
    rng = network.rng
    ids, alive = network.ids, []
    for index in range(count):
        address = network.global_address()
        if index < dead * count:
            ids[address] = id_for(address.host, rng)
        elif index < (dead + liars) * count:
            ids[address] = id_for(address.host, rng)
            network.liars[address] = lambda data, source: None
        else:
            network.add(address)
            ids[address] = network.node(address).table.own_id
            alive.append(address)
    ordered = sorted(ids, key=lambda address: ids[address])
    for place, address in enumerate(ordered):
        if address not in network.nodes:
            continue
        node = network.node(address)
        near = [ordered[(place + step) % count] for step in range(-K, K + 1) if step]
        for other in near + rng.sample(ordered, min(count, 150)):
            if other != address:
                node.table.answered(ids[other], other, network.now)
        node.joining.ended(len(node.table))
    return network, alive
