"""What the fields of a torrent are made from: its row, and the parts of it that cost more and are fetched on demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct, field

from torrentd.session.telling.details import DetailsRow
from torrentd.session.telling.rows import FileRow, PeerRow, PiecesRow, TorrentRow, TrackerRow

Part = Literal["files", "peers", "trackers", "pieces", "details"]
NO_DETAILS: Final = DetailsRow("", [], [])

KILO: Final = 1000
"""bytes: Transmission's rates are in kB/s"""
MINUTE: Final = 60
"""seconds: its idle limits are in minutes"""
MIB: Final = 1024 * 1024


class Session(Struct, frozen=True):
    """What the fields of all torrents share. `settings`: those of `session_get`."""

    now: float
    """Unix seconds"""
    settings: Mapping[str, Any]
    database: str
    """where the metainfo of the torrents is kept"""


class View(Struct):
    """One torrent for one answer. Parts that no field asked for are empty, as of a torrent without metadata."""

    number: int
    row: TorrentRow
    session: Session
    kept: Mapping[str, Any]
    """what callers set and only we remember, by its name"""
    files: list[FileRow] = field(default_factory=list)
    peers: list[PeerRow] = field(default_factory=list)
    trackers: list[TrackerRow] = field(default_factory=list)
    pieces: PiecesRow | None = None
    details: DetailsRow = NO_DETAILS

    def own(self, name: str, otherwise: Any) -> Any:
        """What a caller set and we only remember; else what is given."""
        return self.kept.get(name, otherwise)
