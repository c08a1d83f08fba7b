"""Scripted peers: one that seeds at a rate, one that lies, one that is silent, one that fetches, one that hoards."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Self

from tests.interop.faults import line as wire
from tests.interop.faults.content import Computed
from tests.interop.faults.line import BLOCK, Line
from tests.interop.faults.server import Server

PIPELINE = 64
"""Requests that a fetching peer has on their way."""
PATIENCE = 30.0
"""Seconds that a fetching peer waits for the next message."""


class Pace:
    """Bytes per second of all connections of a peer together."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free_at = time.monotonic()
        self._lock = threading.Lock()

    def wait(self, count: int) -> None:
        """Until so many bytes may be sent."""
        with self._lock:
            start = max(self._free_at, time.monotonic())
            self._free_at = start + count / self._rate
        time.sleep(max(0.0, start - time.monotonic()))


class Seeder(Server):
    """Has `pieces` (None: all of them), unchokes everybody, serves at `rate` bytes per second, and counts."""

    def __init__(
        self,
        content: Computed,
        host: str = "127.0.0.1",
        rate: float = float("inf"),
        pieces: Collection[int] | None = None,
        peer_id: bytes = b"-XX0001-scriptedseed",
    ) -> None:
        self.content = content
        self.peer_id = peer_id
        self.pieces = range(content.piece_count) if pieces is None else pieces
        self.sent = 0
        """payload bytes"""
        self.served: Counter[int] = Counter()
        """piece -> payload bytes"""
        self._pace = Pace(rate)
        self._counting = threading.Lock()
        self._info_hash = content.torrent().info_hash
        super().__init__(host)

    def converse(self, connection: socket.socket) -> None:
        line = Line(connection)
        line.shake(self._info_hash, self.peer_id)
        line.send(wire.BITFIELD, wire.bitfield(self.pieces, self.content.piece_count))
        line.send(wire.UNCHOKE)
        while True:
            kind, payload = line.receive()
            if kind == wire.REQUEST:
                self._serve(line, *wire.numbers(payload))

    def _serve(self, line: Line, piece: int, begin: int, length: int) -> None:
        assert piece in self.pieces, "asked for a piece that was not offered"
        self._pace.wait(length)
        line.send(wire.PIECE, piece.to_bytes(4, "big"), begin.to_bytes(4, "big"), self.block(piece, begin, length))
        with self._counting:
            self.sent += length
            self.served[piece] += length

    def block(self, piece: int, begin: int, length: int) -> bytes | memoryview:
        return self.content.block(piece, begin, length)


class Corrupter(Seeder):
    """Lies in the first byte of every block."""

    def block(self, piece: int, begin: int, length: int) -> bytes:
        right = self.content.block(piece, begin, length)
        return bytes([right[0] ^ 0xFF]) + right[1:].tobytes()


class Silent(Server):
    """Shakes hands and never says a word; reads what comes."""

    def __init__(self, content: Computed, host: str = "127.0.0.1", peer_id: bytes = b"-XX0001-scriptedhush") -> None:
        self._info_hash = content.torrent().info_hash
        self._peer_id = peer_id
        super().__init__(host)

    def converse(self, connection: socket.socket) -> None:
        line = Line(connection)
        line.shake(self._info_hash, self._peer_id)
        while True:
            line.receive()


class Caller:
    """A peer that dials `address` from `host`, and is interested."""

    def __init__(
        self,
        content: Computed,
        address: str,
        host: str = "127.0.0.1",
        peer_id: bytes | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.content = content
        target, _, port = address.rpartition(":")
        self.socket = socket.create_connection((target, int(port)), patience, (host, 0))
        self.line = Line(self.socket)
        own = f"-XX0001-{host}".encode().ljust(20, b"-")[:20]
        self.line.shake(content.torrent().info_hash, peer_id or own)
        self.line.send(wire.INTERESTED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def until_unchoked(self) -> set[int]:
        """Wait for it; the pieces it was told of until then."""
        has: set[int] = set()
        while True:
            kind, payload = self.line.receive()
            if kind == wire.UNCHOKE:
                return has
            if kind == wire.BITFIELD:
                has = wire.pieces_of(payload)
            elif kind == wire.HAVE:
                has.update(wire.numbers(payload))


class Leecher(Caller):
    """Fetches what it is told to, verifies every byte, and counts."""

    received = 0
    """payload bytes"""

    def fetch(self, pieces: Iterable[int]) -> None:
        """Every block of these pieces; fails on a wrong byte."""
        self.until_unchoked()
        wanted = [
            (piece, begin, min(BLOCK, self.content.piece_length(piece) - begin))
            for piece in pieces
            for begin in range(0, self.content.piece_length(piece), BLOCK)
        ]
        asked = 0
        owed: dict[tuple[int, int], int] = {}
        for answered in range(len(wanted)):
            for piece, begin, length in wanted[asked : answered + PIPELINE]:
                owed[piece, begin] = length
                self.line.request(piece, begin, length)
            asked = answered + PIPELINE
            self._take_one(owed)

    def _take_one(self, owed: dict[tuple[int, int], int]) -> None:
        """Wait for a block. A choke takes back what was asked for: it is asked for again."""
        kind, payload = self.line.receive()
        while kind != wire.PIECE:
            if kind == wire.UNCHOKE:
                for (piece, begin), length in owed.items():
                    self.line.request(piece, begin, length)
            kind, payload = self.line.receive()
        piece, begin = wire.numbers(payload[:8])
        data = payload[8:]
        owed.pop((piece, begin), None)
        assert data == self.content.block(piece, begin, len(data)), f"piece {piece} at {begin} is wrong"
        self.received += len(data)


class Hoarder(Caller):
    """Asks for as much as a peer may and reads nothing of it."""

    def ask(self, count: int) -> None:
        """`count` requests, from the first piece on, once unchoked."""
        self.until_unchoked()
        blocks = self.content.piece_size // BLOCK
        for number in range(count):
            self.line.request(number // blocks % self.content.piece_count, number % blocks * BLOCK, BLOCK)
