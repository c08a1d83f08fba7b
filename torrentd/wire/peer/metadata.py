"""The messages of `ut_metadata` (BEP 9): a bencoded dictionary, and in a data message the piece right behind it.

What is asked for and given are pieces of the info dictionary's bytes, 16 KiB each, the last one perhaps shorter.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from torrentd.model.errors import ProtocolError
from torrentd.wire import bencode
from torrentd.wire.bencode import Value
from torrentd.wire.peer.extensions import dictionary

NAME = b"ut_metadata"

PIECE = 16 * 1024
"""Bytes of a piece."""

MAX_SIZE = 32 * 1024**2
"""Bytes of metadata that are fetched: what a .torrent file may have."""

MAX_MESSAGE = 17 * 1024
"""Bytes of a message's payload: a piece, and far more than its dictionary needs."""

_REQUEST, _DATA, _REJECT = 0, 1, 2
_MAX_PIECES = MAX_SIZE // PIECE


class Request(Struct, frozen=True):
    piece: int


class Data(Struct, frozen=True):
    piece: int
    size: int
    """of all the metadata, as the sender claims"""
    data: bytes


class Reject(Struct, frozen=True):
    piece: int


Message: TypeAlias = Request | Data | Reject


def parse(payload: bytes) -> Message | None:
    """Read a message; None for a kind that is not known, which the BEP wants ignored. ProtocolError: it is none."""
    said, end = dictionary("ut_metadata", payload, MAX_MESSAGE)
    kind = said.get(b"msg_type")
    if kind not in (_REQUEST, _DATA, _REJECT):
        return None
    piece = _number(said, b"piece", 0, _MAX_PIECES - 1)
    if kind == _DATA:
        return Data(piece, _number(said, b"total_size", 1, MAX_SIZE), payload[end:])
    return Request(piece) if kind == _REQUEST else Reject(piece)


def encode(message: Message) -> bytes:
    """The payload of the extension message."""
    if isinstance(message, Data):
        said = {b"msg_type": _DATA, b"piece": message.piece, b"total_size": message.size}
        return bencode.encode(said) + message.data
    kind = _REQUEST if isinstance(message, Request) else _REJECT
    return bencode.encode({b"msg_type": kind, b"piece": message.piece})


def piece_count(size: int) -> int:
    """Pieces of metadata of `size` bytes."""
    return -(-size // PIECE)


def piece_length(size: int, piece: int) -> int:
    """Bytes of a piece of metadata of `size` bytes."""
    return min(PIECE, size - piece * PIECE)


def _number(said: dict[bytes, Value], key: bytes, least: int, most: int) -> int:
    value = said.get(key)
    if not isinstance(value, int) or not least <= value <= most:
        raise ProtocolError(f"ut_metadata: {key.decode()} is missing, or cannot be")
    return value
