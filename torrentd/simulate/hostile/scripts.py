"""What strangers do to those who trust them."""

from __future__ import annotations

from collections import deque
from random import Random

from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import BLOCK
from torrentd.simulate.disks.content import fill
from torrentd.simulate.hostile.stranger import Line
from torrentd.simulate.reactor import Reactor
from torrentd.wire.peer.encode import block_headers
from torrentd.wire.peer.messages import (
    AllowedFast,
    BitfieldMessage,
    Blocks,
    Choke,
    HaveNone,
    Interested,
    Message,
    NotInterested,
    Range,
    Reject,
    Request,
    Suggest,
    Unchoke,
)

FAST = bytes([0, 0, 0, 0, 0, 0, 0, 4])
"""Reserved bytes of those who speak the fast extension (BEP 6), as `Refusing`, `Stuck` and `Begging` must."""


class Stalling:
    """Has everything, says so, lets everybody ask, and never sends a block."""

    def greet(self, line: Line) -> None:
        line.send(BitfieldMessage(Bitfield.full(line.torrent.geometry.piece_count).to_bytes()))

    def said(self, line: Line, message: Message) -> None:
        if isinstance(message, Interested):
            line.send(Unchoke())


class Selfish(Stalling):
    """Has everything, says so, and lets nobody ask."""

    def said(self, line: Line, message: Message) -> None:
        pass


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


class Moody(Corrupting):
    """Sends what it is asked for, all of it right; now and then it chokes instead, until it hears something else."""

    def __init__(self, rng: Random, share: float = 0.2) -> None:
        super().__init__(rng, 0.0)
        self._often = share
        self._chokes = False

    def said(self, line: Line, message: Message) -> None:
        asked = isinstance(message, Request)
        if self._chokes and not asked:
            self._chokes = False
            line.send(Unchoke())
        elif asked and not self._chokes and self._rng.random() < self._often:
            self._chokes = True
            line.send(Choke())
        if not self._chokes:
            super().said(line, message)


class Lumpy(Stalling):
    """Sends what it is asked for in lumps of half a second at `rate` bytes a second: from all queues in turn, in the
    order of asking, whatever was cancelled meanwhile. So does libtorrent with a limit and large buffers."""

    LUMP = 0.5
    """Seconds from one to the next."""

    def __init__(self, reactor: Reactor, rate: float) -> None:
        self.sent = 0
        self._reactor = reactor
        self._lump = rate * self.LUMP
        self._may_send = 0.0
        self._queues: dict[Line, deque[Range]] = {}
        self._next_lump()

    def greet(self, line: Line) -> None:
        super().greet(line)
        self._queues[line] = deque()

    def said(self, line: Line, message: Message) -> None:
        super().said(line, message)
        if isinstance(message, Request):
            begins = (message.begin + block * message.length for block in range(message.count))
            self._queues[line].extend((message.piece, begin, message.length) for begin in begins)
            self._reactor.callLater(0, self._serve)

    def _next_lump(self) -> None:
        self._may_send = min(self._may_send + self._lump, 1.5 * self._lump)
        self._serve()
        self._reactor.callLater(self.LUMP, self._next_lump)

    def _serve(self) -> None:
        while self._may_send >= BLOCK and any(self._queues.values()):
            for line, queue in self._queues.items():
                if queue and self._may_send >= BLOCK:
                    wanted = queue.popleft()
                    data = bytearray(wanted[2])
                    fill(line.torrent.metainfo.hashes, [wanted], memoryview(data), frozenset())
                    line.transport.write(block_headers([wanted]) + bytes(data))
                    self._may_send -= wanted[2]
                    self.sent += wanted[2]


class Refusing(Stalling):
    """Lets everybody ask, allows every piece, and rejects what it is asked for."""

    def __init__(self) -> None:
        self.rejected = 0

    def said(self, line: Line, message: Message) -> None:
        super().said(line, message)
        if isinstance(message, Interested):
            line.send(*map(AllowedFast, range(10)))
        elif isinstance(message, Request):
            self.rejected += message.count
            blocks = (message.begin + block * message.length for block in range(message.count))
            line.send(*[Reject(message.piece, begin, message.length) for begin in blocks])


class Stuck:
    """Wants the same pieces of a seed for ever, whatever it is sent, and notes which others it is told to ask for."""

    def __init__(self, pieces: range) -> None:
        self.suggested: dict[int, None] = {}
        self._pieces = pieces

    def greet(self, line: Line) -> None:
        line.send(HaveNone(), Interested())

    def said(self, line: Line, message: Message) -> None:
        if isinstance(message, Suggest):
            self.suggested[message.piece] = None
        if isinstance(message, Unchoke | Blocks | Reject):
            line.send(*[Request(piece, 0, BLOCK) for piece in self._pieces])


class Begging:
    """Asks for what it is allowed while it is choked, again and again, and says that it still has nothing."""

    def __init__(self) -> None:
        self.got = 0

    def greet(self, line: Line) -> None:
        line.send(HaveNone(), Interested())

    def said(self, line: Line, message: Message) -> None:
        if isinstance(message, Blocks):
            self.got += message.length
        if isinstance(message, AllowedFast | Blocks | Reject):
            geometry = line.torrent.geometry
            blocks = range(geometry.block_count(message.piece))
            sizes = ((block * BLOCK, geometry.block_length(message.piece, block)) for block in blocks)
            line.send(*[Request(message.piece, begin, size) for begin, size in sizes])


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
