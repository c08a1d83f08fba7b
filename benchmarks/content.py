"""What is transferred: a file of random bytes, its torrent, and the comparison with what arrived."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libtorrent

from benchmarks.sizes import MIB

NAME = "content.bin"
CHUNK = 4 * MIB
"""Bytes made, or compared, at once."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file in `directory` and the bytes of its .torrent file."""

    directory: Path
    size: int
    piece_size: int
    metainfo: bytes

    def is_in(self, directory: Path) -> bool:
        """Whether the file in `directory` has the same bytes, compared by us and no client."""
        try:
            with (
                open(self.directory / NAME, "rb", buffering=0) as one,
                open(directory / NAME, "rb", buffering=0) as other,
            ):
                return _same(one.fileno(), other.fileno(), self.size)
        except FileNotFoundError:
            return False


def make(directory: Path, size: int, piece_size: int) -> Content:
    """Write random bytes, which nothing can compress or deduplicate, and hash them."""
    directory.mkdir(parents=True, exist_ok=True)
    hashes = bytearray()
    with open(directory / NAME, "wb", buffering=0) as file:
        for start in range(0, size, max(CHUNK, piece_size)):
            chunk = os.urandom(min(max(CHUNK, piece_size), size - start))
            file.write(chunk)
            for begin in range(0, len(chunk), piece_size):
                hashes += hashlib.sha1(chunk[begin : begin + piece_size]).digest()
    info: Any = {b"name": NAME.encode(), b"length": size, b"piece length": piece_size, b"pieces": bytes(hashes)}
    return Content(directory, size, piece_size, libtorrent.bencode({b"info": info}))


def _same(one: int, other: int, size: int) -> bool:
    if os.fstat(one).st_size != size or os.fstat(other).st_size != size:
        return False
    buffers = bytearray(CHUNK), bytearray(CHUNK)
    while size:
        count = os.readv(one, [buffers[0]])
        if os.readv(other, [buffers[1]]) != count or buffers[0] != buffers[1]:
            return False
        size -= count
    return True
