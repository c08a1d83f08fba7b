"""Content that is nowhere on a disk: every block is computed from a seed, so that 256 MiB cost one."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Sequence
from pathlib import Path

from tests.interop.content import KIB, MIB, Torrent
from torrentd.wire import bencode

PATTERN = MIB
"""Random bytes that the pieces are cut from."""
STRIDE = 4099
"""A prime: each piece begins elsewhere in the pattern, so that no two of a thousand are alike."""


class Computed:
    """One file. Pieces are views of the same memory."""

    def __init__(self, size: int, piece_size: int = 256 * KIB, seed: int = 1, name: str = "content.bin") -> None:
        self.size = size
        self.piece_size = piece_size
        self.name = name
        self.piece_count = -(-size // piece_size)
        self._pattern = memoryview(random.Random(seed).randbytes(PATTERN + piece_size))
        self.hashes = [hashlib.sha1(self.piece(piece)).digest() for piece in range(self.piece_count)]

    def piece_length(self, piece: int) -> int:
        return min(self.piece_size, self.size - piece * self.piece_size)

    def piece(self, piece: int) -> memoryview:
        return self.block(piece, 0, self.piece_length(piece))

    def block(self, piece: int, begin: int, length: int) -> memoryview:
        start = piece * STRIDE % PATTERN + begin
        return self._pattern[start : start + length]

    def torrent(self, *tiers: Sequence[str]) -> Torrent:
        """The torrent for it; `tiers` are the trackers."""
        info: dict[bytes, bencode.Value] = {
            b"length": self.size,
            b"name": self.name.encode(),
            b"piece length": self.piece_size,
            b"pieces": b"".join(self.hashes),
        }
        root: dict[bytes, bencode.Value] = {b"info": info}
        if tiers:
            root[b"announce-list"] = [[url.encode() for url in tier] for tier in tiers]
        return Torrent(
            metainfo=bencode.encode(root),
            info_hash=hashlib.sha1(bencode.encode(info)).hexdigest(),
            name=self.name,
            size=self.size,
            origin=Path(os.devnull),
        )

    def right_pieces(self, path: Path) -> set[int]:
        """The pieces that are in the file at `path`, by their SHA-1."""
        if not path.exists():
            return set()
        with path.open("rb") as file:
            found = (hashlib.sha1(file.read(self.piece_size)).digest() for _ in range(self.piece_count))
            return {piece for piece, digest in enumerate(found) if digest == self.hashes[piece]}

    def write(self, path: Path) -> None:
        """Put the content there, for a daemon that is to seed it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for piece in range(self.piece_count):
                file.write(self.piece(piece))
