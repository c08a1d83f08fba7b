"""HTTP trackers: what we ask (BEP 3, 7, 23) and what they say (BEP 7, 23, 24, 31, 48).

Answers are read tolerantly, since every tracker is somebody's own program: a field of the wrong type counts as not
said, what follows the dictionary is ignored. Yet an answer that is no dictionary, or says nothing that an announce
could be asking for, is an error, so that the next tracker of the tier gets its turn.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from math import inf
from urllib.parse import quote, quote_from_bytes, urldefrag

from torrentd.model.address import Address
from torrentd.model.errors import TrackerError
from torrentd.wire import bencode
from torrentd.wire.addresses import parse_compact, v6_text
from torrentd.wire.bencode import BencodeError, Value
from torrentd.wire.escape import escape
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer

MAX_PEERS = 3000
"""Peers read of one answer: as many as a torrent keeps candidates."""

MAX_NAMES = 50
"""Host names read of one answer: each costs a name resolution, and 50 peers are all a torrent connects to."""

MAX_TEXT = 500
"""Characters kept of a tracker's words."""

MAX_TRACKER_ID = 256
"""Bytes of a tracker id that we send back; a longer one is not kept (it would have to fit into a URL)."""

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


def announce_url(
    url: str,
    *,
    info_hash: bytes,
    peer_id: bytes,
    port: int,
    uploaded: int,
    downloaded: int,
    left: int,
    event: str = "",
    numwant: int = 50,
    key: int = 0,
    tracker_id: bytes = b"",
    ipv4: str = "",
    ipv6: str = "",
) -> str:
    """The URL of one announce. Byte counts; `event` is "started", "stopped", "completed" or "" (periodic).

    `key` is a number of 32 bits that stays the same while our address changes; `ipv4` and `ipv6` (BEP 7) name
    addresses of ours that the tracker cannot see.
    """
    fields: list[tuple[str, str | bytes]] = [
        ("info_hash", info_hash),
        ("peer_id", peer_id),
        ("port", str(port)),
        ("uploaded", str(uploaded)),
        ("downloaded", str(downloaded)),
        ("left", str(left)),
        ("compact", "1"),
        ("no_peer_id", "1"),
        ("event", event),
        ("numwant", str(numwant)),
        ("key", f"{key:08x}"),
        ("trackerid", tracker_id),
        ("ipv4", ipv4),
        ("ipv6", ipv6),
    ]
    return _with_query(url, fields)


def scrape_url(url: str, info_hash: bytes) -> str | None:
    """The URL that asks for one torrent's numbers; None if the tracker has none.

    BEP 48's convention: what follows the last slash must begin with `announce`, which becomes `scrape`.
    """
    head, slash, tail = urldefrag(url).url.rpartition("/")
    if not tail.startswith("announce") or not url.startswith(("http://", "https://")):
        return None
    return _with_query(f"{head}{slash}scrape{tail.removeprefix('announce')}", [("info_hash", info_hash)])


def parse_answer(body: bytes) -> Answer:
    """Read an announce's answer. TrackerError with the tracker's reason (escaped), or with what is wrong."""
    fields = _dictionary(body)
    if not fields.keys() & {b"interval", b"peers", b"peers6"}:
        raise TrackerError("the answer holds neither peers nor an interval")
    peers, names = _peers(fields.get(b"peers"))
    peers6 = fields.get(b"peers6")
    if isinstance(peers6, bytes):
        peers += parse_compact(peers6[: 18 * MAX_PEERS], v6=True)
    tracker_id = fields.get(b"tracker id")
    return Answer(
        interval=_seconds(fields.get(b"interval")),
        min_interval=_seconds(fields.get(b"min interval")),
        seeders=_count(fields.get(b"complete")),
        leechers=_count(fields.get(b"incomplete")),
        downloads=_count(fields.get(b"downloaded")),
        peers=peers[:MAX_PEERS],
        names=names[:MAX_NAMES],
        warning=_text(fields.get(b"warning message")),
        tracker_id=tracker_id if isinstance(tracker_id, bytes) and len(tracker_id) <= MAX_TRACKER_ID else b"",
        external_ips=_external_ips(fields.get(b"external ip")),
    )


