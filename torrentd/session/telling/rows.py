"""What the session tells about itself: the objects of the API (API names; bytes, bytes/s, Unix seconds, seconds).

`None` is "unknown". These types are the one definition: the RPC layer validates, documents and encodes from them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from torrentd.policy.rates.weights import TorrentPriority

State = Literal["error", "moving", "checking", "metadata", "paused", "finished", "queued", "seeding", "downloading"]
FilePriority = Literal["skip", "low", "normal", "high"]


class ErrorRow(msgspec.Struct, frozen=True):
    """What stops this torrent. `source` is "storage", "metadata" or "state"."""

    code: str
    message: str
    source: str


class PeersSummary(msgspec.Struct, frozen=True):
    connected: int
    seeds: int
    down: int
    """peers we receive from"""
    up: int
    """peers we send to"""
    known: int
    swarm_seeds: int | None
    swarm_leechers: int | None


JobKind = Literal["verify", "move", "delete"]
JobState = Literal["running", "cancelling", "done", "failed", "cancelled"]


class JobError(msgspec.Struct, frozen=True):
    code: str
    message: str


class JobRow(msgspec.Struct, frozen=True):
    """`done` and `total` in bytes, times in Unix seconds."""

    id: int
    kind: JobKind
    torrent: str
    state: JobState
    progress: float
    done: int
    total: int
    started_at: float
    ended_at: float | None
    error: JobError | None
    cancellable: bool


class TrackerSummary(msgspec.Struct, frozen=True):
    host: str
    status: str
    """`waiting`, "working", "announcing", "error" or "disabled"; the words of the last failure are in `.trackers`"""
    next_at: float | None


class LimitsRow(msgspec.Struct, frozen=True):
    """Per torrent: a number, "unlimited", or null (inherit)."""

    down: int | Literal["unlimited"] | None = None
    up: int | Literal["unlimited"] | None = None
    peers: int | Literal["unlimited"] | None = None
    ratio: float | Literal["unlimited"] | None = None
    seed_time: int | Literal["unlimited"] | None = None
    idle_time: int | Literal["unlimited"] | None = None


class TorrentRow(msgspec.Struct, frozen=True):
    """The torrent object. Names are as in the metainfo, made valid text; whoever shows them escapes them."""

    id: str
    hash_v1: str | None
    hash_v2: str | None
    name: str
    state: State
    stalled: bool
    error: ErrorRow | None
    progress: float
    size: int | None
    """null, as everything that the metadata tells, until that is here"""
    wanted: int | None
    done: int
    left: int | None
    downloaded: int
    uploaded: int
    wasted: int
    ratio: float | None
    rate_down: int
    rate_up: int
    eta: int | None
    peers: PeersSummary
    queue: int | None
    labels: list[str]
    private: bool | None
    download_dir: str
    added_at: float
    started_at: float | None
    completed_at: float | None
    active_at: float | None
    seeding_time: int
    tracker: TrackerSummary | None
    limits: LimitsRow
    sequential: bool
    piece_count: int | None
    piece_size: int | None
    metadata_progress: float
    check_progress: float | None
    """while state is "checking": 0.0 to 1.0"""
    downloading_time: int = 0
    """seconds in the swarm with something wanted missing"""
    edited_at: float = 0.0
    """when the user last changed something of it, or its metadata came"""
    priority: TorrentPriority = "normal"
    """against other torrents"""


class FileRow(msgspec.Struct, frozen=True):
    index: int
    path: str
    """relative to download_dir, "/" between components"""
    size: int
    done: int
    progress: float
    priority: FilePriority


class PeerRow(msgspec.Struct, frozen=True):
    address: str
    client: str
    incoming: bool
    source: str
    am_choking: bool
    am_interested: bool
    peer_choking: bool
    peer_interested: bool
    snubbed: bool
    progress: float
    rate_down: int
    rate_up: int
    downloaded: int
    uploaded: int
    requests_out: int
    requests_in: int
    connected_at: float
    encryption: str
    listens: str | None = None
    """where it accepts connections, as far as known"""
    fast: bool = False
    """both sides speak the fast extension (BEP 6)"""
    upload_only: bool = False
    """it says that it wants nothing (BEP 21)"""
    extensions: list[str] = []
    """what it offers of the extensions that we know (BEP 10), by name"""


class ClosedPeerRow(msgspec.Struct, frozen=True):
    address: str
    reason: str
    at: float


class TrackerRow(msgspec.Struct, frozen=True):
    url: str
    """without user, password and passkey-like parts of the query"""
    tier: int
    status: str
    message: str
    """the tracker's own words (failure or warning) or ours about why it failed; escaped"""
    seeders: int | None
    leechers: int | None
    downloads: int | None
    last_at: float | None
    next_at: float | None
    failures: int
    peers: int = 0
    """in its last answer"""


