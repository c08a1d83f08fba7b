"""Every field of `torrent_get` as a function of our rows. What is asked for beyond these is left out of the answer."""

from __future__ import annotations

from collections.abc import Callable
from mimetypes import guess_type
from typing import Any, Final, NamedTuple

from torrentd.rpc.transmission import parts
from torrentd.rpc.transmission.view import KILO, MINUTE, Part, View
from torrentd.session.telling.rows import TorrentRow

UNKNOWN: Final = -2
NOT_APPLICABLE: Final = -1
"""of an ETA, as transmission-remote reads them: it shows -1 of a complete torrent as "Done" """

STOPPED, CHECK_WAIT, CHECKING, QUEUED, DOWNLOADING, SEED_WAIT, SEEDING = range(7)

GLOBAL, SINGLE, UNLIMITED = range(3)
"""modes of a limit: that of the session, one's own, none"""

TRACKER_ERROR: Final = 2
LOCAL_ERROR: Final = 3


class Field(NamedTuple):
    make: Callable[[View], Any]
    parts: tuple[Part, ...] = ()
    """what it is made from beyond the row"""
    only: Callable[[TorrentRow], bool] | None = None
    """of which torrents these parts matter; None: of all"""

    def needs(self, row: TorrentRow) -> tuple[Part, ...]:
        return self.parts if self.only is None or self.only(row) else ()


# --- state


def _status(view: View) -> int:
    row = view.row
    match row.state:
        case "checking":
            return CHECKING if row.check_progress else CHECK_WAIT
        case "moving":
            return CHECKING  # whoever imports what is complete must wait until it is in its place
        case "metadata":
            return STOPPED if view.details.paused else DOWNLOADING
        case "queued":
            return QUEUED if row.left else SEED_WAIT
        case "downloading":
            return DOWNLOADING
        case "seeding":
            return SEEDING
        case _:
            return STOPPED


def _eta(view: View) -> int:
    row = view.row
    if row.eta is not None:
        return row.eta
    return UNKNOWN if row.state in ("downloading", "metadata") else NOT_APPLICABLE


def _eta_idle(view: View) -> int:
    """Seconds until the idle limit stops it; only seeds are idle."""
    row = view.row
    limit = _idle_limit(view) * MINUTE if _idle_mode(row) == SINGLE else _session_idle_limit(view)
    if row.state != "seeding" or limit is None or _idle_mode(row) == UNLIMITED:
        return NOT_APPLICABLE
    since = max(row.active_at or 0.0, row.completed_at or 0.0, row.started_at or 0.0)
    return max(0, int(since + limit - view.session.now))


def _session_idle_limit(view: View) -> int | None:
    settings = view.session.settings
    return settings["idle_seeding_limit"] * MINUTE if settings["idle_seeding_limit_enabled"] else None


def _error(view: View) -> int:
    if view.row.error is not None:
        return LOCAL_ERROR
    return TRACKER_ERROR if _tracker_failed(view.row) else 0


def _error_string(view: View) -> str:
    if view.row.error is not None:
        return view.row.error.message
    if not _tracker_failed(view.row):
        return ""
    return next((row.message for row in view.trackers if row.status == "error" and row.message), "")


def _tracker_failed(row: TorrentRow) -> bool:
    return row.tracker is not None and row.tracker.status == "error"


def _without_metadata(row: TorrentRow) -> bool:
    return row.state == "metadata"


def _in_swarm(row: TorrentRow) -> bool:
    """Others may have something for it; of a torrent that is alone this is known without a look."""
    return row.peers.connected > 0


def _half_done(row: TorrentRow) -> bool:
    return row.state == "downloading"


# --- numbers


def _whole(moment: float | None) -> int:
    return int(moment or 0)


def _ratio(row: TorrentRow) -> float:
    return -1.0 if row.ratio is None else row.ratio


def _share(row: TorrentRow) -> float:
    return row.done / row.size if row.size else 0.0


def _availability(view: View) -> list[int]:
    """-1 for what is here."""
    pieces = view.pieces
    if pieces is None:
        return []
    known = pieces.availability or [0] * pieces.count
    return [-1 if here else peers for here, peers in zip(_bits(pieces.have, pieces.count), known, strict=True)]


def _bits(have: str, count: int) -> list[bool]:
    from base64 import b64decode

    data = b64decode(have)
    text = f"{int.from_bytes(data, 'big'):0{len(data) * 8}b}" if data else ""
    return [bit == "1" for bit in text[:count]]


def _mime_type(view: View) -> str:
    return guess_type(f"x{view.details.main_suffix}")[0] or "application/octet-stream"


# --- limits


def _limit(name: str, direction: str) -> Callable[[View], int]:
    def make(view: View) -> int:
        limit = getattr(view.row.limits, direction)
        return limit // KILO if isinstance(limit, int) else view.own(name, 0)

    return make


def _limited(direction: str) -> Callable[[View], bool]:
    return lambda view: isinstance(getattr(view.row.limits, direction), int)


def _mode(limit: float | str | None) -> int:
    return GLOBAL if limit is None else UNLIMITED if limit == "unlimited" else SINGLE


def _idle_mode(row: TorrentRow) -> int:
    return _mode(row.limits.idle_time)


def _idle_limit(view: View) -> int:
    """In minutes. Some use it as a limit of the seeding time, so it is given back as it was set, whatever it does."""
    limit = view.row.limits.idle_time
    kept = view.own("seed_idle_limit", None)
    if not isinstance(limit, int):
        return kept if kept is not None else int(view.session.settings["idle_seeding_limit"])
    return limit // MINUTE


def _ratio_limit(view: View) -> float:
    limit = view.row.limits.ratio
    if isinstance(limit, int | float):
        return limit
    return float(view.own("seed_ratio_limit", view.session.settings["seed_ratio_limit"]))


