"""A .torrent file (BEP 3, 12, 19, 27, 47, 52) to a `Metainfo`, or to a MetainfoError that says what is wrong.

What the torrent's content depends on is checked to the letter: sizes, pieces, paths. What only helps (trackers, web
seeds, comments) is taken as far as it can be used. The info hash is of the `info` dictionary's bytes as received.

A hybrid runs as v1, with `hash_v2` known. A v2-only torrent is parsed so that it can be inspected; it is not run.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1, sha256

from torrentd.model.errors import MetainfoError
from torrentd.model.geometry import BLOCK, Geometry
from torrentd.model.ids import InfoHash
from torrentd.model.layout import FileEntry, Layout
from torrentd.wire import bencode
from torrentd.wire.bencode import BencodeError, Value
from torrentd.wire.file_facts import MAX_TOTAL
from torrentd.wire.file_list import file_list, single_file
from torrentd.wire.file_tree import file_tree
from torrentd.wire.names import clean_name
from torrentd.wire.sources import parse_nodes, parse_tiers, parse_web_seeds

MAX_LENGTH = 32 * 1024**2
"""Bytes of a .torrent file."""

MAX_PIECE_SIZE = 512 * 1024**2
MAX_PIECES = 2**21
HASH_SIZE = 20
"""Bytes of a piece's SHA-1."""

MAX_TEXT = 16 * 1024
"""Bytes kept of the comment and the like."""


@dataclass(frozen=True, slots=True)
class Metainfo:
    """Everything a client uses of a .torrent file. Texts are as sent: escape before showing."""

    info_hash: InfoHash
    """the torrent's id: `hash_v1`, or `hash_v2` for a v2-only torrent"""
    hash_v1: InfoHash | None
    hash_v2: InfoHash | None
    name: str
    geometry: Geometry
    layout: Layout
    hashes: bytes
    """SHA-1 of each piece, 20 bytes each; empty for a v2-only torrent"""
    private: bool
    tiers: list[list[str]]
    webseeds: list[str]
    httpseeds: list[str]
    nodes: list[tuple[str, int]]
    comment: str
    created_by: str
    creation_date: int | None
    """Unix seconds"""
    encoding: str
    info: bytes
    """the raw bencoded info dictionary"""
    multi_file: bool

    @property
    def v2_only(self) -> bool:
        """Whether there is nothing that v1 could run."""
        return self.hash_v1 is None

    @property
    def size(self) -> int:
        """Bytes of all files; unlike the geometry's size without the gaps of a v2-only torrent."""
        return sum(entry.size for entry in self.layout.files)


def parse(data: bytes) -> Metainfo:
    """Read a .torrent file. MetainfoError names the key and what is wrong with it."""
    root, info, raw = _read(data)
    name = clean_name(info.get(b"name.utf-8", info.get(b"name")))
    piece_size = _piece_size(info)
    hash_v1, hash_v2 = _info_hashes(info, raw)
    tree = file_tree(info.get(b"file tree"), name, piece_size) if hash_v2 else ()
    files = _v1_files(info, name) if hash_v1 else tree
    geometry = _geometry(files, piece_size)
    return Metainfo(
        info_hash=hash_v1 or hash_v2 or InfoHash(b""),
        hash_v1=hash_v1,
        hash_v2=hash_v2,
        name=name,
        geometry=geometry,
        layout=Layout(files),
        hashes=_hashes(info.get(b"pieces"), geometry) if hash_v1 else b"",
        private=info.get(b"private") == 1,
        tiers=parse_tiers(root),
        webseeds=parse_web_seeds(root.get(b"url-list")),
        httpseeds=parse_web_seeds(root.get(b"httpseeds")),
        nodes=parse_nodes(root.get(b"nodes")),
        comment=_text(root.get(b"comment.utf-8", root.get(b"comment"))),
        created_by=_text(root.get(b"created by")),
        creation_date=_date(root.get(b"creation date")),
        encoding=_text(root.get(b"encoding")),
        info=raw,
        multi_file=len(files[0].path) > 1,
    )


def assemble(info: bytes, tiers: list[list[str]], webseeds: list[str]) -> bytes:
    """A .torrent file around an info dictionary, whose bytes stay as they are. `parse` says whether it is one."""
    head = bencode.encode({"announce-list": tiers}) if tiers else b"de"
    tail = bencode.encode({"url-list": webseeds}) if webseeds else b"de"
    return head[:-1] + b"4:info" + info + tail[1:]


