"""Bytes to values: framing of blocks and of requests, and a metainfo of many files."""

from __future__ import annotations

import struct

from benchmarks.micro.cost import Samples, Subject, repeated
from torrentd.model.geometry import BLOCK
from torrentd.wire import bencode, metainfo
from torrentd.wire.bencode import Encodable
from torrentd.wire.peer import ids
from torrentd.wire.peer.framing import Framing

BLOCKS_OF_PIECE = 16
READ = 64
"""Messages of one read."""

PIECE_SIZE = BLOCKS_OF_PIECE * BLOCK
FILE_SIZE = 100_000


def blocks(pieces: int) -> Samples:
    """Whole `piece` messages, as one fast read brings them."""
    header = struct.Struct(">IBII")
    wire = b"".join(
        header.pack(9 + BLOCK, ids.PIECE, index // BLOCKS_OF_PIECE, index % BLOCKS_OF_PIECE * BLOCK) + bytes(BLOCK)
        for index in range(READ)
    )
    return _scanned(wire, pieces)


def requests(pieces: int) -> Samples:
    """`request` messages, as a fast leech sends them."""
    message = struct.Struct(">IBIII")
    wire = b"".join(
        message.pack(13, ids.REQUEST, index // BLOCKS_OF_PIECE, index % BLOCKS_OF_PIECE * BLOCK, BLOCK)
        for index in range(READ)
    )
    return _scanned(wire, pieces)


def _scanned(wire: bytes, pieces: int) -> Samples:
    view, framing = memoryview(wire), Framing(pieces)
    return repeated(lambda: framing.scan(view, len(view)), READ)


def decoded(files: int) -> Samples:
    """Bencode alone."""
    data = _metainfo(files)
    return repeated(lambda: bencode.decode(data, bencode.METAINFO), files)


def parsed(files: int) -> Samples:
    """All of it: bencode, the names made safe, the layout."""
    data = _metainfo(files)
    return repeated(lambda: metainfo.parse(data), files)


def _metainfo(files: int) -> bytes:
    pieces = -(-files * FILE_SIZE // PIECE_SIZE)
    info: dict[bytes, Encodable] = {
        b"name": b"many",
        b"piece length": PIECE_SIZE,
        b"pieces": bytes(20 * pieces),
        b"files": [
            {b"length": FILE_SIZE, b"path": [b"folder %d" % (index // 100), b"file %d.bin" % index]}
            for index in range(files)
        ],
    }
    return bencode.encode({b"announce": b"http://tracker.example/announce", b"info": info})


SUBJECTS = (
    Subject("framing: blocks", "block", blocks, {"pieces": (1_000, 100_000)}, for_each_block=True),
    Subject("framing: requests", "block", requests, {"pieces": (1_000, 100_000)}, for_each_block=True),
    Subject("bencode: decode a metainfo", "file", decoded, {"files": (1_000, 100_000)}),
    Subject("metainfo: parse", "file", parsed, {"files": (1_000, 100_000)}),
)
