"""A daemon with everything real but time, threads and sockets: its state and its content lie in real directories.

Nothing waits: workers have done a job before the call returns, and `World.run` moves one clock from event to event.
Daemons of the same world reach each other by address, through pipes in memory.
"""

from __future__ import annotations

import hashlib
import random
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, execute, fail, succeed
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from tests.disk.fakes import FakeSystem
from torrentd.config import Configuration, load
from torrentd.disk.disk import Disk
from torrentd.model.address import Address
from torrentd.net.buffers import Buffers
from torrentd.net.portmap.gateways import Gateway
from torrentd.net.trackers.resolver import Resolver
from torrentd.session.control import AddOptions
from torrentd.session.daemon import Daemon
from torrentd.session.host import Host
from torrentd.session.running.torrent import TorrentSession
from torrentd.session.steering.steering import Steering
from torrentd.state.database import State
from torrentd.wire.bencode import encode

PIECE = 32 * 1024
WALL = 1_700_000_000.0


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


class Worker:
    """Workers that do everything at once, unless they are told to hang."""

    def __init__(self) -> None:
        self.hangs = False
        self.waiting: list[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]]] = []

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        if not self.hangs:
            return execute(function, *args, **kwargs)
        done: Deferred[Any] = Deferred()
        self.waiting.append((done, lambda *a: function(*a, **kwargs), args))
        return done

    def step(self) -> None:
        """Do the oldest job that waits; others go on waiting."""
        done, function, args = self.waiting.pop(0)
        execute(function, *args).chainDeferred(done)

    def go_on(self) -> None:
        self.hangs = False
        while self.waiting:
            self.step()


