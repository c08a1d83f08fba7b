"""What needs no daemon: reading a .torrent file, or a magnet link.

Imports `wire` only, and only when such a command runs.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from torrentd.cli.exits import USAGE, Failed
from torrentd.model.errors import MetainfoError
from torrentd.model.layout import FileEntry
from torrentd.wire import magnet
from torrentd.wire.magnet import Magnet
from torrentd.wire.metainfo import Metainfo, parse

STDIN = "-"
MAX_FILE = 32 * 1024 * 1024
"""what the daemon accepts as a .torrent file; a film named by mistake is not read into memory"""
_BARE_HASH = r"[0-9a-fA-F]{40}|[a-zA-Z2-7]{32}"
"""other clients add one that stands alone"""


def read_file(name: str) -> bytes:
    """The bytes of a .torrent file, `-` for stdin. Failed (usage) if it cannot be read, Failed if it is too large."""
    if not name.strip():
        raise Failed("the name of the file is empty", USAGE)  # Path("") is the directory we are in
    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MAX_FILE + 1)
    except OSError as error:
        hint = f"; as a magnet link it is magnet:?xt=urn:btih:{name}" if re.fullmatch(_BARE_HASH, name) else ""
        raise Failed(f"{name}: {error.strerror}{hint}", USAGE) from None
    if len(data) > MAX_FILE:
        raise Failed(f"{name}: larger than {MAX_FILE >> 20} MiB; no .torrent file is")
    return data


def is_magnet(name: str) -> bool:
    """Whether it is a magnet link, or means to be one; a file of such a name is written ./magnet:..."""
    return name[: len("magnet:")].lower() == "magnet:"


def is_url(name: str) -> bool:
    """Whether it is the URL of a .torrent file, which the daemon fetches; a file of such a name is written ./http:...

    Failed (usage) for a URL of another kind."""
    scheme, colon, _ = name.partition("://")
    if not colon or scheme.lower() not in ("http", "https", "ftp", "file", "udp"):
        return False
    if scheme.lower() not in ("http", "https"):
        raise Failed(f"{name}: torrents are fetched from http and https URLs only", USAGE)
    return True


def read_metainfo(name: str) -> Metainfo:
    """The metainfo of a .torrent file. Failed names the file and what is wrong with it."""
    try:
        return parse(read_file(name))
    except MetainfoError as error:
        raise Failed(f"{name}: {error}") from None


def inspect(name: str) -> dict[str, Any]:
    """What a .torrent file says, as `inspect --json` prints it. Failed names the file and what is wrong with it."""
    return describe(read_metainfo(name))


def read_magnet(link: str) -> Magnet:
    """Failed (usage) says what is wrong with the link."""
    try:
        return magnet.parse(link)
    except MetainfoError as error:
        raise Failed(str(error), USAGE) from None


def describe_magnet(found: Magnet) -> dict[str, Any]:
    """The parts of a link: hashes in hex, bytes, HOST:PORT, and the selected files as [first, last]."""
    return {
        "id": found.id,
        "hash_v1": found.hash_v1.hex() if found.hash_v1 else None,
        "hash_v2": found.hash_v2.hex() if found.hash_v2 else None,
        "name": found.name or None,
        "size": found.size,
        "trackers": list(found.trackers),
        "webseeds": list(found.webseeds),
        "peers": list(map(str, found.peers)),
        "selection": list(map(list, found.selection)),
        "supported": not found.v2_only,
    }


def describe(metainfo: Metainfo) -> dict[str, Any]:
    """Hashes in hex, sizes in bytes, trackers in tiers."""
    return {
        "id": metainfo.info_hash.hex(),
        "hash_v1": metainfo.hash_v1.hex() if metainfo.hash_v1 else None,
        "hash_v2": metainfo.hash_v2.hex() if metainfo.hash_v2 else None,
        "name": metainfo.name,
        "size": metainfo.geometry.size,
        "piece_size": metainfo.geometry.piece_size,
        "piece_count": metainfo.geometry.piece_count,
        "private": metainfo.private,
        "trackers": metainfo.tiers,
        "files": [_file(entry) for entry in metainfo.layout.files],
        "supported": not metainfo.v2_only,
    }


def _file(entry: FileEntry) -> dict[str, Any]:
    return {"path": "/".join(entry.path), "size": entry.size, "attr": attributes(entry)}


def attributes(entry: FileEntry) -> str:
    """BEP 47's letters: p padding, x executable, l symlink."""
    letters = (("p", entry.padding), ("x", entry.executable), ("l", entry.symlink is not None))
    return "".join(letter for letter, applies in letters if applies)
