"""The values of the peer wire (BEP 3, 5, 6, 10). `framing` finds them in bytes; `encode` makes bytes of them.

A run of `piece` messages that belong together arrives as *one* `Blocks` (one event per read, not one object per
16 KiB), and a run of requests as *one* `Request`. Views are valid only until the commands of their event have run: the
buffer behind them is reused by the next read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(slots=True)
class Choke:
    pass


@dataclass(slots=True)
class Unchoke:
    pass


@dataclass(slots=True)
class Interested:
    pass


@dataclass(slots=True)
class NotInterested:
    pass


@dataclass(slots=True)
class KeepAlive:
    """Four zero bytes; only sent, never reported."""


@dataclass(slots=True)
class Have:
    piece: int


@dataclass(slots=True)
class BitfieldMessage:
    """`bits` as on the wire; framing checks length and spare bits where the number of pieces is known."""

    bits: bytes


@dataclass(slots=True)
class Request:
    """`count` blocks asked for, of `length` bytes each, which follow each other in the piece.

    Framing checks nothing but the message's size; geometry is the swarm's business.
    """

    piece: int
    begin: int
    length: int
    count: int = 1


@dataclass(slots=True)
class Cancel:
    piece: int
    begin: int
    length: int


@dataclass(slots=True)
class Blocks:
    """Consecutive `piece` messages: `views` follow each other from `begin` without a gap, `length` bytes in all.

    Framing joins a message to the run before it only when that run's views are all exactly 16 KiB.
    """

    piece: int
    begin: int
    length: int
    views: list[memoryview]


@dataclass(slots=True)
class Port:
    """BEP 5: the DHT node's UDP port."""

    port: int


@dataclass(slots=True)
class HaveAll:
    """BEP 6: in place of a bitfield."""


@dataclass(slots=True)
class HaveNone:
    """BEP 6: in place of a bitfield."""


@dataclass(slots=True)
class Suggest:
    """BEP 6: a piece that the sender would like to be asked for."""

    piece: int


@dataclass(slots=True)
class Reject:
    """BEP 6: this request will not be answered with a block."""

    piece: int
    begin: int
    length: int


@dataclass(slots=True)
class AllowedFast:
    """BEP 6: a piece that may be asked for while choked; the sender need not have it."""

    piece: int


@dataclass(slots=True)
class Extended:
    """BEP 10: `id` 0 is the extension handshake. `payload` is an owned copy."""

    id: int
    payload: bytes


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
)
"""`encode` takes all of them but Blocks: block data never passes through it (see net)."""


Range: TypeAlias = tuple[int, int, int]
"""`(piece, begin, length)`: `length` bytes that may span many blocks, from a block boundary on."""
