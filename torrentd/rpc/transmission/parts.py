"""The objects within a torrent: files, peers, trackers."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final
from urllib.parse import urlsplit

from torrentd.model.address import parse_address
from torrentd.rpc.transmission.view import View
from torrentd.session.telling.rows import FileRow, PeerRow, TrackerRow

Objects = list[dict[str, Any]]

PRIORITIES: Final = {"skip": 0, "low": -1, "normal": 0, "high": 1}
INACTIVE: Final = 0
WAITING: Final = 1
ACTIVE: Final = 3
"""Transmission's states of an announce; its 2 is a queue, which we do not have"""

_SOURCES: Final = {
    "user": "from_ltep",
    "tracker": "from_tracker",
    "lsd": "from_lpd",
    "dht": "from_dht",
    "pex": "from_pex",
    "incoming": "from_incoming",
}
"""ours -> theirs; peers that the user named count with those that came by an extension message, for want of better"""


def files(view: View) -> Objects:
    size = view.row.piece_size or 1
    objects, offset = [], 0
    for row in view.files:
        end = offset + row.size
        objects.append(
            {
                "bytes_completed": row.done,
                "length": row.size,
                "name": row.path,
                "begin_piece": offset // size,
                "end_piece": -(-end // size),
            }
        )
        offset = end
    return objects


def file_stats(view: View) -> Objects:
    return [
        {"bytes_completed": row.done, "wanted": _wanted(row), "priority": PRIORITIES[row.priority]}
        for row in view.files
    ]


def priorities(view: View) -> list[int]:
    return [PRIORITIES[row.priority] for row in view.files]


def wanted(view: View) -> list[bool]:
    return [_wanted(row) for row in view.files]


def _wanted(row: FileRow) -> bool:
    return row.priority != "skip"


# --- peers


def peers(view: View) -> Objects:
    return [_peer(row) for row in view.peers]


def peers_from(view: View) -> dict[str, int]:
    counted = Counter(_SOURCES.get(row.source, "from_cache") for row in view.peers)
    return {name: counted[name] for name in ("from_cache", *dict.fromkeys(_SOURCES.values()))}


def _peer(row: PeerRow) -> dict[str, Any]:
    address = parse_address(row.address)
    encrypted = row.encryption != "none"
    return {
        "address": address.host,
        "client_is_choked": row.peer_choking,
        "client_is_interested": row.am_interested,
        "client_name": row.client,
        "flag_str": _flags(row, encrypted),
        "is_downloading_from": row.rate_down > 0,
        "is_encrypted": encrypted,
        "is_incoming": row.incoming,
        "is_uploading_to": row.rate_up > 0,
        "is_utp": False,  # we speak TCP only
        "peer_is_choked": row.am_choking,
        "peer_is_interested": row.peer_interested,
        "port": address.port,
        "progress": row.progress,
        "rate_to_client": row.rate_down,
        "rate_to_peer": row.rate_up,
    }


def _flags(row: PeerRow, encrypted: bool) -> str:
    """Transmission's letters, in its order."""
    letters = (
        ("D", row.rate_down > 0),
        ("d", not row.rate_down and row.am_interested),
        ("U", row.rate_up > 0),
        ("u", not row.rate_up and row.peer_interested),
        ("K", not row.peer_choking and not row.am_interested),
        ("?", not row.am_choking and not row.peer_interested),
        ("E", encrypted),
        ("H", row.source == "dht"),
        ("X", row.source == "pex"),
        ("I", row.incoming),
    )
    return "".join(letter for letter, shown in letters if shown)


# --- trackers


def trackers(view: View) -> Objects:
    urls = [(url, tier) for tier, tier_urls in enumerate(view.details.tiers) for url in tier_urls]
    return [{"id": number, "tier": tier, **_url_parts(url)} for number, (url, tier) in enumerate(urls)]


def tracker_list(view: View) -> str:
    return "\n\n".join("\n".join(tier) for tier in view.details.tiers)


def tracker_stats(view: View) -> Objects:
    numbers = {url: number for number, url in enumerate(url for tier in view.details.tiers for url in tier)}
    served = _in_use(view.trackers)
    return [
        _tracker(row, url, numbers.get(url, -1), backup=row is not served)
        for row, url in zip(view.trackers, view.details.in_turn, strict=False)
    ]


def _in_use(rows: list[TrackerRow]) -> TrackerRow | None:
    """The one that serves the torrent, or whose turn it is."""
    return next((row for row in rows if row.status in ("working", "announcing")), rows[0] if rows else None)


def _tracker(row: TrackerRow, url: str, number: int, backup: bool) -> dict[str, Any]:
    """A tracker's numbers come with its announces, so what Transmission knows from scraping is told as of those."""
    last, next_at = int(row.last_at or 0), int(row.next_at or 0)
    succeeded, timed_out = bool(last and not row.failures), bool(row.failures and _timed_out(row.message))
    counted = row.seeders is not None or row.leechers is not None
    state = ACTIVE if row.status == "announcing" else WAITING if row.next_at else INACTIVE
    return {
        "announce_state": state,
        "download_count": _count(row.downloads),
        "has_announced": bool(last),
        "has_scraped": counted,
        "host": _host(url),
        "id": number,
        "is_backup": backup,
        "last_announce_peer_count": row.peers,
        "last_announce_result": "Success" if succeeded else row.message,
        "last_announce_start_time": last,
        "last_announce_succeeded": succeeded,
        "last_announce_time": last,
        "last_announce_timed_out": timed_out,
        "last_scrape_result": "" if counted else row.message,
        "last_scrape_start_time": last if counted else 0,
        "last_scrape_succeeded": counted,
        "last_scrape_time": last if counted else 0,
        "last_scrape_timed_out": timed_out and not counted,
        "leecher_count": _count(row.leechers),
        "next_announce_time": next_at,
        "next_scrape_time": next_at if counted else 0,
        "scrape_state": state if counted else INACTIVE,
        "seeder_count": _count(row.seeders),
        "tier": row.tier,
        **_url_parts(url),
    }


def _url_parts(url: str) -> dict[str, str]:
    folder, slash, last = url.rpartition("/")
    scrape = f"{folder}/scrape{last.removeprefix('announce')}" if slash and last.startswith("announce") else ""
    return {"announce": url, "scrape": scrape, "sitename": sitename(url)}


def sitename(url: str) -> str:
    """The part of the host's name by which people know the site: `example` of `tracker.example.org`."""
    host = _hostname(url)
    labels = host.split(".")
    return host if len(labels) < 2 or labels[-1].isdigit() or ":" in host else labels[-2]


def _host(url: str) -> str:
    """HOST:PORT as far as they are said, with the scheme, as Transmission tells it."""
    scheme, separator, rest = url.partition("://")
    host = rest.split("/", 1)[0].rpartition("@")[2]
    return f"{scheme}{separator}{host}"


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _count(number: int | None) -> int:
    return -1 if number is None else number


def _timed_out(message: str) -> bool:
    """By our own words for it."""
    return "timed out" in message or "within" in message
