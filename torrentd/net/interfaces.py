"""What `net` asks of those above it, what it offers them, and what its own transport asks of a protocol.

The smallest questions that get a peer connected and blocks moved. Nothing here knows what a torrent is. A
connection's life, as its reception and then its owner see it:

    admit (incoming) -> identify (incoming) -> established -> received, drained, read_failed, ... -> closed
                   or refused, when it ends before `established`

Exactly one of `refused` and `closed` ends the life of a connection that was admitted or dialled. None of these ever
runs inside a call that the owner makes into the connection: `close` returns first, `closed` comes later. An exception
out of any of them is our bug, not the peer's: it is logged with its traceback and costs that one connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITransport
from twisted.python.failure import Failure

from torrentd.model.address import Address
from torrentd.wire.peer.handshake import Handshake
from torrentd.wire.peer.messages import Message, Range

Bytes: TypeAlias = bytes | bytearray | memoryview


class Identity(Struct, frozen=True):
    """Who we are in one torrent: what our handshake says, and how many pieces its bitfields have."""

    info_hash: bytes
    """20 bytes, as on the wire (a v2 hash is truncated)"""
    peer_id: bytes
    piece_count: int | None
    """None while the metadata is fetched"""
    reserved: bytes


class BlockReader(Protocol):
    """Where the blocks we upload come from."""

    def read_now(self, ranges: Sequence[Range], into: memoryview) -> bool:
        """Fill `into` with the ranges back to back, without waiting. False: not possible now, use `read`."""

    def read(self, ranges: Sequence[Range]) -> Deferred[bytearray]:
        """The ranges back to back, read in a worker. Errback: StorageError."""


class PeerConnection(Protocol):
    """A connection to a peer, for its owner. After `close` (or the peer's going) every call is harmless and does
    nothing."""

    key: int
    address: Address
    """where it comes from, or was dialled"""
    incoming: bool
    bytes_in: int
    """bytes read, all of them"""
    encryption: str
    """none, handshake (an obfuscated exchange, then plain text) or rc4"""
    declined: bool
    """we began to encrypt, and the peer did not take part: it may take a plain connection"""

    @property
    def bytes_out(self) -> int:
        """Bytes handed to the transport, all of them."""

    @property
    def identity(self) -> Identity | None:
        """Known from the start if we dialled, else from the peer's info hash on."""

    def send(self, data: bytes) -> None:
        """Queue encoded control messages; they leave at `flush`, in one write."""

    def flush(self) -> None: ...

    def serve(self, ranges: Sequence[Range], block: int, reader: BlockReader, pace: float | None = None) -> None:
        """Send these as `piece` messages, each range cut into blocks of `block` bytes, at most 32 KiB, and if the
        transport can, at `pace` bytes per second. One serve at a time; ends with `drained` or `read_failed`."""

    def pace_reading(self, pace: float | None) -> None:
        """Read so many bytes per second at most from now on, if the transport can; None: as they come."""

    def hand_over(self, owner: PeerOwner, piece_count: int) -> None:
        """Report to another owner from now on; the torrent has so many pieces. Only after `established`."""

    def learn(self, piece_count: int) -> None:
        """The torrent has so many pieces, which was not known when the connection was made."""

    def pause_reading(self, why: str = ...) -> None:
        """Do not read from the peer until every reason given is resumed."""

    def resume_reading(self, why: str = ...) -> None: ...

    def close(self, reason: str) -> None:
        """End it at once; what is queued is dropped. `closed` (or `refused`) follows with this reason."""


class PeerOwner(Protocol):
    """What a connection reports to, once both handshakes are done."""

    def received(self, connection: PeerConnection, messages: list[Message]) -> None:
        """All messages of one read. Views in them are valid during this call only."""

    def drained(self, connection: PeerConnection, sent: int) -> None:
        """The last serve is out; `sent`: block bytes (without headers) since the last `drained`."""

    def read_failed(self, connection: PeerConnection, piece: int, error: Exception) -> None:
        """The last serve ended early: this piece could not be read."""

    def closed(self, connection: PeerConnection, reason: str) -> None: ...


class Reception(Protocol):
    """Who decides about connections that are not established yet."""

    def admit(self, address: Address) -> bool:
        """Whether a new incoming connection may stay. If so it holds a place until `established` or `refused`."""

    def identify(self, info_hash: bytes) -> Identity | None:
        """Who we are in the torrent that an incoming peer names; None: not ours, or not running."""

    def recognise(self, obfuscated: bytes) -> bytes | None:
        """The info hash of a torrent of ours by its name in an encrypted exchange (see wire.peer.mse); None: not
        here."""

    def established(self, connection: PeerConnection, handshake: Handshake) -> PeerOwner:
        """Both handshakes are done. The owner is told `closed` later, also when it closes the connection in here."""

    def refused(self, connection: PeerConnection, reason: str) -> None:
        """It ended before `established`: the connect failed, or the handshake."""


class Receiver(Protocol):
    """A protocol that our own transport carries (see transport.py): it is lent the bytes of a read and copies what it
    must keep."""

    tail: bytes
    """what the last read left over; the next one is put behind it"""

    def makeConnection(self, transport: ITransport) -> None: ...

    def dataInto(self, view: memoryview, end: int) -> None:
        """`view[:end]` holds `tail` and, behind it, what was just read. The buffer is reused after this call."""

    def connectionLost(self, reason: Failure) -> None: ...
