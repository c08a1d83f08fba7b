"""What of a torrent changes and must survive: a mutable copy of its record, which knows what has not been saved yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

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
    seeding_time: float
    uploaded: int
    downloaded: int
    wasted: int
    paused: bool
    sequential: bool
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

    def unsaved(self) -> dict[str, Any]:
        """The columns that changed since the last call, to be written now; see `not_saved`."""
        columns = self._columns()
        changed = {
            name: value for name, value in columns.items() if name not in self._saved or value != self._saved[name]
        }
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
        columns["labels"], columns["limits"], columns["peers"] = list(self.labels), dict(self.limits), list(self.peers)
        return columns


_NOT_COLUMNS = ("info_hash", "writing", "files", "_saved")
_COLUMNS = tuple(item.name for item in fields(Facts) if item.name not in _NOT_COLUMNS)
