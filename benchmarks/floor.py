"""What plain CPython can reach: the inner loops of a leech and of a seed, without a protocol.

Only what every implementation must do for each block: receive, find the header, hash and write the piece; read and send
with a header. No state, no Twisted, blocking sockets. The CPU that torrentd needs beyond this is what it costs to be a
BitTorrent client in Python, and the most that could still be gained.
"""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loopback import Stream, draining, feeding
from benchmarks.sizes import GIB, KIB, MIB

BLOCK = 16 * KIB
BLOCKS = 16
"""of a piece of 256 KiB"""
BATCH = 32
"""Blocks that are read and sent at once."""
SENT = 64
"""Blocks that the other side sends at once."""

_HEADER = struct.Struct(">IBII")
_PIECE = 7  # the message's id
_WIRE = _HEADER.size + BLOCK
_WIRE_PIECE = BLOCKS * _WIRE


@dataclass(frozen=True, slots=True)
class Loop:
    """Bytes per second and CPU seconds per GiB of payload."""

    rate: float
    cpu_per_gib: float


@dataclass(frozen=True, slots=True)
class Floor:
    """The loops of a leech and of a seed."""

    download: Loop
    """recv_into, find the blocks, SHA-1 per piece, pwritev into new pages of tmpfs"""
    upload: Loop
    """preadv into a reused buffer, one sendmsg for BATCH blocks"""


def measure(area: Path, size: int = GIB) -> Floor:
    """Both loops over `size` bytes and a file in `area`, which is removed."""
    path = area / "floor.bin"
    size = max(size // MIB, 1) * MIB
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with feeding(Stream((_header() + bytes(BLOCK)) * SENT)) as connection:
            download = _timed(lambda: _leech(connection, file, size), size)
        with draining() as connection:
            upload = _timed(lambda: _seed(connection, file, size), size)
    finally:
        os.close(file)
        path.unlink()
    return Floor(download, upload)


def _timed(loop: Callable[[], None], size: int) -> Loop:
    cpu, began = time.process_time(), time.monotonic()
    loop()
    wall, cpu = time.monotonic() - began, time.process_time() - cpu
    return Loop(size / wall, cpu * GIB / size)


def _header(piece: int = 0, begin: int = 0) -> bytes:
    return _HEADER.pack(_HEADER.size - 4 + BLOCK, _PIECE, piece, begin)


def _leech(connection: socket.socket, file: int, size: int) -> None:
    """Receive pieces whose blocks come in order, hash them, write them one after the other."""
    view = memoryview(bytearray(4 * _WIRE_PIECE))
    held = offset = 0
    while offset < size:
        received = connection.recv_into(view[held:])
        if not received:
            raise ConnectionError("the sender ended")
        held += received
        used = 0
        while held - used >= _WIRE_PIECE and offset < size:
            _take_piece(view, used, file, offset)
            used += _WIRE_PIECE
            offset += BLOCKS * BLOCK
        view[: held - used] = view[used:held]
        held -= used


def _take_piece(view: memoryview, start: int, file: int, offset: int) -> None:
    digest = hashlib.sha1()
    blocks = []
    for position in range(start, start + _WIRE_PIECE, _WIRE):
        _HEADER.unpack_from(view, position)
        block = view[position + _HEADER.size : position + _WIRE]
        digest.update(block)
        blocks.append(block)
    digest.digest()
    os.pwritev(file, blocks, offset)


def _seed(connection: socket.socket, file: int, size: int) -> None:
    """Read and send contiguous blocks, BATCH at a time."""
    buffer = memoryview(bytearray(BATCH * BLOCK))
    blocks = [buffer[start : start + BLOCK] for start in range(0, len(buffer), BLOCK)]
    for offset in range(0, size, len(buffer)):
        os.preadv(file, [buffer], offset)
        parts: list[bytes | memoryview] = []
        for index, block in enumerate(blocks):
            parts += (_header(offset // len(buffer), index * BLOCK), block)
        sent = connection.sendmsg(parts)
        if sent < BATCH * _WIRE:
            connection.sendall(b"".join(parts)[sent:])
