"""The numbers of the peer wire's messages: 4 bytes length, 1 byte id, payload (BEP 3, 5, 10)."""

from __future__ import annotations

CHOKE = 0
UNCHOKE = 1
INTERESTED = 2
NOT_INTERESTED = 3
HAVE = 4
BITFIELD = 5
REQUEST = 6
PIECE = 7
CANCEL = 8
PORT = 9
EXTENDED = 20

PIECE_HEADER = 13
"""Bytes before a block's data: length, id, piece, begin."""
