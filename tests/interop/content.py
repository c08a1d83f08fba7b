"""Content to share, the .torrent file for it, and the comparison byte by byte."""

from __future__ import annotations

import hashlib
import random
import time
from dataclasses import dataclass
from pathlib import Path

from tests.interop.processes import LOOK
from torrentd.wire import bencode

KIB, MIB = 1024, 1024**2
WRITTEN = 10.0
"""Seconds that another client may take to write what it says it has."""


@dataclass(frozen=True)
class Torrent:
    """A .torrent file and what it stands for."""

    metainfo: bytes
    info_hash: str
    name: str
    """of the file or folder"""
    size: int
    origin: Path
    """the directory that holds the true content"""

    @property
    def link(self) -> str:
        """A magnet link that names nothing but the torrent."""
        return f"magnet:?xt=urn:btih:{self.info_hash}"


def make(
    directory: Path, files: dict[str, int], piece_size: int = 256 * KIB, announce: str | None = None, seed: int = 1
) -> Torrent:
    """Write random files (path -> size) below `directory`, and the torrent for them.

    One path without "/" makes a single-file torrent; otherwise all paths begin with the same folder.
    """
    luck = random.Random(seed)
    for path, size in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(luck.randbytes(size))
    everything = b"".join((directory / path).read_bytes() for path in files)
    pieces = [everything[start : start + piece_size] for start in range(0, len(everything), piece_size)]
    name = next(iter(files)).partition("/")[0]
    info: dict[bytes, bencode.Value] = {
        b"name": name.encode(),
        b"piece length": piece_size,
        b"pieces": b"".join(hashlib.sha1(piece).digest() for piece in pieces),
    }
    if name in files:
        info[b"length"] = len(everything)
    else:
        info[b"files"] = [
            {b"length": size, b"path": [part.encode() for part in path.split("/")[1:]]} for path, size in files.items()
        ]
    root: dict[bytes, bencode.Value] = {b"info": info}
    if announce is not None:
        root[b"announce"] = announce.encode()
    return Torrent(
        metainfo=bencode.encode(root),
        info_hash=hashlib.sha1(bencode.encode(info)).hexdigest(),
        name=name,
        size=len(everything),
        origin=directory,
    )


def tree(directory: Path, name: str) -> dict[str, bytes]:
    """Every file of a torrent's content: path relative to `directory` -> bytes."""
    top = directory / name
    paths = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths}


def assert_same(torrent: Torrent, directory: Path) -> None:
    """The content in `directory` is the true one, byte by byte, and nothing else is there.

    libtorrent says that it is complete when the last piece is hashed, and writes it afterwards: hence the wait.
    """
    wanted, found = tree(torrent.origin, torrent.name), tree(directory, torrent.name)
    deadline = time.monotonic() + WRITTEN
    while found != wanted and time.monotonic() < deadline:
        time.sleep(LOOK)
        found = tree(directory, torrent.name)
    assert sorted(found) == sorted(wanted)
    for path, content in wanted.items():
        assert found[path] == content, f"{path} differs"  # bytes, compared without a diff of megabytes
