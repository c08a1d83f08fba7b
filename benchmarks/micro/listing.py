"""Rows for the RPC: encoding lists, and finding out that nothing changed."""

from __future__ import annotations

import msgspec

from benchmarks.micro.cost import Samples, Subject, Worlds, repeated
from torrentd.rpc.core.listing import narrowed
from torrentd.session.telling.changes import ChangeLog
from torrentd.session.telling.rows import LimitsRow, PeersSummary, TorrentRow, TrackerSummary

FIELDS = (
    "id", "name", "state", "progress", "left", "rate_down", "rate_up", "size", "wanted", "eta", "ratio", "error",
    "peers", "added_at", "download_dir", "queue",
)  # fmt: skip
"""What an interface for people shows."""


def whole(torrents: int) -> Samples:
    """All columns."""
    rows = _rows(torrents)
    encoder = msgspec.json.Encoder()
    return repeated(lambda: encoder.encode(narrowed(rows, None)), torrents)


def some(torrents: int) -> Samples:
    """The columns of FIELDS."""
    rows = _rows(torrents)
    encoder = msgspec.json.Encoder()
    return repeated(lambda: encoder.encode(narrowed(rows, FIELDS)), torrents)


def unchanged(torrents: int) -> Samples:
    """`since` the present revision."""
    log = ChangeLog(1)
    for number in range(torrents):
        log.touch(f"{number:040x}")
    return repeated(lambda: (log.changed(log.revision), log.removed(log.revision)), 1)


def _rows(torrents: int) -> list[TorrentRow]:
    return [_row(number) for number in range(torrents)]


def _row(number: int) -> TorrentRow:
    id = f"{number:040x}"
    return TorrentRow(
        id=id, hash_v1=id, hash_v2=None, name=f"A torrent with a usual name {number}", state="seeding", stalled=True,
        error=None, progress=1.0, size=10**9, wanted=10**9, done=10**9, left=0, downloaded=10**9, uploaded=2 * 10**9,
        wasted=0, ratio=2.0, rate_down=0, rate_up=0, eta=None, peers=PeersSummary(0, 0, 0, 0, 12, 5, 7), queue=None,
        labels=[], private=False, download_dir="/srv/torrents", added_at=1.7e9, started_at=1.7e9, completed_at=1.7e9,
        active_at=1.7e9, seeding_time=1000, tracker=TrackerSummary("tracker.example", "working", 1.7e9),
        limits=LimitsRow(), sequential=False, piece_count=3815, piece_size=262144, metadata_progress=1.0,
        check_progress=None,
    )  # fmt: skip


TORRENTS: Worlds = {"torrents": (100, 1_000, 10_000)}

SUBJECTS = (
    Subject("list: encode whole rows", "row", whole, TORRENTS),
    Subject("list: encode 16 columns", "row", some, TORRENTS),
    Subject("list: nothing changed", "call", unchanged, TORRENTS),
)
