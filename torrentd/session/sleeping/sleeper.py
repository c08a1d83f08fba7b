"""A sleeping torrent: its row for the lists, and the little that is not in the database.

Thousands of these are in memory where only a few torrents are awake, so every object counts: what most rows have in
common (no peers, no labels, no limits, the same folder) exists once.
"""

from __future__ import annotations

from math import inf
from sys import intern
from typing import TYPE_CHECKING

import msgspec

from torrentd.model.layout import Priority
from torrentd.session.telling.rows import LimitsRow, PeersSummary, State, TorrentRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torrentd.model.address import Address
    from torrentd.model.ids import PeerId
    from torrentd.state.records import LimitValue, TorrentRecord
    from torrentd.swarm.resting import Rest

RUNNING: tuple[State, ...] = ("downloading", "seeding")
NO_PEERS = PeersSummary(0, 0, 0, 0, 0, None, None)
NO_LIMITS = LimitsRow()
NO_LABELS: list[str] = []
"""shared by many rows, which nobody changes"""


class Sleeper:
    """Made from a record at start, or from a session that falls asleep."""

    __slots__ = (
        "active_since",
        "due",
        "finished",
        "known",
        "paused",
        "peer_id",
        "rest",
        "row",
        "seeding_time",
        "since",
    )

    def __init__(
        self, row: TorrentRow, peer_id: PeerId, *, paused: bool, finished: bool, known: bool, since: float
    ) -> None:
        self.row = row
        self.peer_id = peer_id
        """ours, in this torrent and this run"""
        self.paused = paused
        """by the user"""
        self.finished = finished
        """seeded enough"""
        self.known = known
        """in this run its files were found as they were recorded"""
        self.since = since
        """asleep, or known, since then; monotonic"""
        self.active_since = since
        """when something last moved, or since when it runs; monotonic"""
        self.seeding_time = float(row.seeding_time)
        """seconds, until `since`"""
        self.rest: Rest | None = None
        self.due = inf
        """when it has to wake; monotonic"""

    @property
    def piece_count(self) -> int:
        """Known of everybody who sleeps."""
        return self.row.piece_count or 0

    @property
    def missing(self) -> int:
        """Bytes of the whole torrent."""
        return (self.row.size or 0) - self.row.done

    @property
    def runs(self) -> bool:
        """It is in its swarm, or will be once its files were looked at."""
        return self.row.state in RUNNING

    @property
    def limits(self) -> dict[str, LimitValue]:
        """Its own, as `torrent.set` takes them; empty if it has none."""
        return {} if self.row.limits is NO_LIMITS else msgspec.structs.asdict(self.row.limits)

    def has_to_meet(self, peers: Iterable[Address]) -> bool:
        """Whether there is somebody among them whom the torrent has not met and may: private ones learn of peers from
        trackers alone (BEP 27)."""
        if not self.runs or self.row.private:
            return False
        known = self.rest.candidates if self.rest is not None else None
        return any(known is None or not (known.knows(peer) or known.bans.reason(peer)) for peer in peers)

    def seeding_time_at(self, now: float) -> float:
        """Seconds; sleeping seeds seed."""
        seeds = self.known and self.runs and not self.row.left
        return self.seeding_time + (now - self.since if seeds else 0.0)

    def row_at(self, now: float) -> TorrentRow:
        """The row with everything in it as it is now. `row` itself is right but for the seeding time."""
        seconds = int(self.seeding_time_at(now))
        return self.row if seconds == self.row.seeding_time else msgspec.structs.replace(self.row, seeding_time=seconds)


def tells_all(record: TorrentRecord) -> bool:
    """Whether the record alone tells the torrent's row. What skipped files leave to be wanted is in the metainfo."""
    return Priority.SKIP not in record.priorities


def of_record(record: TorrentRecord, peer_id: PeerId, now: float) -> Sleeper:
    """A torrent of an earlier run. `tells_all` must be true of it."""
    row, finished = _row_of(record), record.finished
    return Sleeper(row, peer_id, paused=record.paused, finished=finished, known=False, since=now)


def _row_of(record: TorrentRecord) -> TorrentRow:
    left = record.size - _verified(record)
    state = _state(record, left)
    id = record.info_hash.hex()
    row = TorrentRow(
        id=id,
        hash_v1=record.hash_v1.hex() if record.hash_v1 else None,
        hash_v2=record.hash_v2.hex() if record.hash_v2 else None,
        name=record.name,
        state=state,
        stalled=state in RUNNING,
        error=None,
        progress=(record.size - left) / record.size,
        size=record.size,
        wanted=record.size,
        done=record.size - left,
        left=left,
        downloaded=record.downloaded,
        uploaded=record.uploaded,
        wasted=record.wasted,
        ratio=record.uploaded / record.downloaded if record.downloaded else None,
        rate_down=0,
        rate_up=0,
        eta=None,
        peers=NO_PEERS,
        queue=None,
        labels=record.labels,
        private=record.private,
        download_dir=record.download_dir,
        added_at=record.added_at,
        started_at=record.started_at,
        completed_at=record.completed_at,
        active_at=record.active_at,
        seeding_time=record.seeding_time,
        tracker=None,
        limits=msgspec.convert(record.limits, LimitsRow) if record.limits else NO_LIMITS,
        sequential=record.sequential,
        piece_count=record.piece_count,
        piece_size=record.piece_size,
        metadata_progress=1.0,
        check_progress=None,
        downloading_time=record.downloading_time,
        edited_at=record.edited_at,
        priority=record.priority,
    )
    return lean(row)


def _state(record: TorrentRecord, left: int) -> State:
    if record.paused:
        return "paused"
    if record.finished:
        return "finished"
    return "downloading" if left else "seeding"


def _verified(record: TorrentRecord) -> int:
    """Bytes of the pieces that are there."""
    count = int.from_bytes(record.have, "big").bit_count()
    if count == record.piece_count:
        return record.size
    last = record.piece_count - 1
    has_last = record.have[last >> 3] & (0x80 >> (last & 7))
    return count * record.piece_size - (record.piece_count * record.piece_size - record.size if has_last else 0)


def lean(row: TorrentRow) -> TorrentRow:
    """The same row, with equal parts existing once."""
    size = row.size
    return msgspec.structs.replace(
        row,
        hash_v1=row.id if row.hash_v1 == row.id else row.hash_v1,
        progress=1.0 if row.progress == 1.0 else row.progress,
        wanted=size if row.wanted == size else row.wanted,
        done=size if row.done == size else row.done,
        peers=NO_PEERS if row.peers == NO_PEERS else row.peers,
        labels=row.labels or NO_LABELS,
        download_dir=intern(row.download_dir),
        limits=NO_LIMITS if row.limits == NO_LIMITS else row.limits,
    )
