"""UDP tracker packets (BEP 15), for IPv4 and IPv6, with the request string of BEP 41.

A client first gets a connection id (valid for one minute), then announces or scrapes with it. Every answer begins with
an action and the transaction id of its request; an answer of the wrong source or with an unknown transaction is dropped
by who owns the socket, so nothing here looks for either. Timeouts and repetition are not the packets' business.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from urllib.parse import urlsplit

from torrentd.model.errors import TrackerError
from torrentd.wire.addresses import parse_compact
from torrentd.wire.escape import escape_bytes
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer

CONNECT = 0
ANNOUNCE = 1
SCRAPE = 2
ERROR = 3

MAX_SCRAPE = 74
"""Info hashes of one scrape: more do not fit into a datagram (BEP 15)."""

_PROTOCOL = 0x41727101980  # the magic number in the place of a connection id
_EVENTS = {"": 0, "completed": 1, "started": 2, "stopped": 3}
_URL_DATA = 2  # BEP 41's option type
_URL_DATA_SIZE = 255  # the option's length is one byte; longer strings take several options
_MAX_MESSAGE = 2000  # bytes kept of an error's text

_HEAD = struct.Struct(">II")
_REQUEST = struct.Struct(">QII")
_CONNECTED = struct.Struct(">IIQ")
_ANNOUNCE = struct.Struct(">20s20sQQQIIIiH")
_ANNOUNCED = struct.Struct(">IIIII")
_SCRAPED = struct.Struct(">III")


def connect_request(transaction: int) -> bytes:
    """Ask for a connection id. `transaction` is a random number of 32 bits, as in all requests."""
    return _REQUEST.pack(_PROTOCOL, CONNECT, transaction)


def announce_request(
    connection: int,
    transaction: int,
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
    url: str = "",
) -> bytes:
    """Announce. Byte counts; `event` as for HTTP. The path and query of `url` go along (BEP 41)."""
    address = 0  # the tracker takes the packet's source
    body = _ANNOUNCE.pack(info_hash, peer_id, downloaded, left, uploaded, _EVENTS[event], address, key, numwant, port)
    return _REQUEST.pack(connection, ANNOUNCE, transaction) + body + url_data(url)


def scrape_request(connection: int, transaction: int, info_hashes: Sequence[bytes]) -> bytes:
    """Ask for the numbers of up to MAX_SCRAPE torrents."""
    return _REQUEST.pack(connection, SCRAPE, transaction) + b"".join(info_hashes)


def url_data(url: str) -> bytes:
    """BEP 41's options for path and query of `url`; empty when it has neither."""
    parts = urlsplit(url)
    text = parts.path + (f"?{parts.query}" if parts.query else "")
    data = text.encode("utf-8")
    chunks = (data[start : start + _URL_DATA_SIZE] for start in range(0, len(data), _URL_DATA_SIZE))
    return b"".join(bytes((_URL_DATA, len(chunk))) + chunk for chunk in chunks)


def parse_head(packet: bytes) -> tuple[int, int] | None:
    """Action and transaction of an answer; None if it is too short to be one."""
    if len(packet) < _HEAD.size:
        return None
    action, transaction = _HEAD.unpack_from(packet)
    return action, transaction


def parse_connect(packet: bytes) -> int:
    """The connection id. TrackerError for the tracker's error or another kind of answer."""
    _expect(packet, CONNECT, _CONNECTED.size)
    connection: int = _CONNECTED.unpack_from(packet)[2]
    return connection


def parse_announce(packet: bytes, v6: bool) -> Answer:
    """Read the answer to an announce that came over IPv6 or IPv4. TrackerError as above."""
    _expect(packet, ANNOUNCE, _ANNOUNCED.size)
    _, _, interval, leechers, seeders = _ANNOUNCED.unpack_from(packet)
    return Answer(
        interval=float(interval),
        seeders=seeders,
        leechers=leechers,
        peers=parse_compact(packet[_ANNOUNCED.size :], v6),
    )


def parse_scrape(packet: bytes) -> list[ScrapeAnswer]:
    """The numbers in the order of the request; fewer if the tracker sent fewer. TrackerError as above."""
    _expect(packet, SCRAPE, _HEAD.size)
    whole = len(packet) - (len(packet) - _HEAD.size) % _SCRAPED.size
    return [
        ScrapeAnswer(seeders=seeders, leechers=leechers, downloads=downloads)
        for seeders, downloads, leechers in _SCRAPED.iter_unpack(packet[_HEAD.size : whole])
    ]


def _expect(packet: bytes, action: int, size: int) -> None:
    """TrackerError unless the packet is an answer of that action and at least that long."""
    head = parse_head(packet)
    if head is not None and head[0] == ERROR:
        reason = escape_bytes(packet[_HEAD.size : _HEAD.size + _MAX_MESSAGE].rstrip(b"\0"))
        raise TrackerError(reason or "no reason given")
    if head is None or head[0] != action or len(packet) < size:
        raise TrackerError("the tracker sent a malformed packet")