def parse_scrape(body: bytes, info_hash: bytes) -> ScrapeAnswer:
    """Read a scrape's answer for one torrent; empty if the tracker does not list it. TrackerError as above."""
    files = _dictionary(body).get(b"files")
    if not isinstance(files, dict):
        raise TrackerError("the answer holds no files")
    numbers = files.get(info_hash)
    if not isinstance(numbers, dict):
        return ScrapeAnswer()
    return ScrapeAnswer(
        seeders=_count(numbers.get(b"complete")),
        leechers=_count(numbers.get(b"incomplete")),
        downloads=_count(numbers.get(b"downloaded")),
    )


def _with_query(url: str, fields: list[tuple[str, str | bytes]]) -> str:
    query = "&".join(f"{name}={_quote(value)}" for name, value in fields if value)
    base = urldefrag(url).url
    joint = "&" if "?" in base else "?"
    return f"{base}{joint}{query}"


def _quote(value: str | bytes) -> str:
    return quote_from_bytes(value, safe="") if isinstance(value, bytes) else quote(value, safe="")


def _dictionary(body: bytes) -> dict[bytes, Value]:
    try:
        value, _ = bencode.decode_prefix(body, bencode.TRACKER)
    except BencodeError as error:
        raise TrackerError(f"the answer is not bencoded: {error}") from None
    if not isinstance(value, dict):
        raise TrackerError("the answer is not a dictionary")
    if b"failure reason" in value:
        reason = escape(_text(value[b"failure reason"])) or "no reason given"
        raise TrackerError(reason, retry_in=_retry_in(value.get(b"retry in")))
    return value


def _retry_in(value: Value | None) -> float | None:
    """BEP 31: minutes, or "never"; as seconds."""
    if value == b"never":
        return inf
    if isinstance(value, bytes) and value.isdigit() and len(value) < 10:
        value = int(value)
    return value * 60.0 if isinstance(value, int) and value >= 0 else None


def _peers(value: Value | None) -> tuple[list[Address], list[tuple[str, int]]]:
    """The compact form (BEP 23) or the list of dictionaries (BEP 3); the latter may hold host names."""
    if isinstance(value, bytes):
        return parse_compact(value[: 6 * MAX_PEERS]), []
    addresses: list[Address] = []
    names: list[tuple[str, int]] = []
    for peer in value if isinstance(value, list) else ():
        host, port = (peer.get(b"ip"), peer.get(b"port")) if isinstance(peer, dict) else (None, None)
        if isinstance(host, bytes) and isinstance(port, int) and 0 < port <= 65535:
            _sort_in(host.decode("ascii", "replace"), port, addresses, names)
    return addresses, names


def _sort_in(host: str, port: int, addresses: list[Address], names: list[tuple[str, int]]) -> None:
    try:
        ip = ip_address(host)
    except ValueError:
        if _HOST_NAME.fullmatch(host):
            names.append((host, port))
    else:
        text = v6_text(ip.packed) if ip.version == 6 else str(ip)
        addresses.append(Address(text, port))


def _seconds(value: Value | None) -> float | None:
    return float(value) if isinstance(value, int) and value >= 0 else None


def _count(value: Value | None) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _text(value: Value | None) -> str:
    return value[: 4 * MAX_TEXT].decode("utf-8", "replace")[:MAX_TEXT] if isinstance(value, bytes) else ""


def _external_ips(value: Value | None) -> tuple[str, ...]:
    """BEP 24: 4 or 16 bytes."""
    if not isinstance(value, bytes) or len(value) not in (4, 16):
        return ()
    return (v6_text(value) if len(value) == 16 else str(ip_address(value)),)
