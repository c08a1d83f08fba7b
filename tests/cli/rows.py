"""Objects of the API as the daemon sends them, made from the daemon's own types so that the shapes are true."""

from __future__ import annotations

from typing import Any

import msgspec

from torrentd.session.telling.rows import LimitsRow, PeerRow, PeersSummary, TorrentRow, TrackerSummary

UBUNTU = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
DEBIAN = "0a1b2cffffffffffffffffffffffffffffffffff"
HOSTILE = "ffffffffffffffffffffffffffffffffffffffff"
HOSTILE_NAME = "[red]evil\x1b[31m\u202egpj.exe\tend\n"
CJK = "1234567890123456789012345678901234567890"


def torrent(id: str = UBUNTU, name: str = "ubuntu-24.04.iso", **changes: Any) -> dict[str, Any]:
    """One torrent object, downloading."""
    row = TorrentRow(
        id=id,
        hash_v1=id,
        hash_v2=None,
        name=name,
        state="downloading",
        stalled=False,
        error=None,
        progress=0.4219,
        size=6_114_656_256,
        wanted=6_114_656_256,
        done=2_579_773_473,
        left=3_534_882_783,
        downloaded=2_600_000_000,
        uploaded=1_234_567,
        wasted=16384,
        ratio=0.0005,
        rate_down=12_345_678,
        rate_up=4321,
        eta=286,
        peers=PeersSummary(12, 9, 8, 2, 48, 1200, 33),
        queue=None,
        labels=["linux"],
        private=False,
        download_dir="/srv/torrents",
        added_at=1_700_000_000.5,
        started_at=1_700_000_001.0,
        completed_at=None,
        active_at=1_700_000_060.0,
        seeding_time=0,
        tracker=TrackerSummary("torrent.ubuntu.com", "working", 1_700_001_800.0),
        limits=LimitsRow(down=2_000_000),
        sequential=False,
        piece_count=23327,
        piece_size=262144,
        metadata_progress=1.0,
        check_progress=None,
    )
    known: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(row, **changes))
    return known


def debian(**changes: Any) -> dict[str, Any]:
    """One that seeds."""
    seeding = {"state": "seeding", "progress": 1.0, "left": 0, "rate_down": 0, "rate_up": 0, "eta": None, "ratio": 2.5}
    return torrent(DEBIAN, "debian-12.iso", **{**seeding, "size": 658_505_728, "wanted": 658_505_728, **changes})


def hostile(**changes: Any) -> dict[str, Any]:
    """One whose name wants to take over the terminal."""
    return torrent(HOSTILE, HOSTILE_NAME, **changes)


def cjk(**changes: Any) -> dict[str, Any]:
    """One whose name has characters two cells wide."""
    return torrent(CJK, "映画の題名はとても長いのでここで切れます.mkv", **changes)


def without_metadata(**changes: Any) -> dict[str, Any]:
    """One that was added by a magnet link, and knows no more than that yet."""
    unknown = dict.fromkeys(("size", "wanted", "left", "private", "piece_count", "piece_size", "eta", "ratio"))
    known = {"state": "metadata", "progress": 0.0, "done": 0, "downloaded": 0, "metadata_progress": 0.25}
    return torrent(UBUNTU, "ubuntu", **{**unknown, **known, "rate_down": 0, "rate_up": 0, **changes})


def listing(*rows: dict[str, Any]) -> Any:
    """An answer of `torrent.list` over these rows: honours `fields` and the ids of the filter."""

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        ids = params.get("filter", {}).get("ids")
        found = [row for row in rows if ids is None or row["id"] in ids]
        fields = params.get("fields")
        narrowed = [{key: row[key] for key in fields} for row in found] if fields else found
        return {"torrents": narrowed, "total": len(found), "revision": 7, "removed": [], "full": True}

    return answer


def peer(**changes: Any) -> PeerRow:
    """A connected seed of a tracker's."""
    row = PeerRow(
        address="[2001:db8::1]:6881",
        client="",
        incoming=False,
        source="tracker",
        am_choking=True,
        am_interested=True,
        peer_choking=False,
        peer_interested=False,
        snubbed=False,
        progress=1.0,
        rate_down=2048,
        rate_up=0,
        downloaded=0,
        uploaded=0,
        requests_out=3,
        requests_in=0,
        connected_at=1.7e9,
        encryption="rc4",
    )
    return msgspec.structs.replace(row, **changes)
