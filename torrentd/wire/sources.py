"""The parts of a metainfo that say where to ask: trackers (BEP 3, 12), web seeds (BEP 17, 19), DHT nodes (BEP 5).

None of them is needed to run a torrent, so what cannot be used is left out instead of refusing the torrent.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from urllib.parse import quote_from_bytes, urlsplit

from torrentd.wire.bencode import Value

MAX_TRACKERS = 200
"""URLs kept in all tiers together; each costs an announce."""

MAX_WEB_SEEDS = 100
MAX_NODES = 100
MAX_URL = 4096
"""Bytes; a longer URL does not pass most servers."""

TRACKER_SCHEMES = ("http", "https", "udp")
WEB_SEED_SCHEMES = ("http", "https", "ftp")

_PRINTABLE = string.ascii_letters + string.digits + string.punctuation  # stands as it is; other bytes become %XX
_CONTROLS = bytes(range(0x20)) + b"\x7f"


def clean_url(raw: object, schemes: tuple[str, ...]) -> str:
    """The URL as text, ASCII only; empty if it is none that can be used (wrong scheme, no host, control characters)."""
    if not isinstance(raw, bytes) or len(raw) > MAX_URL:
        return ""
    raw = raw.strip()
    if any(control in raw for control in _CONTROLS):
        return ""
    url = quote_from_bytes(raw, safe=_PRINTABLE)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # a broken IPv6 literal, a port that is no number
        return ""
    return url if usable else ""


def parse_tiers(root: dict[bytes, Value]) -> list[list[str]]:
    """The trackers, each once, in the order of the file. BEP 12: `announce` counts only without an `announce-list`."""
    listed = root.get(b"announce-list")
    seen: dict[str, None] = {}
    tiers = [_tier(tier, seen) for tier in (listed if isinstance(listed, list) else ())]
    tiers = [tier for tier in tiers if tier]
    if not tiers:
        tiers = [tier for tier in [_tier([root.get(b"announce")], seen)] if tier]
    return tiers


def _tier(urls: object, seen: dict[str, None]) -> list[str]:
    tier = []
    for raw in urls if isinstance(urls, list) else ():
        url = clean_url(raw, TRACKER_SCHEMES)
        if url and url not in seen and len(seen) < MAX_TRACKERS:
            seen[url] = None
            tier.append(url)
    return tier


def parse_web_seeds(value: Value | None) -> list[str]:
    """`url-list` (BEP 19) or `httpseeds` (BEP 17): a list of URLs, or a single one."""
    raws: Iterable[Value] = value if isinstance(value, list) else () if value is None else (value,)
    urls = dict.fromkeys(clean_url(raw, WEB_SEED_SCHEMES) for raw in raws)
    return [url for url in urls if url][:MAX_WEB_SEEDS]


def parse_nodes(value: Value | None) -> list[tuple[str, int]]:
    """`nodes`: (host, port) pairs, hosts as written."""
    nodes = []
    for pair in value if isinstance(value, list) else ():
        match pair:
            case [bytes() as host, int() as port] if host.isascii() and 0 < port <= 65535:
                nodes.append((host.decode("ascii"), port))
    return nodes[:MAX_NODES]
