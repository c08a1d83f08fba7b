"""Names of torrents and peers."""

from __future__ import annotations

from typing import NewType

InfoHash = NewType("InfoHash", bytes)
"""SHA-1 (20 bytes, v1) or SHA-256 (32 bytes, v2) of the raw bencoded `info` as received."""

PeerId = NewType("PeerId", bytes)
"""The 20 bytes a peer names itself with in the handshake (BEP 20)."""

PeerKey = NewType("PeerKey", int)
"""One connection, numbered by the daemon; never used twice in a run."""


def parse_info_hash(text: str) -> InfoHash:
    """Read 40 or 64 hex digits of either case. ValueError otherwise."""
    if len(text) not in (40, 64) or not text.isascii():
        raise ValueError("an info hash is 40 hex digits (64 for v2)")
    if not set(text) <= _HEX:
        raise ValueError("an info hash is written in hex digits")
    return InfoHash(bytes.fromhex(text))


_HEX = frozenset("0123456789abcdefABCDEF")
