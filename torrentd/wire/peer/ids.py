"""The numbers of the peer wire's messages: 4 bytes length, 1 byte id, payload (BEP 3, 5, 6, 10)."""

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
SUGGEST = 13
HAVE_ALL = 14
HAVE_NONE = 15
REJECT = 16
ALLOWED_FAST = 17
EXTENDED = 20

PIECE_HEADER = 13
"""Bytes before a block's data: length, id, piece, begin."""
