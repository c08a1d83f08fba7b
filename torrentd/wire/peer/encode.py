"""Messages to bytes (BEP 3, 5, 6, 10). Block data never passes here: `block_headers` makes what stands before it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

from torrentd.model.geometry import BLOCK
from torrentd.wire.peer import ids
from torrentd.wire.peer.messages import (
    AllowedFast,
    BitfieldMessage,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
    Port,
    Range,
    Reject,
    Request,
    Suggest,
    Unchoke,
)

_HEAD = struct.Struct(">IB")
_HAVE = struct.Struct(">IBI")
_TRIPLE = struct.Struct(">IBIII")
_PIECE = struct.Struct(">IBII")
_PORT = struct.Struct(">IBH")
_EXTENDED = struct.Struct(">IBB")
_PAIR = struct.Struct(">II")
_HEAD_OF_PIECE = struct.Struct(">IBI")
_BEGIN = struct.Struct(">I")

_TAILS = [_PAIR.pack(block * BLOCK, BLOCK) for block in range(4 * 1024 * 1024 // BLOCK)]
"""How the request of each whole block of a piece ends, for pieces of up to 4 MiB, which most are."""

_BEGINS = [_BEGIN.pack(block * BLOCK) for block in range(16 * 1024 * 1024 // BLOCK)]
"""How the header of each block ends, for pieces of up to 16 MiB, which nearly all are."""


def encode(messages: Iterable[Message]) -> bytes:
    """The messages in order, for one write. TypeError for `Blocks`: their data has its own way to the socket."""
    parts = []
    for message in messages:
        form = _FORMS.get(type(message))
        if form is None:
            raise TypeError(f"{type(message).__name__} is not encoded here")
        parts.append(form(message))
    return b"".join(parts)


def encode_requests(ranges: Iterable[Range]) -> bytes:
    """A `request` for every 16 KiB of every range; the last one of a range may be shorter."""
    return b"".join([_requests(piece, begin, length) for piece, begin, length in ranges])


def _requests(piece: int, begin: int, length: int) -> bytes:
    """The requests of one piece differ in their tails only, which are joined with what stands before each."""
    head = _HEAD_OF_PIECE.pack(13, ids.REQUEST, piece)
    first, last = begin // BLOCK, (begin + length) // BLOCK
    if begin % BLOCK == length % BLOCK == 0 and last <= len(_TAILS):
        return head + head.join(_TAILS[first:last])
    end = begin + length
    return b"".join([head + _PAIR.pack(start, min(BLOCK, end - start)) for start in range(begin, end, BLOCK)])


def block_headers(ranges: Iterable[Range], block: int = BLOCK) -> bytes:
    """The 13 bytes that stand before the data of each `piece` message, one after the other.

    A range is cut into messages of `block` bytes; its last one may be shorter.
    """
    return b"".join([_block_headers(piece, begin, length, block) for piece, begin, length in ranges])


def _block_headers(piece: int, begin: int, length: int, block: int) -> bytes:
    """The headers of one piece differ in their ends only, which are joined with what stands before each."""
    first, last = begin // BLOCK, (begin + length) // BLOCK
    if begin % BLOCK == length % BLOCK == 0 and block == BLOCK and last <= len(_BEGINS):
        head = _HEAD_OF_PIECE.pack(BLOCK + ids.PIECE_HEADER - 4, ids.PIECE, piece)
        return head + head.join(_BEGINS[first:last])
    pack, end = _PIECE.pack, begin + length
    starts = range(begin, end, block)
    return b"".join([pack(min(block, end - at) + ids.PIECE_HEADER - 4, ids.PIECE, piece, at) for at in starts])


def _request(message: Request) -> bytes:
    piece, begin, length = message.piece, message.begin, message.length
    starts = [begin + block * length for block in range(message.count)]
    return b"".join([_TRIPLE.pack(13, ids.REQUEST, piece, at, length) for at in starts])


def _bitfield(message: BitfieldMessage) -> bytes:
    return _HEAD.pack(1 + len(message.bits), ids.BITFIELD) + message.bits


def _extended(message: Extended) -> bytes:
    return _EXTENDED.pack(2 + len(message.payload), ids.EXTENDED, message.id) + message.payload


_FORMS: dict[type, Callable[[Any], bytes]] = {
    KeepAlive: lambda _: b"\0\0\0\0",
    Choke: lambda _: _HEAD.pack(1, ids.CHOKE),
    Unchoke: lambda _: _HEAD.pack(1, ids.UNCHOKE),
    Interested: lambda _: _HEAD.pack(1, ids.INTERESTED),
    NotInterested: lambda _: _HEAD.pack(1, ids.NOT_INTERESTED),
    Have: lambda message: _HAVE.pack(5, ids.HAVE, message.piece),
    BitfieldMessage: _bitfield,
    Request: _request,
    Cancel: lambda message: _TRIPLE.pack(13, ids.CANCEL, message.piece, message.begin, message.length),
    Port: lambda message: _PORT.pack(3, ids.PORT, message.port),
    HaveAll: lambda _: _HEAD.pack(1, ids.HAVE_ALL),
    HaveNone: lambda _: _HEAD.pack(1, ids.HAVE_NONE),
    Suggest: lambda message: _HAVE.pack(5, ids.SUGGEST, message.piece),
    Reject: lambda message: _TRIPLE.pack(13, ids.REJECT, message.piece, message.begin, message.length),
    AllowedFast: lambda message: _HAVE.pack(5, ids.ALLOWED_FAST, message.piece),
    Extended: _extended,
}
