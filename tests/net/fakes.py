"""What stands in for the session, the disk and the world in the tests of `net`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from torrentd.model.address import Address
from torrentd.net.buffers import Buffers
from torrentd.net.encryption import Exchanges
from torrentd.net.interfaces import Bytes, Identity, PeerConnection
from torrentd.net.peer import PeerProtocol
from torrentd.policy.peers.encryption import Encryption, Mode
from torrentd.wire.peer import mse
from torrentd.wire.peer.handshake import RESERVED, Handshake
from torrentd.wire.peer.messages import Blocks, Message, Range

INFO_HASH = b"h" * 20
OURS = Identity(INFO_HASH, b"-TD0100-ours-ours-ou", 1000, RESERVED)
THEIRS = Identity(INFO_HASH, b"-TD0100-theirs-their", 1000, RESERVED)
SOMEWHERE = Address("192.0.2.1", 6881)


def owned(message: Message) -> Message:
    """A copy that outlives the read."""
    if isinstance(message, Blocks):
        joined = b"".join(message.views)
        return Blocks(message.piece, message.begin, message.length, [memoryview(joined)])
    return message


class Reactor(Clock):
    """A reactor played by the test: it remembers who waits for what."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []
        self.writers: list[Any] = []

    def addReader(self, descriptor: Any) -> None:
        if descriptor not in self.readers:
            self.readers.append(descriptor)

    def removeReader(self, descriptor: Any) -> None:
        if descriptor in self.readers:
            self.readers.remove(descriptor)

    def addWriter(self, descriptor: Any) -> None:
        if descriptor not in self.writers:
            self.writers.append(descriptor)

    def removeWriter(self, descriptor: Any) -> None:
        if descriptor in self.writers:
            self.writers.remove(descriptor)


class Owner:
    """Records what it is told; `on_received(connection, messages)` may act."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.reads = 0
        self.sent: list[int] = []
        self.failures: list[tuple[int, Exception]] = []
        self.reasons: list[str] = []
        self.on_received: Callable[[PeerConnection, list[Message]], None] = lambda connection, messages: None
        self.on_drained: Callable[[PeerConnection, int], None] = lambda connection, sent: None
        self.when_closed: Deferred[str] = Deferred()

    def received(self, connection: PeerConnection, messages: list[Message]) -> None:
        self.reads += 1
        self.messages.extend(owned(message) for message in messages)
        self.on_received(connection, messages)

    def drained(self, connection: PeerConnection, sent: int) -> None:
        self.sent.append(sent)
        self.on_drained(connection, sent)

    def read_failed(self, connection: PeerConnection, piece: int, error: Exception) -> None:
        self.failures.append((piece, error))

    def closed(self, connection: PeerConnection, reason: str) -> None:
        self.reasons.append(reason)
        self.when_closed.callback(reason)

    def block_bytes(self) -> bytes:
        return b"".join(
            bytes(view) for message in self.messages if isinstance(message, Blocks) for view in message.views
        )


class Hall:
    """A reception for one torrent: every established connection gets the same owner."""

    def __init__(self, identity: Identity = OURS) -> None:
        self.identity = identity
        self.owner = Owner()
        self.admitting = True
        self.admitted: list[Address] = []
        self.connections: list[PeerConnection] = []
        self.handshakes: list[Handshake] = []
        self.refusals: list[str] = []
        self.on_established: Callable[[PeerConnection], None] = lambda connection: None
        self.when_established: Deferred[PeerConnection] = Deferred()
        self.when_refused: Deferred[str] = Deferred()

    def admit(self, address: Address) -> bool:
        self.admitted.append(address)
        return self.admitting

    def identify(self, info_hash: bytes) -> Identity | None:
        return self.identity if info_hash == self.identity.info_hash else None

    def recognise(self, obfuscated: bytes) -> bytes | None:
        ours = self.identity.info_hash
        return ours if obfuscated == mse.obfuscated(ours) else None

    def established(self, connection: PeerConnection, handshake: Handshake) -> Owner:
        self.connections.append(connection)
        self.handshakes.append(handshake)
        self.on_established(connection)
        self.when_established.callback(connection)
        return self.owner

    def refused(self, connection: PeerConnection, reason: str) -> None:
        self.refusals.append(reason)
        self.when_refused.callback(reason)


def content(piece: int, begin: int, length: int) -> bytes:
    """The bytes of a block, different for each."""
    seed = f"{piece}:{begin};".encode()
    return (seed * (length // len(seed) + 1))[:length]


class Reader:
    """Computed content. `cached` says whether it can be read at once; a piece in `broken` raises its error."""

    def __init__(self) -> None:
        self.cached = True
        self.broken: dict[int, Exception] = {}
        self.runs: list[list[Range]] = []
        self.waiting: list[tuple[Deferred[Bytes], bytes]] = []
        self.on_read: Callable[[], None] = lambda: None

    def read_now(self, ranges: Sequence[Range], into: memoryview) -> bool:
        self.runs.append(list(ranges))
        self.on_read()
        if not self.cached:
            return False
        data = self._read(ranges)
        into[: len(data)] = data
        return True

    def read(self, ranges: Sequence[Range]) -> Deferred[Bytes]:
        later: Deferred[Bytes] = Deferred()
        for piece, _, _ in ranges:
            if piece in self.broken:
                later.errback(self.broken[piece])
                return later
        self.waiting.append((later, self._read(ranges)))
        return later

    def finish_reads(self) -> None:
        waiting, self.waiting = self.waiting, []
        for later, data in waiting:
            later.callback(data)

    def _read(self, ranges: Sequence[Range]) -> bytes:
        for piece, _, _ in ranges:
            if piece in self.broken:
                raise self.broken[piece]
        return b"".join(content(*block) for block in ranges)


def peer(
    clock: Clock,
    hall: Hall,
    identity: Identity | None = None,
    address: Address = SOMEWHERE,
    mode: Mode = "off",
    encrypted: bool = False,
) -> PeerProtocol:
    """A protocol without a transport yet."""
    exchanges = encryption(clock, mode)
    return PeerProtocol(clock, Buffers(4096, 64 * 1024), hall, address, next(_keys), exchanges, identity, encrypted)


def encryption(clock: Any, mode: Mode = "off") -> Exchanges:
    """With the daemon's rule."""
    return Exchanges(Encryption(mode), Random(1), clock)


_keys = count(1)
