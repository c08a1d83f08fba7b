"""Bytes of one read to messages: the hottest path of a download.

`scan` is handed the read buffer and finds every whole message in it; what is cut off at the end stays for the next
read. Blocks are not copied: a run of consecutive ones leaves as a single `Blocks` with views into the buffer, so that a
read of 64 blocks costs a dozen objects instead of hundreds; a run of consecutive requests leaves as a single `Request`.
The loops over `piece` and `request` messages are written out for that reason; everything else goes through `_control`,
a table of exact lengths.

A message whose declared length its type cannot have is refused as soon as its five first bytes are there: no peer makes
us keep more than the largest message. Unknown ids are skipped (BEP 3's way to stay extensible); that they came is
reported like everything else, for whoever bounds how much senseless talk a peer may do.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from torrentd.model.errors import ProtocolError
from torrentd.model.geometry import BLOCK
from torrentd.wire.peer import ids
from torrentd.wire.peer.messages import (
    AllowedFast,
    BitfieldMessage,
    Blocks,
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
    Reject,
    Request,
    Suggest,
    Unchoke,
    Unknown,
)

MAX_BLOCK = 32 * 1024
"""The largest block of a `piece` message, twice what anybody asks for."""

MAX_PIECES = 2**21
"""What a bitfield may be about where the number of pieces is not known yet: while metadata is fetched."""

MAX_EXTENDED = 128 * 1024
"""The largest payload of an extension message; also what an unknown message may hold to be skipped."""

MAX_EXTENDED_EARLY = 1024 * 1024
"""The same while the number of pieces is not known: a peer whose handshake or exchange is large may be the only one
who has the metadata. What becomes of it has its own, smaller limits (see `bencode.EXTENSION`, `metadata`, `pex`)."""

_HEADER = ids.PIECE_HEADER
_OVERHEAD = _HEADER - 4  # id, piece, begin: what a `piece` message's length counts besides the block
_REQUEST_LENGTH = 13
_REQUEST_SIZE = 4 + _REQUEST_LENGTH
_MAX_PIECE_LENGTH = _OVERHEAD + MAX_BLOCK
_NOWHERE = -1  # no block begins there: the run cannot be continued
_NO_RUN = Blocks(0, _NOWHERE, 0, [])  # stands for the run before the first one; never continued
_NO_REQUEST = Request(0, _NOWHERE, 0)  # the same

_PIECE_HEADER = struct.Struct(">IBII")
_LENGTH = struct.Struct(">I")
_TRIPLE = struct.Struct(">III")
_PORT = struct.Struct(">H")
_REQUEST = struct.Struct(">9sQ")  # what is alike in a run; begin and length as one number
_REQUEST_HEAD = struct.Struct(">IBI")

_BARE: dict[int, Callable[[], Message]] = {
    ids.CHOKE: Choke,
    ids.UNCHOKE: Unchoke,
    ids.INTERESTED: Interested,
    ids.NOT_INTERESTED: NotInterested,
    ids.HAVE_ALL: HaveAll,
    ids.HAVE_NONE: HaveNone,
}

_OF_PIECE: dict[int, Callable[[int], Message]] = {
    ids.HAVE: Have,
    ids.SUGGEST: Suggest,
    ids.ALLOWED_FAST: AllowedFast,
}

_OF_BLOCK: dict[int, Callable[[int, int, int], Message]] = {ids.CANCEL: Cancel, ids.REJECT: Reject}

_UNKNOWN = range(1, 1 + MAX_EXTENDED + 1)

_LENGTHS: dict[int, range] = {
    **dict.fromkeys(_BARE, range(1, 2)),
    **dict.fromkeys(_OF_PIECE, range(5, 6)),
    **dict.fromkeys(_OF_BLOCK, range(13, 14)),
    ids.REQUEST: range(_REQUEST_LENGTH, _REQUEST_LENGTH + 1),
    ids.PIECE: range(_OVERHEAD + 1, _MAX_PIECE_LENGTH + 1),
    ids.PORT: range(3, 4),
    ids.EXTENDED: range(2, 2 + MAX_EXTENDED + 1),
}
"""What the length field of each message may say (the id included); BITFIELD depends on the torrent."""

_LENGTHS_EARLY = {**_LENGTHS, ids.EXTENDED: range(2, 2 + MAX_EXTENDED_EARLY + 1)}
"""The same while the number of pieces is not known."""


class Framing:
    """One connection's incoming messages, after the handshake."""

    __slots__ = ("_lengths", "_longest", "_piece_count")

    def __init__(self, piece_count: int | None) -> None:
        """`piece_count` None: not known yet, see `learn`."""
        self.learn(piece_count)

    def learn(self, piece_count: int | None) -> None:
        """What comes from now on is of a torrent with so many pieces."""
        longest = 1 + ((piece_count or MAX_PIECES) + 7) // 8
        self._piece_count = piece_count or MAX_PIECES
        lengths, shortest = (_LENGTHS, longest) if piece_count else (_LENGTHS_EARLY, 2)
        self._lengths = {**lengths, ids.BITFIELD: range(shortest, longest + 1)}
        self._longest = max(lengths[-1] for lengths in (*self._lengths.values(), _UNKNOWN))

    @staticmethod
    def missing(tail: bytes) -> int:
        """How many bytes the incomplete message lacks with which `tail` begins; its length is there."""
        return 4 + int(_LENGTH.unpack_from(tail)[0]) - len(tail)

    def scan(self, view: memoryview, end: int) -> tuple[list[Message], int]:
        """All whole messages in `view[:end]`, and how many bytes they took.

        The views in `Blocks` are slices of `view`; all else is copied. ProtocolError for what no honest peer sends; the
        messages before it are lost with the peer.
        """
        messages: list[Message] = []
        unpack = _PIECE_HEADER.unpack_from
        position = 0
        run, run_end = _NO_RUN, _NOWHERE
        while position < end:
            if end - position >= _HEADER:
                length, kind, piece, begin = unpack(view, position)
                if kind == ids.PIECE and _OVERHEAD < length <= _MAX_PIECE_LENGTH:
                    after = position + 4 + length
                    if after > end:
                        break
                    size = length - _OVERHEAD
                    if begin == run_end and piece == run.piece:
                        run.length += size
                        run.views.append(view[position + _HEADER : after])
                    else:
                        run = Blocks(piece, begin, size, [view[position + _HEADER : after]])
                        messages.append(run)
                    run_end = begin + BLOCK if size == BLOCK else _NOWHERE
                    position = after
                    continue
                if kind == ids.REQUEST and length == _REQUEST_LENGTH and end - position >= _REQUEST_SIZE:
                    position, run_end = _requests(view, position, end, messages), _NOWHERE
                    continue
            after = self._control(view, position, end, messages)
            if after == position:
                break
            position, run_end = after, _NOWHERE
        return messages, position

    def _control(self, view: memoryview, position: int, end: int, messages: list[Message]) -> int:
        """Read the one message at `position`; where the next begins, or `position` if it is not whole yet."""
        if end - position < 4:
            return position
        length: int = _LENGTH.unpack_from(view, position)[0]
        body = position + 4
        if not length:
            messages.append(KeepAlive())
            return body
        if length > self._longest:
            raise ProtocolError(f"a message of {length} bytes is longer than any")
        if end == body:
            return position
        kind = view[body]
        if length not in self._lengths.get(kind, _UNKNOWN):
            raise ProtocolError(f"a message with id {kind} cannot be {length} bytes long")
        after = body + length
        if after > end:
            return position
        self._read(kind, view[body + 1 : after], messages)
        return after

    def _read(self, kind: int, payload: memoryview, messages: list[Message]) -> None:
        """Append what a whole message of the right length says."""
        if kind in _BARE:
            messages.append(_BARE[kind]())
        elif kind in _OF_PIECE:
            messages.append(_OF_PIECE[kind](self._piece(payload)))
        elif kind in _OF_BLOCK:
            messages.append(_OF_BLOCK[kind](*_TRIPLE.unpack(payload)))
        elif kind == ids.EXTENDED:
            messages.append(Extended(payload[0], bytes(payload[1:])))
        elif kind == ids.BITFIELD:
            messages.append(self._bitfield(payload))
        elif kind == ids.PORT:
            messages.append(Port(*_PORT.unpack(payload)))
        else:
            messages.append(Unknown(len(payload)))

    def _piece(self, payload: memoryview) -> int:
        (piece,) = _LENGTH.unpack(payload)
        if piece >= self._piece_count:
            raise ProtocolError(f"a message about piece {piece}, where there are {self._piece_count}")
        return int(piece)

    def _bitfield(self, payload: memoryview) -> BitfieldMessage:
        if self._piece_count % 8 and payload[-1] & (0xFF >> self._piece_count % 8):
            raise ProtocolError("a spare bit of the bitfield is set")
        return BitfieldMessage(bytes(payload))


def _requests(view: memoryview, position: int, end: int, messages: list[Message]) -> int:
    """Read all whole `request` messages from `position` on that no other message interrupts; where they end.

    Those of a run have the same head, and places that grow by the block's length: two comparisons for each.
    """
    run, shared, following = _NO_REQUEST, b"", _NOWHERE
    for head, place in _REQUEST.iter_unpack(view[position : end - (end - position) % _REQUEST_SIZE]):
        if place == following and head == shared:
            run.count += 1
        else:
            length, kind, piece = _REQUEST_HEAD.unpack(head)
            if kind != ids.REQUEST or length != _REQUEST_LENGTH:
                break
            run = Request(piece, place >> 32, place & 0xFFFFFFFF)
            messages.append(run)
            shared, step = head, run.length << 32
        following = place + step
        position += _REQUEST_SIZE
    return position
