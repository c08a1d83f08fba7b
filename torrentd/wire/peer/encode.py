"""Messages to bytes (BEP 3, 5, 10). Block data never passes here: `block_headers` makes what stands before it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

from torrentd.model.geometry import BLOCK
from torrentd.wire.peer import ids
from torrentd.wire.peer.messages import (
    BitfieldMessage,
    Cancel,
    Choke,
    Extended,
    Have,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
    Port,
    Range,
    Request,
    Unchoke,
)

_HEAD = struct.Struct(">IB")
_HAVE = struct.Struct(">IBI")
_TRIPLE = struct.Struct(">IBIII")
_PIECE = struct.Struct(">IBII")
_PORT = struct.Struct(">IBH")
_EXTENDED = struct.Struct(">IBB")
_PAIR = struct.Struct(">II")
_REQUEST_HEAD = struct.Struct(">IBI")

_TAILS = [_PAIR.pack(block * BLOCK, BLOCK) for block in range(4 * 1024 * 1024 // BLOCK)]
"""How the request of each whole block of a piece ends, for pieces of up to 4 MiB, which most are."""


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
    head = _REQUEST_HEAD.pack(13, ids.REQUEST, piece)
    first, last = begin // BLOCK, (begin + length) // BLOCK
    if begin % BLOCK == length % BLOCK == 0 and last <= len(_TAILS):
        return head + head.join(_TAILS[first:last])
    end = begin + length
    return b"".join([head + _PAIR.pack(start, min(BLOCK, end - start)) for start in range(begin, end, BLOCK)])


def block_headers(ranges: Iterable[Range]) -> list[bytes]:
    """The 13 bytes that stand before the data of each range; a range is one `piece` message."""
    pack = _PIECE.pack
    return [pack(length + ids.PIECE_HEADER - 4, ids.PIECE, piece, begin) for piece, begin, length in ranges]


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
    Request: lambda message: _TRIPLE.pack(13, ids.REQUEST, message.piece, message.begin, message.length),
    Cancel: lambda message: _TRIPLE.pack(13, ids.CANCEL, message.piece, message.begin, message.length),
    Port: lambda message: _PORT.pack(3, ids.PORT, message.port),
    Extended: _extended,
}
