"""What of a torrent changes and must survive: a mutable copy of its record, which knows what has not been saved yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from torrentd.policy.rates.weights import TorrentPriority
from torrentd.state.records import FileStat, LimitValue, StopAfter, TorrentRecord


@dataclass(slots=True)
class Facts:
    """Bytes, seconds and Unix times, as in `state.records.TorrentRecord`."""

    info_hash: bytes
    download_dir: str
    added_at: float
    started_at: float | None
    completed_at: float | None
    active_at: float | None
    edited_at: float
    seeding_time: float
    downloading_time: float
    uploaded: int
    downloaded: int
    wasted: int
    paused: bool
    forced: bool
    finished: bool
    sequential: bool
    priority: TorrentPriority
    stop_after: StopAfter | None
    priorities: bytes
    labels: list[str]
    limits: dict[str, LimitValue]
    peers: list[str]
    tiers: list[list[str]] | None
    checked: bool
    writing: list[int] = field(default_factory=list)
    files: list[FileStat | None] = field(default_factory=list)
    _saved: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, record: TorrentRecord) -> Facts:
        """The facts of a record that is in the database."""
        facts = cls(**{name: getattr(record, name) for name in ("info_hash", *_COLUMNS)}, writing=list(record.writing))
        facts._saved = facts._columns()
        return facts

    def unsaved(self, now: float) -> dict[str, Any]:
        """The columns that changed since the last call, to be written now (Unix seconds); see `not_saved`."""
        columns = self._columns()
        changed = {
            name: value for name, value in columns.items() if name not in self._saved or value != self._saved[name]
        }
        if not _EDITED.isdisjoint(changed):
            self.edited_at = columns["edited_at"] = changed["edited_at"] = now
        self._saved = columns
        return changed

    def has_unsaved(self) -> bool:
        """Whether `unsaved` would say anything."""
        return self._columns() != self._saved

    def not_saved(self, columns: Iterable[str]) -> None:
        """Writing these failed: they are unsaved still."""
        for name in columns:
            self._saved.pop(name, None)

    def _columns(self) -> dict[str, Any]:
        columns = {name: getattr(self, name) for name in _COLUMNS}
        columns["seeding_time"] = int(self.seeding_time)
        columns["downloading_time"] = int(self.downloading_time)
        columns["labels"], columns["limits"], columns["peers"] = list(self.labels), dict(self.limits), list(self.peers)
        return columns


_EDITED = frozenset({"download_dir", "sequential", "priority", "priorities", "labels", "limits", "tiers"})
"""What only the user changes, besides pausing."""
_NOT_COLUMNS = ("info_hash", "writing", "files", "_saved")
_COLUMNS = tuple(item.name for item in fields(Facts) if item.name not in _NOT_COLUMNS)
