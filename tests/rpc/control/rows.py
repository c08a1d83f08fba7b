"""What the torrents, peers and jobs of a daemon in the tests look like."""

from __future__ import annotations

from typing import Any

import msgspec

from torrentd.session.telling.rows import (
    JobRow,
    LimitsRow,
    PeerRow,
    PeersSummary,
    TorrentRow,
    TrackerSummary,
)

ONE = "1" * 40
TWO = "2b" * 20
UNKNOWN = "f" * 40
REVISION = 7


def torrent(id: str, name: str, **changed: Any) -> TorrentRow:
    """A torrent that seeds, but for what is given."""
    row = TorrentRow(
        id=id,
        hash_v1=id,
        hash_v2=None,
        name=name,
        state="seeding",
        stalled=False,
        error=None,
        progress=1.0,
        size=1000,
        wanted=1000,
        done=1000,
        left=0,
        downloaded=1000,
        uploaded=2000,
        wasted=0,
        ratio=2.0,
        rate_down=0,
        rate_up=50,
        eta=None,
        peers=PeersSummary(3, 1, 0, 2, 9, None, None),
        queue=None,
        labels=["linux"],
        private=False,
        download_dir="/downloads",
        added_at=1000.5,
        started_at=1001.0,
        completed_at=1002.0,
        active_at=1003.0,
        seeding_time=60,
        tracker=TrackerSummary("tracker.example", "working", 2000.0),
        limits=LimitsRow(),
        sequential=False,
        piece_count=4,
        piece_size=256,
        metadata_progress=1.0,
        check_progress=None,
    )
    return msgspec.structs.replace(row, **changed)


def peer(address: str) -> PeerRow:
    return PeerRow(
        address, "lt 2.1", False, "tracker", False, False, True, True, False, 0.5, 0, 50, 0, 2000, 0, 3, 1001.0, "rc4"
    )


def job(id: int) -> JobRow:
    return JobRow(id, "verify", ONE, "running", 0.5, 50, 100, 5.0, None, None, True)
