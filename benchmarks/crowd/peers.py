"""The peers of the crowd. Each has a socket, a turn every so often, and one block for each turn.

A seed sends blocks that were asked for, one a turn. A leech asks for one a turn, of one piece after the other. Who
could not use its turn has a few of them later, as a token bucket has it, so that a moment's delay of the measured
client does not count against it.
"""

from __future__ import annotations

import socket
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from benchmarks.crowd import wire
from benchmarks.crowd.pace import Allowance
from benchmarks.crowd.wire import BLOCK

BURST = 4
"""Blocks that may be made up for: a sixth of a second at 0.4 MB/s."""

OWED = 8
"""Blocks a leech has asked for and not received, at most: so many are under way when an answer takes 0.3 s."""


@dataclass(frozen=True, slots=True)
class Torrent:
    """What a peer needs to know of one."""

    info_hash: bytes
    pieces: int
    piece_size: int
    content: memoryview
    """all of it, or one piece if they are all alike"""

    def block(self, piece: int, begin: int) -> memoryview:
        """One block of the content."""
        start = (piece * self.piece_size + begin) % len(self.content)
        return self.content[start : start + BLOCK]


@dataclass(slots=True)
class Counts:
    """What all peers together sent and received: bytes of blocks."""

    sent: int = 0
    received: int = 0
    wrong: int = 0
    """received blocks that are not what is in their places"""


class Peer(Protocol):
    """What the loop needs."""

    socket: socket.socket

    def turn(self) -> None:
        """Its time has come."""

    def read(self, buffer: memoryview) -> bool:
        """Take what arrived, by way of a buffer that all share; False if the other side has gone."""


class _Connected:
    """Reads whole messages, behind the handshake."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._tail = b""
        self._introduced = False

    def read(self, buffer: memoryview) -> bool:
        kept = len(self._tail)
        buffer[:kept] = self._tail
        try:
            count = self.socket.recv_into(buffer[kept:])
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        view = buffer[: kept + count]
        if not self._introduced:
            self._introduced = len(view) >= wire.HANDSHAKE
            view = view[wire.HANDSHAKE :] if self._introduced else view
        if self._introduced:
            messages, used = wire.scan(view)
            for kind, payload in messages:
                self._take(kind, payload)
            view = view[used:]
        self._tail = bytes(view)
        return count > 0

    def _take(self, kind: int, payload: memoryview) -> None:
        raise NotImplementedError


class Seed(_Connected):
    """Has everything, serves one block a turn."""

    def __init__(self, connection: socket.socket, torrent: Torrent, counts: Counts, peer_id: bytes) -> None:
        super().__init__(connection)
        self._torrent = torrent
        self._counts = counts
        self._asked: deque[tuple[int, int]] = deque()
        self._unsent = memoryview(b"")
        self._allowance = Allowance(BURST)
        connection.sendall(
            wire.handshake(torrent.info_hash, peer_id) + wire.everything(torrent.pieces) + wire.message(wire.UNCHOKE)
        )

    def turn(self) -> None:
        self._allowance.turn()
        self._send()

    def _take(self, kind: int, payload: memoryview) -> None:
        if kind == wire.REQUEST:
            piece, begin, _ = wire.place(payload)
            self._asked.append((piece, begin))
            self._send()
        elif kind == wire.CANCEL:
            piece, begin, _ = wire.place(payload)
            self._asked = deque(asked for asked in self._asked if asked != (piece, begin))

    def _send(self) -> None:
        try:
            while not self._unsent and self._asked and self._allowance.left:
                self._send_block(*self._asked.popleft())
            if self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except (BlockingIOError, ConnectionError):
            return  # the next turn tries again, or a read finds that the other side has gone

    def _send_block(self, piece: int, begin: int) -> None:
        self._allowance.left -= 1
        self._counts.sent += BLOCK
        header, block = wire.piece_header(piece, begin), self._torrent.block(piece, begin)
        sent = self.socket.sendmsg((header, block))
        if sent < len(header) + len(block):
            self._unsent = memoryview(header + bytes(block))[sent:]


class Leech(_Connected):
    """Has nothing, asks for one block a turn, from `first` on and round and round."""

    def __init__(self, connection: socket.socket, torrent: Torrent, counts: Counts, peer_id: bytes, first: int) -> None:
        super().__init__(connection)
        self._torrent = torrent
        self._counts = counts
        self._piece, self._begin = first, 0
        self._owed: set[tuple[int, int]] = set()
        self._choked = True
        self._allowance = Allowance(BURST)
        connection.sendall(wire.handshake(torrent.info_hash, peer_id) + wire.message(wire.INTERESTED))

    def turn(self) -> None:
        self._allowance.turn()
        self._ask()

    def _take(self, kind: int, payload: memoryview) -> None:
        if kind == wire.PIECE:
            self._received(*wire.piece(payload))
        elif kind in (wire.CHOKE, wire.UNCHOKE):
            self._choked = kind == wire.CHOKE
            self._owed.clear()

    def _received(self, piece: int, begin: int, block: memoryview) -> None:
        """In whatever order: a disk of several threads answers in its own. What is owed no more, since there was a
        choke, is right or wrong as well, but counts for nothing."""
        if bytes(block) != bytes(self._torrent.block(piece, begin)):
            self._counts.wrong += 1
        if (piece, begin) in self._owed:
            self._owed.discard((piece, begin))
            self._counts.received += len(block)
        self._ask()

    def _ask(self) -> None:
        """As much as the allowance has, in one write."""
        requests = []
        while not self._choked and self._allowance.left and len(self._owed) < OWED:
            self._allowance.left -= 1
            self._owed.add((self._piece, self._begin))
            requests.append(wire.request(self._piece, self._begin))
            self._next()
        if requests:
            try:
                self.socket.sendall(b"".join(requests))  # a socket that answers has room for so little
            except ConnectionError:
                return

    def _next(self) -> None:
        self._begin += BLOCK
        if self._begin >= self._torrent.piece_size:
            self._begin = 0
            self._piece = (self._piece + 1) % self._torrent.pieces
