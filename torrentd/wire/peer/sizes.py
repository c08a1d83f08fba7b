"""How many bytes messages take on the wire, block data aside: what the protocol costs besides what it carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torrentd.wire.peer.ids import PIECE_HEADER
from torrentd.wire.peer.messages import (
    AllowedFast,
    BitfieldMessage,
    Blocks,
    Cancel,
    Extended,
    Have,
    KeepAlive,
    Message,
    Port,
    Reject,
    Request,
    Suggest,
    Unknown,
)

REQUEST = 17
"""Bytes of one `request`; a `cancel` and a `reject` (BEP 6) have as many."""

SHORT = 5
"""Bytes of a message that says nothing but its name."""


def overhead(messages: Iterable[Message]) -> int:
    """Bytes on the wire, without the data of blocks."""
    return sum(_SIZES[type(message)](message) if type(message) in _SIZES else SHORT for message in messages)


_SIZES: dict[type, Callable[[Any], int]] = {
    KeepAlive: lambda _: 4,
    Have: lambda _: 9,
    BitfieldMessage: lambda message: SHORT + len(message.bits),
    Request: lambda message: REQUEST * message.count,
    Cancel: lambda _: REQUEST,
    Blocks: lambda message: PIECE_HEADER * len(message.views),
    Port: lambda _: 7,
    Suggest: lambda _: 9,
    Reject: lambda _: REQUEST,
    AllowedFast: lambda _: 9,
    Extended: lambda message: SHORT + 1 + len(message.payload),
    Unknown: lambda message: SHORT + message.length,
}