def with_trackers(data: bytes, tiers: list[list[str]], wanted: list[list[str]]) -> bytes:
    """A .torrent file that has the trackers `tiers`, with others. All else stays as it is, the info dictionary to the
    last byte; if nothing is to change, so does the rest."""
    if tiers == wanted:
        return data
    root, _, raw = _read(data)
    parts: dict[bytes, bytes] = {key: bencode.encode(value) for key, value in root.items() if key != b"info"}
    parts[b"info"] = raw
    parts.pop(b"announce", None)
    parts.pop(b"announce-list", None)
    if wanted:
        parts[b"announce"] = bencode.encode(wanted[0][0])
        parts[b"announce-list"] = bencode.encode(wanted)
    return b"d" + b"".join(bencode.encode(key) + parts[key] for key in sorted(parts)) + b"e"


def _read(data: bytes) -> tuple[dict[bytes, Value], dict[bytes, Value], bytes]:
    """The whole dictionary, the info dictionary, and its raw bytes."""
    if len(data) > MAX_LENGTH:
        raise MetainfoError(f"the metainfo is {len(data)} bytes long; {MAX_LENGTH} are read")
    limits = bencode.METAINFO_V2 if b"9:file tree" in data else bencode.METAINFO
    try:
        root, spans = bencode.decode_spans(data, limits)
    except BencodeError as error:
        raise MetainfoError(f"not bencoded: {error}") from None
    if not isinstance(root, dict):
        raise MetainfoError("the metainfo is not a dictionary")
    info = root.get(b"info")
    if not isinstance(info, dict):
        raise MetainfoError("info is missing or not a dictionary")
    start, end = spans[b"info"]
    return root, info, data[start:end]


def _info_hashes(info: dict[bytes, Value], raw: bytes) -> tuple[InfoHash | None, InfoHash | None]:
    """The v1 hash unless the torrent is v2-only, and the v2 hash if it is v2 or hybrid."""
    version = info.get(b"meta version", 1)
    if version not in (1, 2):
        raise MetainfoError("info.meta version is not known")
    hash_v2 = InfoHash(sha256(raw).digest()) if version == 2 else None
    hash_v1 = InfoHash(sha1(raw).digest()) if version == 1 or b"pieces" in info else None
    return hash_v1, hash_v2


def _v1_files(info: dict[bytes, Value], name: str) -> tuple[FileEntry, ...]:
    return file_list(info[b"files"], name) if b"files" in info else single_file(info, name)


def _piece_size(info: dict[bytes, Value]) -> int:
    size = info.get(b"piece length")
    if not isinstance(size, int) or not 1 <= size <= MAX_PIECE_SIZE:
        raise MetainfoError(f"info.piece length is missing or not 1 to {MAX_PIECE_SIZE}")
    if info.get(b"meta version") == 2 and (size < BLOCK or size & (size - 1)):
        raise MetainfoError(f"info.piece length {size} is not a power of two of at least {BLOCK}, as v2 asks")
    return size


def _geometry(files: tuple[FileEntry, ...], piece_size: int) -> Geometry:
    total = files[-1].offset + files[-1].size if files else 0
    if not 1 <= total <= MAX_TOTAL:
        raise MetainfoError(f"the files have {total} bytes in all; 1 to {MAX_TOTAL} are possible")
    geometry = Geometry(total, piece_size)
    if geometry.piece_count > MAX_PIECES:
        raise MetainfoError(f"{geometry.piece_count} pieces; {MAX_PIECES} are the most")
    return geometry


def _hashes(value: Value | None, geometry: Geometry) -> bytes:
    if not isinstance(value, bytes):
        raise MetainfoError("info.pieces is not a string")
    if len(value) != geometry.piece_count * HASH_SIZE:
        raise MetainfoError(
            f"info.pieces has {len(value)} bytes; {geometry.piece_count} pieces need {geometry.piece_count * HASH_SIZE}"
        )
    return value


def _text(value: Value | None) -> str:
    return value[:MAX_TEXT].decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _date(value: Value | None) -> int | None:
    return value if isinstance(value, int) else None
