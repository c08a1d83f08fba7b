"""The little of the peer wire protocol (BEP 3) that a peer in the crowd needs."""

from __future__ import annotations

import struct

BLOCK = 16 * 1024

CHOKE, UNCHOKE, INTERESTED, BITFIELD, REQUEST, PIECE, CANCEL = 0, 1, 2, 5, 6, 7, 8

_START = b"\x13BitTorrent protocol" + bytes(8)
HANDSHAKE = 68
"""Bytes of the whole handshake."""

_HEAD = struct.Struct(">IB")
_PLACE = struct.Struct(">III")
_PIECE_PLACE = struct.Struct(">II")
_REQUEST = struct.Struct(">IBIII")
_PIECE = struct.Struct(">IBII")
PIECE_HEADER = _PIECE.size


def handshake(info_hash: bytes, peer_id: bytes) -> bytes:
    """Without extensions."""
    return _START + info_hash + peer_id


def message(kind: int, payload: bytes = b"") -> bytes:
    """Any message."""
    return _HEAD.pack(1 + len(payload), kind) + payload


def everything(pieces: int) -> bytes:
    """The bitfield of a seed."""
    bits = ((1 << pieces) - 1) << (-pieces % 8)
    return message(BITFIELD, bits.to_bytes((pieces + 7) // 8, "big"))


def request(piece: int, begin: int) -> bytes:
    """For one block."""
    return _REQUEST.pack(_REQUEST.size - 4, REQUEST, piece, begin, BLOCK)


def piece_header(piece: int, begin: int) -> bytes:
    """What goes before a block."""
    return _PIECE.pack(_PIECE.size - 4 + BLOCK, PIECE, piece, begin)


def place(payload: memoryview) -> tuple[int, int, int]:
    """Piece, begin, length of a request or a cancel."""
    piece, begin, length = _PLACE.unpack(payload)
    return piece, begin, length


def piece(payload: memoryview) -> tuple[int, int, memoryview]:
    """Piece, begin, and the block itself."""
    index, begin = _PIECE_PLACE.unpack_from(payload)
    return index, begin, payload[_PIECE_PLACE.size :]


def scan(view: memoryview) -> tuple[list[tuple[int, memoryview]], int]:
    """`(kind, payload)` of every whole message, and how many bytes they are. Keep-alives are skipped."""
    messages = []
    at, end = 0, len(view)
    while end - at >= 4:
        length = int.from_bytes(view[at : at + 4], "big")
        if end - at < 4 + length:
            break
        if length:
            messages.append((view[at + 4], view[at + _HEAD.size : at + 4 + length]))
        at += 4 + length
    return messages, at
