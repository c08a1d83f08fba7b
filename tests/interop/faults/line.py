"""The peer wire as these tests speak it: written again from BEP 3, so that no mistake of ours agrees with itself."""

from __future__ import annotations

import socket
import struct
from typing import Final

CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, HAVE, BITFIELD, REQUEST, PIECE, CANCEL = range(9)

BLOCK: Final = 16 * 1024
PROTOCOL: Final = b"\x13BitTorrent protocol"
READ_BUFFER: Final = 256 * 1024


class Ended(OSError):
    """The other side closed the connection."""


class Line:
    """One connection, message by message. Every method raises OSError when the connection ends."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._in = connection.makefile("rb", READ_BUFFER)

    def shake(self, info_hash: str, peer_id: bytes) -> bytes:
        """Exchange handshakes; the other's peer id."""
        self._socket.sendall(PROTOCOL + bytes(8) + bytes.fromhex(info_hash) + peer_id)
        theirs = self._exactly(68)
        if (theirs[:20], theirs[28:48].hex()) != (PROTOCOL, info_hash):
            raise Ended("not our torrent")
        return theirs[48:]

    def receive(self) -> tuple[int, bytes]:
        """The next message: id and payload. Keep-alives are passed over."""
        while True:
            (length,) = struct.unpack(">I", self._exactly(4))
            if length:
                body = self._exactly(length)
                return body[0], body[1:]

    def send(self, kind: int, *parts: bytes | memoryview) -> None:
        payload = b"".join(parts)
        self._socket.sendall(struct.pack(">IB", len(payload) + 1, kind) + payload)

    def request(self, piece: int, begin: int, length: int) -> None:
        self.send(REQUEST, struct.pack(">III", piece, begin, length))

    def _exactly(self, count: int) -> bytes:
        data = self._in.read(count)
        if len(data) < count:
            raise Ended("the connection ended")
        return data


def numbers(payload: bytes) -> tuple[int, ...]:
    """The big-endian 32-bit integers of a payload."""
    return struct.unpack(f">{len(payload) // 4}I", payload)


def bitfield(pieces: object, count: int) -> bytes:
    """`pieces` as bits, the first one highest."""
    bits = bytearray(-(-count // 8))
    for piece in pieces:  # type: ignore[attr-defined]
        bits[piece >> 3] |= 0x80 >> (piece & 7)
    return bytes(bits)


def pieces_of(bits: bytes) -> set[int]:
    """The pieces that a bitfield names."""
    return {at * 8 + bit for at, byte in enumerate(bits) for bit in range(8) if byte & (0x80 >> bit)}