class World:
    """A clock and a network."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.network = Network(self.reactor)

    def run(self, seconds: float = 0.0) -> None:
        """Let everything happen that is due within so many seconds, in order."""
        end = self.reactor.seconds() + seconds
        while (calls := self.reactor.getDelayedCalls()) and min(call.getTime() for call in calls) <= end:
            at = min(call.getTime() for call in calls)
            self.reactor.advance(max(0.0, at - self.reactor.seconds()))
        self.reactor.advance(max(0.0, end - self.reactor.seconds()))

    def until(self, condition: Callable[[], Any], seconds: float = 120.0) -> None:
        """Let time pass until something is so; fails after so many seconds."""
        end = self.reactor.seconds() + seconds
        self.run()
        while not condition():
            calls = self.reactor.getDelayedCalls()
            assert calls, "nothing will happen any more"
            at = min(call.getTime() for call in calls)
            assert at <= end, f"not so within {seconds:g} s"
            self.run(max(0.0, at - self.reactor.seconds()))


class Home:
    """One daemon's directories, and the daemon that runs on them, one after the other."""

    def __init__(self, world: World, root: Path, port: int = 6881, toml: str = "") -> None:
        self.world = world
        self.root = root
        self.downloads = root / "downloads"
        self.address = Address("127.0.0.1", port)
        self.system = FakeSystem()
        self.daemon: Daemon
        self.steering: Steering
        self.worker = Worker()
        self.flusher = Worker()
        self.keeper = Worker()
        """runs the state"""
        self.reloads: list[str] = []
        (root / "state").mkdir(parents=True, exist_ok=True)
        self.downloads.mkdir(exist_ok=True)
        self.toml(toml)

    def toml(self, text: str) -> None:
        """Write the configuration file; the next start reads it. The text may begin with keys of `paths`."""
        listen = f'[network]\nlisten = ["{self.address}"]\n' if "[network]" not in text else ""
        if "[peers]" not in text:
            text += '\n[peers]\nencryption = "off"\n'
        if "[ports]" not in text:
            text += "\n[ports]\nmap = false\n"
        paths = f'[paths]\nstate_dir = "{self.root}/state"\ndownload_dir = "{self.downloads}"\n'
        discovery = "" if "[discovery]" in text else "[discovery]\ndht = false\n"
        (self.root / "config.toml").write_text(listen + paths + text.rstrip() + "\n" + discovery)

    def configuration(self) -> Configuration:
        return load(self.root / "config.toml", {"HOME": str(self.root)})

    def make(self) -> Daemon:
        """A daemon that is not started."""
        reactor, configuration = self.world.reactor, self.configuration()
        self.worker, self.flusher, self.keeper = Worker(), Worker(), Worker()
        busy: list[Callable[[bool], None]] = []
        disk = Disk(
            self.worker.run,
            self.flusher.run,
            on_busy=lambda is_busy: busy[0](is_busy),
            queue_limit=configuration.settings.storage.disk_queue,
            min_free=0,
            system=self.system,
        )
        host = Host(
            reactor=reactor,
            network=self.world.network,  # type: ignore[arg-type]
            disk=disk,
            state=State(self.keeper.run, f"{self.root}/state/torrentd.db"),
            workers=self.worker,  # type: ignore[arg-type]
            rng=random.Random(1),
            secret_rng=random.Random(self.address.port),
            wall_clock=lambda: WALL + reactor.seconds(),
        )
        self.daemon = Daemon(host, configuration)
        busy.append(self.daemon.disk_is)
        self.steering = Steering(self.daemon, lambda: (self.reloads, []), lambda: None)
        return self.daemon

    def start(self, crashed: bool = False) -> Home:
        self.make()
        result(Deferred.fromCoroutine(self.daemon.start(crashed)))
        self.world.run()
        return self

    def stop(self) -> None:
        done = Deferred.fromCoroutine(self.daemon.stop())
        self.world.until(lambda: done.called, 5)
        result(done)

    def crash(self) -> None:
        """As after kill -9: nothing is said, written or closed; only the kernel lets go of the database."""
        for session in self.daemon.around.all_awake():
            session.leave()
            for connection in list(session.connections.values()):
                connection.close("crashed")
        self.daemon.around.dht.leave()
        self.daemon.backups.stop()
        self.daemon.around.dormancy.stop()
        self.daemon.around.seeding.stop()
        self.daemon.around.queueing.stop()
        self.daemon.around.neighbours.stop()
        self.daemon.around.saving.cancel()
        self.daemon.connections.stop()
        result(self.daemon.listening.stop())
        commits = self.daemon.host.state._commits
        if commits is not None:
            commits._connection.close()
        self.world.run()

    # --- torrents

    def add(self, torrent: Sample, **options: Any) -> TorrentSession:
        """Add it and let what is due happen."""
        id, _ = result(self.steering.add(torrent.metainfo, AddOptions(**options)))
        self.world.run()
        return self.session(id)

    def session(self, torrent: Sample | str) -> TorrentSession:
        """The torrent's session, woken if need be."""
        around = self.daemon.around
        return result(around.waking.awake(around.find(torrent if isinstance(torrent, str) else torrent.id)))

    def put(self, torrent: Sample, *names: str) -> None:
        """Put files of the torrent there, as the user would."""
        for name, data in torrent.files.items():
            if not names or name in names:
                path = self.path(torrent, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def path(self, torrent: Sample, name: str) -> Path:
        return self.downloads / torrent.name / name

    def same(self, torrent: Sample) -> bool:
        """Whether all of its content is here."""
        return all(
            self.path(torrent, name).is_file() and self.path(torrent, name).read_bytes() == data
            for name, data in torrent.files.items()
        )

    def row(self, torrent: Sample) -> Any:
        return self.steering.row(torrent.id)


class Sample:
    """A multi-file torrent with its content."""

    def __init__(
        self,
        name: str = "sample",
        files: dict[str, int] | None = None,
        piece_size: int = PIECE,
        trackers: Sequence[str] = (),
        **info: Any,
    ) -> None:
        rng = random.Random(name)
        sizes = files or {"a.bin": 5 * PIECE, "sub/b.txt": 3 * PIECE + 1000}
        self.name = name
        self.files = {path: rng.randbytes(size) for path, size in sizes.items()}
        content = b"".join(self.files.values())
        self.size = len(content)
        pieces = [content[at : at + piece_size] for at in range(0, len(content), piece_size)]
        self.piece_count = len(pieces)
        self.info = {
            b"name": name.encode(),
            b"piece length": piece_size,
            b"pieces": b"".join(hashlib.sha1(piece).digest() for piece in pieces),
            b"files": [{b"length": size, b"path": path.encode().split(b"/")} for path, size in sizes.items()],
            **{key.encode(): value for key, value in info.items()},
        }
        whole: dict[bytes, Any] = {b"info": self.info}
        if trackers:
            whole[b"announce-list"] = [[url.encode()] for url in trackers]
        self.metainfo = encode(whole)
        self.id = hashlib.sha1(encode(self.info)).hexdigest()


def result(deferred: Deferred[Any]) -> Any:
    """What a Deferred that has fired came to; its failure is raised."""
    answers: list[Any] = []
    deferred.addBoth(answers.append)
    assert answers, "the Deferred has not fired"
    if isinstance(answers[0], Failure):
        answers[0].raiseException()
    return answers[0]


def error(call: Callable[[], Deferred[Any]]) -> Exception:
    """The exception that a call raises or fires with."""
    try:
        answer = result(call())
    except Exception as problem:
        return problem
    raise AssertionError(f"no error, but {answer!r}")
