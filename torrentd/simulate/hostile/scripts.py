"""What strangers do to those who trust them."""

from __future__ import annotations

from random import Random

from torrentd.model.bitfield import Bitfield
from torrentd.simulate.disks.content import fill
from torrentd.simulate.hostile.stranger import Line
from torrentd.wire.peer.encode import block_headers
from torrentd.wire.peer.messages import (
    BitfieldMessage,
    Choke,
    Interested,
    Message,
    NotInterested,
    Range,
    Request,
    Unchoke,
)


class Stalling:
    """Has everything, says so, lets everybody ask, and never sends a block."""

    def greet(self, line: Line) -> None:
        line.send(BitfieldMessage(Bitfield.full(line.torrent.geometry.piece_count).to_bytes()))

    def said(self, line: Line, message: Message) -> None:
        if isinstance(message, Interested):
            line.send(Unchoke())


class Corrupting(Stalling):
    """Sends what it is asked for; `share` of the blocks are wrong."""

    def __init__(self, rng: Random, share: float) -> None:
        self.lies = 0
        self._rng = rng
        self._share = share

    def said(self, line: Line, message: Message) -> None:
        super().said(line, message)
        if isinstance(message, Request):
            for block in range(message.count):
                self._answer(line, (message.piece, message.begin + block * message.length, message.length))

    def _answer(self, line: Line, wanted: Range) -> None:
        lie = self._rng.random() < self._share
        self.lies += lie
        data = bytearray(wanted[2])
        hashes = line.torrent.metainfo.hashes
        fill(hashes, [wanted], memoryview(data), frozenset([wanted[0]] if lie else []))
        line.transport.write(block_headers([wanted]) + bytes(data))


class Flapping(Stalling):
    """Chokes as soon as it is asked, and lets ask again a moment later, for ever."""

    def said(self, line: Line, message: Message) -> None:
        super().said(line, message)
        if isinstance(message, Request):
            line.send(Choke(), Unchoke())


class Fickle:
    """Is interested, and then not, for each piece that it is told of. Has nothing, wants nothing."""

    def greet(self, line: Line) -> None:
        line.send(Interested(), NotInterested())

    def said(self, line: Line, message: Message) -> None:
        line.send(Interested(), NotInterested())


class Nonsense:
    """Sends bytes by luck once it was let in."""

    def __init__(self, rng: Random, size: int = 4096) -> None:
        self._rng = rng
        self._size = size

    def greet(self, line: Line) -> None:
        line.transport.write(self._rng.randbytes(self._size))

    def said(self, line: Line, message: Message) -> None:
        """Says no more."""


class Mute:
    """Shakes hands, and that was it."""

    def greet(self, line: Line) -> None:
        """Says nothing."""

    def said(self, line: Line, message: Message) -> None:
        """Does not listen."""
