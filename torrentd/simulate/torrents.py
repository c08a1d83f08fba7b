"""Torrents that exist in simulated worlds only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from torrentd.model.geometry import Geometry
from torrentd.wire import bencode
from torrentd.wire.metainfo import Metainfo, parse

MIN_PIECE = 16 * 1024
MAX_PIECE = 16 * 1024 * 1024
USUAL_PIECES = 1024
"""Torrent makers choose the piece size so that there are one to two thousand pieces."""


@dataclass(frozen=True, slots=True)
class SimulatedTorrent:
    """The .torrent file, and what it says."""

    data: bytes
    metainfo: Metainfo

    @property
    def id(self) -> str:
        """As in the API."""
        return self.metainfo.info_hash.hex()

    @property
    def info_hash(self) -> bytes:
        return self.metainfo.info_hash

    @property
    def geometry(self) -> Geometry:
        return self.metainfo.geometry

    @property
    def size(self) -> int:
        return self.metainfo.geometry.size


def usual_piece_size(size: int) -> int:
    """A power of two."""
    piece = MIN_PIECE
    while piece < MAX_PIECE and size > piece * 2 * USUAL_PIECES:
        piece *= 2
    return piece


def make(
    rng: Random,
    size: int,
    piece_size: int,
    tiers: Sequence[Sequence[str]] = (),
    files: Sequence[int] = (),
    name: str = "simulated",
    private: bool = False,
) -> SimulatedTorrent:
    """A torrent of one file of `size` bytes, or of several `files` that are so large together."""
    count = -(-size // piece_size)
    info: dict[bytes, object] = {
        b"name": name.encode(),
        b"piece length": piece_size,
        b"pieces": rng.randbytes(20 * count),
    }
    if files:
        info[b"files"] = [{b"length": length, b"path": [b"%d" % index]} for index, length in enumerate(files)]
    else:
        info[b"length"] = size
    if private:
        info[b"private"] = 1
    whole: dict[bytes, object] = {b"info": info}
    if tiers:
        whole[b"announce-list"] = [[url.encode() for url in tier] for tier in tiers]
    data = bencode.encode(whole)  # type: ignore[arg-type]
    return SimulatedTorrent(data, parse(data))
