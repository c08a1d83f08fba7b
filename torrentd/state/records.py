"""What the database gives back and takes: plain values, checked before they are written and again when they are read.

Field by field checks are declared with the types; what concerns several fields is in `check`. A record that fails is
never guessed at: on the way in the caller gets ValueError, on the way out the torrent is set aside as `Broken`.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

from torrentd.model.bitfield import Bitfield
from torrentd.model.layout import Priority
from torrentd.policy.rates.weights import TorrentPriority

FileStat: TypeAlias = tuple[int, int, int]
"""(size, mtime_ns, inode) of a file when it was last synced."""

MAX_PIECES = 2**21
MAX_PIECE_SIZE = 512 * 1024 * 1024
MAX_SIZE = 2**48 - 1
MAX_FILES = 2_500_000  # a metainfo has at most that many bencoded items

MAX_PEERS = 100
"""Peers named by the user that are remembered: they are dialled again at each start."""

MAX_LINK = 64 * 1024
"""Characters of a magnet link."""

Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]  # what SQLite can hold
UnixTime: TypeAlias = Annotated[float, Meta(ge=0, le=1e12)]  # finite; beyond it lies the year 33,000
LimitValue: TypeAlias = int | float | str | None
StopAfter: TypeAlias = Literal["metadata", "download"]


class TorrentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One torrent as it is persisted. Bytes and seconds; times are Unix seconds, None is "not yet"."""

    info_hash: Annotated[bytes, Meta(min_length=20, max_length=32)]
    """`hash_v1`, or `hash_v2` where there is no other"""
    hash_v1: Annotated[bytes, Meta(min_length=20, max_length=20)] | None
    hash_v2: Annotated[bytes, Meta(min_length=32, max_length=32)] | None = None
    name: Annotated[str, Meta(min_length=1, max_length=4096)]
    size: Annotated[int, Meta(ge=1, le=MAX_SIZE)]
    piece_size: Annotated[int, Meta(ge=1, le=MAX_PIECE_SIZE)]
    piece_count: Annotated[int, Meta(ge=1, le=MAX_PIECES)]
    file_count: Annotated[int, Meta(ge=1, le=MAX_FILES)]
    private: bool = False
    download_dir: Annotated[str, Meta(pattern=r"^/[^\0]*$")]
    """absolute"""
    added_at: UnixTime
    started_at: UnixTime | None = None
    completed_at: UnixTime | None = None
    active_at: UnixTime | None = None
    edited_at: UnixTime = 0
    """when the user last changed something of it, or it got its metadata"""
    seeding_time: Count = 0
    downloading_time: Count = 0
    uploaded: Count = 0
    downloaded: Count = 0
    wasted: Count = 0
    paused: bool = False
    """by the user"""
    forced: bool = False
    """by the user: it runs whatever the queue says"""
    finished: bool = False
    """stopped by a seeding limit"""
    sequential: bool = False
    priority: TorrentPriority = "normal"
    stop_after: StopAfter | None = None
    """when to pause it by itself; None: never, or it was done"""
    priorities: bytes = b""
    """one `Priority` per file; empty: all normal"""
    labels: list[str] = []
    limits: dict[str, LimitValue] = {}
    """as `torrent.set` takes them: only what was set"""
    peers: Annotated[list[str], Meta(max_length=MAX_PEERS)] = []
    """HOST:PORT; the peers that the user named"""
    tiers: list[list[str]] | None = None
    """the user's own trackers; None: those of the metainfo"""
    have: bytes
    """the bitfield in its wire form"""
    writing: list[Annotated[int, Meta(ge=0)]] = []
    """pieces that may be half written, ascending; filled in at load, changed by `mark` and `unmark`"""
    checked: bool = False
    """whether `have` says what is on the disk: False until existing data was looked at, and after a restored backup"""


class ChosenFile(msgspec.Struct, frozen=True):
    """A priority for one file, or for all whose path fits a glob, when the files are known."""

    priority: Annotated[int, Meta(ge=0, le=3)]
    index: Annotated[int, Meta(ge=0, le=MAX_FILES)] | None = None
    glob: str | None = None


class MagnetRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A torrent whose metadata is not here yet: how it was added, and what the user did to it since."""

    info_hash: Annotated[bytes, Meta(min_length=20, max_length=20)]
    link: Annotated[str, Meta(max_length=MAX_LINK)]
    download_dir: Annotated[str, Meta(pattern=r"^/[^\0]*$")]
    added_at: UnixTime
    """Unix seconds"""
    paused: bool = False
    forced: bool = False
    sequential: bool = False
    priority: TorrentPriority = "normal"
    stop_after: StopAfter | None = None
    verify: Literal["auto", "full", "skip"] = "auto"
    files: list[ChosenFile] = []
    labels: list[str] = []
    limits: dict[str, LimitValue] = {}
    peers: Annotated[list[str], Meta(max_length=MAX_PEERS)] = []
    """HOST:PORT; those of the link, too"""
    trackers: list[str] = []
    """the user's own, behind those of the link"""


class Broken(Struct, frozen=True):
    """A torrent that is in the database and cannot be used. It stays there; `remove` takes it away."""

    info_hash: bytes
    name: str
    reason: str


class Stored(Struct, frozen=True):
    """All that is stored of one torrent."""

    record: TorrentRecord
    metainfo: bytes
    files: list[FileStat | None]
    names: dict[int, Path] = field(default_factory=dict)
    """of the files that are called otherwise than the metainfo says"""


class Totals(Struct, frozen=True):
    """All-time bytes, seconds, files of torrents that were added, and starts, of this state directory."""

    downloaded: int = 0
    uploaded: int = 0
    wasted: int = 0
    seconds: int = 0
    files: int = 0
    runs: int = 0


Path: TypeAlias = tuple[str, ...]
"""Components, below the download directory."""


class Renaming(Struct, frozen=True):
    """A file or folder of a torrent is getting another path."""

    old: Path
    new: Path


class BanRecord(NamedTuple):
    """Who is not talked to: `whom` as `policy.peers.bans` spells it."""

    whom: str
    reason: str
    at: float
    """Unix seconds"""
    until: float | None
    """None: until it is lifted"""
    torrent: bytes | None
    """info hash of the torrent in which he did harm; None: the user banned him"""


class Move(Struct, frozen=True):
    """A torrent's files on their way. `moved`: the record names the target already, and only the old ones are to go."""

    source: str
    target: str
    moved: bool


class Loaded(Struct):
    """Everything that is read at start. Metainfo and file stats stay in the database until they are asked for."""

    torrents: list[TorrentRecord] = field(default_factory=list)
    """in the order in which they were added"""
    magnets: list[MagnetRecord] = field(default_factory=list)
    """torrents whose metadata is not here yet, in that order, too"""
    order: list[bytes] = field(default_factory=list)
    """the info hashes of both in that order; empty if there are no magnets"""
    broken: list[Broken] = field(default_factory=list)
    renamed: set[bytes] = field(default_factory=set)
    """torrents of which files are called otherwise than their metainfo says"""
    renamings: dict[bytes, Renaming] = field(default_factory=dict)
    """info hash -> what was on its way to another name"""
    moves: dict[bytes, Move] = field(default_factory=dict)
    """info hash -> where its files were on their way to"""
    ranks: dict[bytes, float] = field(default_factory=dict)
    """info hash -> its place in the queue"""
    bans: list[BanRecord] = field(default_factory=list)
    """the oldest first"""
    settings: dict[str, object] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    suspects: dict[bytes, int] = field(default_factory=dict)
    """info hash -> crashes in a row (see state.suspects)"""
    notices: list[str] = field(default_factory=list)
    """what was wrong with the database and what was done, for the log and the user; empty on a normal start"""


_HIGHEST = max(Priority)


def check(record: TorrentRecord) -> None:
    """Refuse what no single field shows. ValueError says what is wrong."""
    if record.info_hash != (record.hash_v1 or record.hash_v2):
        raise ValueError("info_hash is neither of the hashes")
    if record.piece_count != -(-record.size // record.piece_size):
        raise ValueError(f"{record.size} bytes are not {record.piece_count} pieces of {record.piece_size}")
    Bitfield.from_bytes(record.piece_count, record.have)
    if record.writing and max(record.writing) >= record.piece_count:
        raise ValueError(f"writing: there is no piece {max(record.writing)}")
    if len(record.priorities) not in (0, record.file_count):
        raise ValueError(f"{len(record.priorities)} priorities for {record.file_count} files")
    if record.priorities and max(record.priorities) > _HIGHEST:
        raise ValueError(f"there is no priority {max(record.priorities)}")
