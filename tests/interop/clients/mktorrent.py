"""mktorrent: makes .torrent files, and has its own mind about how."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tests.interop.content import Torrent
from tests.interop.processes import require
from torrentd.wire import bencode

TIMEOUT = 20.0


def mktorrent(content: Path, target: Path, *options: str) -> Torrent:
    """The torrent that mktorrent makes of a file or folder; `target` is the .torrent file."""
    command = [require("mktorrent"), *options, "-o", str(target), str(content)]
    subprocess.run(command, check=True, timeout=TIMEOUT, stdout=subprocess.DEVNULL)
    metainfo = target.read_bytes()
    root = bencode.decode(metainfo, bencode.METAINFO)
    start, end = bencode.span(metainfo, b"info", bencode.METAINFO)
    assert isinstance(root, dict)
    return Torrent(
        metainfo=metainfo,
        info_hash=hashlib.sha1(metainfo[start:end]).hexdigest(),
        name=content.name,
        size=sum(path.stat().st_size for path in content.rglob("*") if path.is_file()),
        origin=content.parent,
    )