class PiecesRow(msgspec.Struct, frozen=True):
    count: int
    size: int
    have: str
    """base64 of the bitfield"""
    availability: list[int] | None


class DhtRow(msgspec.Struct, frozen=True):
    nodes: int


class RatesRow(msgspec.Struct, frozen=True):
    down: int
    up: int


Rate = int | Literal["unlimited"]
"""Bytes per second."""


def rate_row(rate: int | None) -> Rate:
    """None is unlimited."""
    return "unlimited" if rate is None else rate


class AlternativeRow(msgspec.Struct, frozen=True):
    """Rate limits that the schedule, or the user, puts in force."""

    down: Rate
    up: Rate
    enabled: bool
    """they are in force now"""
    schedule: list[str]
    """local time, such as "mon-fri 22:00-06:00"; empty: there is none"""


class DhtNodeRow(msgspec.Struct, frozen=True):
    """One of our nodes: there is one for each address family."""

    id: str
    listen: str
    external_address: str | None
    """as other nodes see it; null until enough of them agree"""


class DhtStatusRow(msgspec.Struct, frozen=True):
    """The DHT; all numbers are 0 while it is off."""

    enabled: bool
    own: list[DhtNodeRow]
    nodes: int
    """in the routing tables"""
    good_nodes: int
    """those of them that were heard of in the last 15 minutes"""
    buckets: int
    stored: dict[str, int]
    """what others announced to us: `torrents` and `peers`"""
    torrents: int
    """ours that are looked up and announced now and then"""
    searches: int
    """under way"""
    rates: RatesRow
    queries: dict[str, int]
    """`sent` by us, `answered` for others, and `dropped` because there were too many, since it was switched on"""


class TorrentCounts(msgspec.Struct, frozen=True):
    total: int
    by_state: dict[str, int]


class TotalsRow(msgspec.Struct, frozen=True):
    downloaded: int
    uploaded: int
    wasted: int
    seconds: int
    files: int = 0
    """of torrents that were added"""
    runs: int = 1
    """starts of the daemon"""


class AllTotals(msgspec.Struct, frozen=True):
    session: TotalsRow
    all_time: TotalsRow


class DiskRow(msgspec.Struct, frozen=True):
    path: str
    free: int | None
    total: int | None


class PortMappingRow(msgspec.Struct, frozen=True):
    """A peer port at a router. While it is not mapped, `external_port` and `expires_in` are null."""

    protocol: Literal["tcp", "udp"]
    port: int
    external_port: int | None
    external_address: str | None
    """the router's, as it says"""
    method: Literal["pcp", "nat-pmp", "upnp"] | None
    """that is tried, or that worked"""
    gateway: str
    expires_in: int | None
    """seconds; it is renewed before"""
    error: str | None


class BlocklistRow(msgspec.Struct, frozen=True):
    """The list of addresses that are not talked to."""

    ranges: int
    refused: int
    """how often an address on it was refused: connections, names of peers, messages of DHT nodes"""
    updated_at: float | None
    """null: what an earlier source said is in force, or nothing yet"""
    error: str | None
    """why the last attempt to read it failed"""


class BanRow(msgspec.Struct, frozen=True):
    """Who is not talked to."""

    network: str
    """an address, a network, or on loopback an address with its port"""
    reason: str
    automatic: bool
    """it was not the user, but torrentd: he did harm in `torrent`"""
    torrent: str | None
    at: float
    until: float | None
    """null: until it is lifted"""


class StatusRow(msgspec.Struct, frozen=True):
    uptime: int
    pid: int
    listen: list[str]
    external_addresses: list[str]
    port_mapping: list[PortMappingRow]
    """empty: switched off, or no router stands between us and the internet"""
    dht: DhtRow
    torrents: TorrentCounts
    rates: RatesRow
    totals: AllTotals
    disk: list[DiskRow]
    connections: int
    blocklist: BlocklistRow | None = None
    """null: none is configured"""


class InspectRow(msgspec.Struct, frozen=True):
    """A metainfo without adding it."""

    id: str
    hash_v1: str | None
    hash_v2: str | None
    name: str
    size: int
    piece_count: int
    piece_size: int
    private: bool
    files: list[FileRow]
    trackers: list[list[str]]
    webseeds: list[str]
    httpseeds: list[str]
    comment: str
    created_by: str
    created_at: int | None


class WaitFailure(msgspec.Struct, frozen=True):
    id: str
    code: int
    message: str


class WaitRow(msgspec.Struct, frozen=True):
    done: list[str]
    pending: list[str]
    failed: list[WaitFailure]
