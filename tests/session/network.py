"""A network in memory, with one clock: pipes, datagrams, groups and names, by address."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from torrentd.model.address import Address
from torrentd.net.buffers import Buffers
from torrentd.net.portmap.gateways import Gateway
from torrentd.net.trackers.resolver import Resolver


class Reactor(Clock):
    """A clock that begins late enough for no time to be 0, and takes calls from threads."""

    def __init__(self) -> None:
        super().__init__()
        self.advance(1000.0)

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        self.callLater(0, call, *args)


class Pipe:
    """One end of a stream in memory. What is written arrives a turn later."""

    def __init__(self, reactor: Reactor, here: Address, there: Address) -> None:
        self._reactor = reactor
        self._addresses = here, there
        self._arrived: deque[bytes] = deque()
        self._reading = True
        self.closed = False
        self.other: Pipe
        self.protocol: Any = None

    def join(self, protocol: Any) -> None:
        self.protocol = protocol
        protocol.makeConnection(self)

    def write(self, data: bytes) -> None:
        if data and not self.closed:
            self.other._arrived.append(bytes(data))
            self._reactor.callLater(0, self.other._deliver)

    def writeSequence(self, parts: Sequence[bytes]) -> None:
        self.write(b"".join(parts))

    def loseConnection(self) -> None:
        self.abortConnection()

    def abortConnection(self) -> None:
        for end in (self, self.other):
            if not end.closed:
                end.closed = True
                self._reactor.callLater(0, end._lost)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """It is never told to wait."""

    def unregisterProducer(self) -> None: ...

    def pauseProducing(self) -> None:
        self._reading = False

    def resumeProducing(self) -> None:
        self._reading = True
        self._reactor.callLater(0, self._deliver)

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", *self._addresses[1])

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", *self._addresses[0])

    def _deliver(self) -> None:
        while self._arrived and self._reading and not self.closed:
            self.protocol.dataReceived(self._arrived.popleft())

    def _lost(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionDone()))


class Listening:
    def __init__(self, network: Network, address: Address) -> None:
        self._network = network
        self.address = address

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", *self.address)

    def stopListening(self) -> None:
        self._network.listening.pop(self.address, None)


class FakeGroup:
    """A multicast group; what is sent reaches everybody, the sender too."""

    def __init__(self, network: Network, reactor: Reactor, group: Address, host: str, near: Any) -> None:
        self.group = group
        self.sent: list[bytes] = []
        self.near = near
        self._host = host
        self._network = network
        self._reactor = reactor
        network.groups_joined.append(self)

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        for member in list(self._network.groups_joined):
            self._reactor.callLater(0, member.near, data, Address(self._host, self.group.port))

    def leave(self) -> None:
        self._network.groups_joined.remove(self)


class Datagrams:
    """A UDP socket in memory. What is sent arrives a turn later, if somebody listens there."""

    def __init__(self, network: Network, address: Address, protocol: Any) -> None:
        self._network = network
        self._address = address
        self.protocol = protocol
        self.sent: list[tuple[bytes, Address]] = []

    def write(self, data: bytes, addr: tuple[str, int]) -> None:
        self.sent.append((data, Address(*addr)))
        self._network.reactor.callLater(0, self._network.deliver, data, Address(*addr), self._address)

    def getHost(self) -> IPv4Address:
        return IPv4Address("UDP", *self._address)

    def stopListening(self) -> None:
        if self._network.sockets.pop(self._address, None) is not None:
            self.protocol.doStop()


class Names:
    """A resolver that answers at once."""

    def __init__(self, names: dict[str, list[str]]) -> None:
        self._names = names

    def resolve(self, name: str) -> Deferred[list[str]]:
        if name.replace(".", "").isdigit() or ":" in name:
            return succeed([name])
        return succeed(self._names[name]) if name in self._names else fail(OSError("the name does not resolve"))

    def stop(self) -> None: ...


class Endpoint:
    """Connects to one address."""

    def __init__(self, network: Network, address: Address) -> None:
        self._network = network
        self._address = address

    def connect(self, factory: Any) -> Deferred[Any]:
        return self._network.connect(factory, self._address)


class Network:
    """All hosts of a world. Addresses where nobody listens refuse; those in `dead` never answer."""

    def __init__(self, reactor: Reactor) -> None:
        self.buffers = Buffers(64 * 1024, 64 * 1024)
        self.listening: dict[Address, Any] = {}
        self.dead: set[Address] = set()
        self.dialled: list[Address] = []
        self.taken: set[Address] = set()
        """addresses in use by others"""
        self.is_local = False
        self.groups_joined: list[FakeGroup] = []
        self.sockets: dict[Address, Datagrams] = {}
        """of UDP"""
        self.names: dict[str, list[str]] = {}
        """what the resolver knows"""
        self.routers: list[Gateway] = []
        self.igd: Any = None
        """the router as UPnP finds it"""
        self.reactor = reactor
        self._ports = iter(range(50_000, 60_000))

    def listen(self, factory: Any, address: Address) -> Deferred[Listening]:
        if address in self.taken or address in self.listening:
            return fail(CannotListenError(address.host, address.port, OSError("in use")))
        if not address.port:
            address = address._replace(port=next(self._ports))
        self.listening[address] = factory
        return succeed(Listening(self, address))

    def connect(self, factory: Any, address: Address, timeout: float = 10.0, bind: str = "") -> Deferred[Any]:
        self.dialled.append(address)
        done: Deferred[Any] = Deferred()
        if address not in self.dead:
            self.reactor.callLater(0, self._join, factory, address, done)
        return done

    def endpoint(self, address: Address, timeout: float = 10.0, bind: str = "") -> Endpoint:
        return Endpoint(self, address)

    def groups(self, groups: Sequence[Address], listen: Sequence[Address], near: Any) -> list[FakeGroup]:
        """All hosts are on one network, of IPv4, if there is one."""
        return [FakeGroup(self, self.reactor, groups[0], listen[0].host, near)] if self.is_local else []

    def gateways(self, named: str, bind: str) -> list[Gateway]:
        """The router of this network, if there is one."""
        return list(self.routers)

    def upnp(self, client: str) -> Any:
        return self.igd

    def datagrams(self, protocol: Any, address: Address) -> Listening:
        address = address._replace(port=address.port or next(self._ports))
        socket = self.sockets[address] = Datagrams(self, address, protocol)
        protocol.makeConnection(socket)
        return socket

    def resolver(self) -> Resolver:
        return Names(self.names)  # type: ignore[return-value]

    def deliver(self, data: bytes, to: Address, source: Address) -> None:
        """A datagram arrives."""
        if to in self.sockets:
            self.sockets[to].protocol.datagramReceived(data, source)

    def _join(self, factory: Any, address: Address, done: Deferred[Any]) -> None:
        if done.called:
            return  # cancelled
        here = Address("127.0.0.1", next(self._ports))
        server = self.listening.get(address)
        accepted = server.buildProtocol(IPv4Address("TCP", *here)) if server is not None else None
        if accepted is None:
            done.errback(ConnectionRefusedError())
            return
        dialling, answering = Pipe(self.reactor, here, address), Pipe(self.reactor, address, here)
        dialling.other, answering.other = answering, dialling
        protocol = factory.buildProtocol(dialling.getPeer())
        answering.join(accepted)
        dialling.join(protocol)
        done.callback(protocol)