def _peer_limit(view: View) -> int:
    limit = view.row.limits.peers
    if isinstance(limit, int):
        return limit
    settings = view.session.settings
    return int(settings["peer_limit_per_torrent"] if limit is None else settings["peer_limit_global"])


FIELDS: Final[dict[str, Field]] = {
    "activity_date": Field(lambda view: _whole(view.row.active_at)),
    "added_date": Field(lambda view: _whole(view.row.added_at)),
    "availability": Field(_availability, ("pieces",)),
    "bandwidth_priority": Field(lambda view: parts.PRIORITIES[view.row.priority]),
    "bytes_completed": Field(lambda view: [row.done for row in view.files], ("files",)),
    "comment": Field(lambda view: view.details.comment, ("details",)),
    "corrupt_ever": Field(lambda view: view.row.wasted),
    "creator": Field(lambda view: view.details.created_by, ("details",)),
    "date_created": Field(lambda view: view.details.created_at or 0, ("details",)),
    "desired_available": Field(lambda view: view.details.obtainable, ("details",), _in_swarm),
    "done_date": Field(lambda view: _whole(view.row.completed_at)),
    "download_dir": Field(lambda view: view.row.download_dir),
    "download_limit": Field(_limit("download_limit", "down")),
    "download_limited": Field(_limited("down")),
    "downloaded_ever": Field(lambda view: view.row.downloaded),
    "edit_date": Field(lambda view: _whole(view.row.edited_at)),
    "error": Field(_error),
    "error_string": Field(_error_string, ("trackers",), _tracker_failed),
    "eta": Field(_eta),
    "eta_idle": Field(_eta_idle),
    "file_count": Field(lambda view: view.details.file_count, ("details",)),
    "file_stats": Field(parts.file_stats, ("files",)),
    "files": Field(parts.files, ("files",)),
    "group": Field(lambda view: view.own("group", "")),
    "hash_string": Field(lambda view: view.row.id),
    "have_unchecked": Field(lambda view: view.details.unverified, ("details",), _half_done),
    "have_valid": Field(lambda view: view.row.done),
    "honors_session_limits": Field(lambda view: view.own("honors_session_limits", True)),
    "id": Field(lambda view: view.number),
    "is_finished": Field(lambda view: view.row.state == "finished"),
    "is_private": Field(lambda view: bool(view.row.private)),
    "is_stalled": Field(lambda view: view.row.stalled),
    "labels": Field(lambda view: view.row.labels),
    "left_until_done": Field(lambda view: view.row.left or 0),
    "magnet_link": Field(lambda view: view.details.magnet, ("details",)),
    "manual_announce_time": Field(
        lambda view: NOT_APPLICABLE if view.details.askable_at is None else int(view.details.askable_at), ("details",)
    ),
    "max_connected_peers": Field(_peer_limit),
    "metadata_percent_complete": Field(lambda view: view.row.metadata_progress),
    "name": Field(lambda view: view.row.name),
    "peer_limit": Field(_peer_limit),
    "peers": Field(parts.peers, ("peers",), _in_swarm),
    "peers_connected": Field(lambda view: view.row.peers.connected),
    "peers_from": Field(parts.peers_from, ("peers",), _in_swarm),
    "peers_getting_from_us": Field(lambda view: view.row.peers.up),
    "peers_sending_to_us": Field(lambda view: view.row.peers.down),
    "percent_complete": Field(lambda view: _share(view.row)),
    "percent_done": Field(lambda view: view.row.progress),
    "piece_count": Field(lambda view: view.row.piece_count or 0),
    "piece_size": Field(lambda view: view.row.piece_size or 0),
    "pieces": Field(lambda view: view.pieces.have if view.pieces else "", ("pieces",)),
    "primary_mime_type": Field(_mime_type, ("details",)),
    "priorities": Field(parts.priorities, ("files",)),
    "queue_position": Field(lambda view: view.number - 1 if view.row.queue is None else view.row.queue),
    "rate_download": Field(lambda view: view.row.rate_down),
    "rate_upload": Field(lambda view: view.row.rate_up),
    "recheck_progress": Field(lambda view: view.row.check_progress or 0.0),
    "seconds_downloading": Field(lambda view: view.row.downloading_time),
    "seconds_seeding": Field(lambda view: view.row.seeding_time),
    "seed_idle_limit": Field(_idle_limit),
    "seed_idle_mode": Field(lambda view: _idle_mode(view.row)),
    "seed_ratio_limit": Field(_ratio_limit),
    "seed_ratio_mode": Field(lambda view: _mode(view.row.limits.ratio)),
    "sequential_download": Field(lambda view: view.row.sequential),
    "size_when_done": Field(lambda view: view.row.wanted or 0),
    "start_date": Field(lambda view: _whole(view.row.started_at)),
    "status": Field(_status, ("details",), _without_metadata),
    "torrent_file": Field(lambda view: "" if view.row.size is None else view.session.database),
    "total_size": Field(lambda view: view.row.size or 0),
    "tracker_list": Field(parts.tracker_list, ("details",)),
    "tracker_stats": Field(parts.tracker_stats, ("details", "trackers")),
    "trackers": Field(parts.trackers, ("details",)),
    "upload_limit": Field(_limit("upload_limit", "up")),
    "upload_limited": Field(_limited("up")),
    "upload_ratio": Field(lambda view: _ratio(view.row)),
    "uploaded_ever": Field(lambda view: view.row.uploaded),
    "wanted": Field(parts.wanted, ("files",)),
    "webseeds": Field(lambda view: view.details.webseeds, ("details",)),
    "webseeds_sending_to_us": Field(lambda view: 0),
}
"""`webseeds_sending_to_us` is 0 because we fetch nothing from web seeds."""
