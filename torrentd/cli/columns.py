"""Which columns the tables have. The same columns, in the same order, are what a pipe gets."""

from __future__ import annotations

from typing import Final

from torrentd.cli.exits import USAGE, Failed
from torrentd.cli.sizes import format_limit
from torrentd.cli.tables import Column, eta, moment, number, rate, ratio, share, size, text, yes
from torrentd.cli.times import format_duration, format_limit_of_time

SHORT_ID: Final = 8
"""hex digits of an id for people: enough to type back"""

_STATE_STYLES: Final = {
    "error": "red",
    "checking": "yellow",
    "metadata": "yellow",
    "downloading": "cyan",
    "seeding": "green",
    "paused": "dim",
    "finished": "dim",
    "queued": "dim",
}
_STATUS_STYLES: Final = {"error": "red", "working": "green", "announcing": "cyan"}
_PRIORITY_STYLES: Final = {"skip": "dim", "high": "bold"}

_ID: Final = text("id", "ID", rank=6, show=lambda id: id[:SHORT_ID])
_NAME: Final = text("name", "NAME", flexible=True)

TORRENTS: Final[dict[str, Column]] = {
    column.key: column
    for column in (
        _ID,
        text("hash_v1", "HASH V1", 9),
        text("hash_v2", "HASH V2", 9),
        _NAME,
        text("state", "STATE", 1, style=lambda state: _STATE_STYLES.get(state, "")),
        yes("stalled", "STALLED", 8),
        text("error.message", "ERROR", 2, flexible=True),
        share("progress", "DONE"),
        share("check_progress", "CHECKED", 3),
        size("size", "SIZE", 5),
        size("wanted", "WANTED", 6),
        size("done", "HAVE", 6),
        size("left", "LEFT", 6),
        size("downloaded", "DOWNLOADED", 7),
        size("uploaded", "UPLOADED", 7),
        size("wasted", "WASTED", 9),
        ratio("ratio", "RATIO", 8),
        rate("rate_down", "DOWN", 2),
        rate("rate_up", "UP", 3),
        eta("eta", "ETA", 4),
        number("peers.connected", "PEERS", 7),
        number("peers.seeds", "SEEDS", 7),
        number("peers.down", "FROM", 8),
        number("peers.up", "TO", 8),
        number("peers.known", "KNOWN", 9),
        number("peers.swarm_seeds", "SWARM SEEDS", 9),
        number("peers.swarm_leechers", "SWARM LEECHERS", 9),
        number("queue", "QUEUE", 8),
        text("labels", "LABELS", 8, show=", ".join),
        yes("private", "PRIVATE", 9),
        text("download_dir", "DIRECTORY", 8, flexible=True),
        moment("added_at", "ADDED", 9),
        moment("started_at", "STARTED", 9),
        moment("completed_at", "COMPLETED", 9),
        moment("active_at", "ACTIVE", 9),
        moment("edited_at", "EDITED", 9),
        text("downloading_time", "DOWNLOADING", 9, right=True, show=format_duration),
        text("seeding_time", "SEEDED", 9, right=True, show=format_duration),
        text("tracker.host", "TRACKER", 8),
        text("tracker.status", "STATUS", 8),
        moment("tracker.next_at", "NEXT ANNOUNCE", 9),
        text("limits.down", "LIMIT DOWN", 9, right=True, show=format_limit),
        text("limits.up", "LIMIT UP", 9, right=True, show=format_limit),
        text("limits.peers", "LIMIT PEERS", 9, right=True),
        text("limits.ratio", "LIMIT RATIO", 9, right=True),
        text("limits.seed_time", "LIMIT SEEDED", 9, right=True, show=format_limit_of_time),
        text("limits.idle_time", "LIMIT IDLE", 9, right=True, show=format_limit_of_time),
        yes("sequential", "SEQUENTIAL", 9),
        text("priority", "PRIORITY", 9),
        number("piece_count", "PIECES", 9),
        size("piece_size", "PIECE SIZE", 9),
        share("metadata_progress", "METADATA", 9),
    )
}
"""Every column that `list` can show."""

LIST: Final = tuple(
    TORRENTS[key]
    for key in (
        "id",
        "name",
        "state",
        "progress",
        "size",
        "rate_down",
        "rate_up",
        "eta",
        "peers.connected",
        "ratio",
    )
)

FILES: Final = (
    number("index", "#"),
    text("path", "PATH", flexible=True),
    size("size", "SIZE", 1),
    share("progress", "DONE"),
    text("priority", "PRIORITY", 2, style=lambda priority: _PRIORITY_STYLES.get(priority, "")),
)

PEERS: Final = (
    text("address", "ADDRESS", flexible=True),
    text("client", "CLIENT", 5, flexible=True),
    text("source", "SOURCE", 7),
    share("progress", "HAS", 1),
    rate("rate_down", "DOWN", 2),
    rate("rate_up", "UP", 2),
    size("downloaded", "DOWNLOADED", 6),
    size("uploaded", "UPLOADED", 6),
    number("requests_out", "ASKED", 8),
    number("requests_in", "ASKS", 8),
    yes("am_interested", "WE WANT", 9),
    yes("peer_choking", "CHOKES US", 9),
    yes("peer_interested", "WANTS", 9),
    yes("am_choking", "WE CHOKE", 9),
    yes("snubbed", "SNUBBED", 9),
    yes("incoming", "INCOMING", 9),
    text("encryption", "ENCRYPTION", 9),
    yes("fast", "FAST", 9),
    yes("upload_only", "UPLOADS ONLY", 9),
    text("extensions", "EXTENSIONS", 9, show=", ".join),
    text("listens", "LISTENS", 9),
)

TRACKERS: Final = (
    number("tier", "TIER", 3),
    text("url", "URL", flexible=True),
    text("status", "STATUS", style=lambda status: _STATUS_STYLES.get(status, "")),
    number("seeders", "SEEDERS", 2),
    number("leechers", "LEECHERS", 2),
    moment("last_at", "LAST", 5),
    moment("next_at", "NEXT", 4),
    number("failures", "FAILURES", 6),
    text("message", "MESSAGE", 1, flexible=True),
)

INSPECTED_FILES: Final = (
    text("path", "PATH", flexible=True),
    size("size", "SIZE"),
    text("attr", "ATTR", 1),
)

_UNORDERED: Final = frozenset({"labels"})
SORTABLE: Final = tuple(key for key in TORRENTS if "." not in key and key not in _UNORDERED)
"""What `list --sort` takes."""


def sort_key(key: str) -> str:
    """`key` or `-key`. ValueError tells what there is."""
    if key.removeprefix("-") not in SORTABLE:
        raise ValueError(f"{key!r} is no key to sort by; there are: {', '.join(SORTABLE)}")
    return key


def chosen(names: str) -> tuple[Column, ...]:
    """The columns of `--columns name,state,peers.connected`. Failed names the first that does not exist."""
    keys = [name.strip() for name in names.split(",") if name.strip()]
    for key in keys:
        if key not in TORRENTS:
            raise Failed(f"there is no column {key!r}; there are: {', '.join(TORRENTS)}", USAGE)
    if not keys:
        raise Failed("--columns wants at least one column", USAGE)
    return tuple(TORRENTS[key] for key in keys)
