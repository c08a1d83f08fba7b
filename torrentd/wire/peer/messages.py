"""The values of the peer wire (BEP 3, 5, 6, 10). `framing` finds them in bytes; `encode` makes bytes of them.

A run of `piece` messages that belong together arrives as *one* `Blocks` (one event per read, not one object per
16 KiB), and a run of requests as *one* `Request`. Views are valid only until the commands of their event have run: the
buffer behind them is reused by the next read.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class Choke(Struct):
    pass


class Unchoke(Struct):
    pass


class Interested(Struct):
    pass


class NotInterested(Struct):
    pass


class KeepAlive(Struct):
    """Four zero bytes."""


class Have(Struct):
    piece: int


class BitfieldMessage(Struct):
    """`bits` as on the wire; framing checks length and spare bits where the number of pieces is known."""

    bits: bytes


class Request(Struct):
    """`count` blocks asked for, of `length` bytes each, which follow each other in the piece.

    Framing checks nothing but the message's size; geometry is the swarm's business.
    """

    piece: int
    begin: int
    length: int
    count: int = 1


class Cancel(Struct):
    piece: int
    begin: int
    length: int


class Blocks(Struct):
    """Consecutive `piece` messages: `views` follow each other from `begin` without a gap, `length` bytes in all.

    Framing joins a message to the run before it only when that run's views are all exactly 16 KiB.
    """

    piece: int
    begin: int
    length: int
    views: list[memoryview]


class Port(Struct):
    """BEP 5: the DHT node's UDP port."""

    port: int


class HaveAll(Struct):
    """BEP 6: in place of a bitfield."""


class HaveNone(Struct):
    """BEP 6: in place of a bitfield."""


class Suggest(Struct):
    """BEP 6: a piece that the sender would like to be asked for."""

    piece: int


class Reject(Struct):
    """BEP 6: this request will not be answered with a block."""

    piece: int
    begin: int
    length: int


class AllowedFast(Struct):
    """BEP 6: a piece that may be asked for while choked; the sender need not have it."""

    piece: int


class Extended(Struct):
    """BEP 10: `id` 0 is the extension handshake. `payload` is an owned copy."""

    id: int
    payload: bytes


class Unknown(Struct):
    """A message of `length` bytes with an id that says nothing to us; never sent."""

    length: int


Message: TypeAlias = (
    Choke
    | Unchoke
    | Interested
    | NotInterested
    | KeepAlive
    | Have
    | BitfieldMessage
    | Request
    | Cancel
    | Blocks
    | Port
    | HaveAll
    | HaveNone
    | Suggest
    | Reject
    | AllowedFast
    | Extended
    | Unknown
)
"""`encode` takes all of them but Unknown and Blocks: block data never passes through it (see net)."""


Range: TypeAlias = tuple[int, int, int]
"""`(piece, begin, length)`: `length` bytes that may span many blocks, from a block boundary on."""
