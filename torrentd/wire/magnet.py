"""Magnet links (BEP 9, 53): text to a `Magnet` and back.

Which torrent is meant and which files of it are wanted is read to the letter. What only helps (trackers, peers, web
seeds, the size) is taken as far as it can be used, as in a .torrent file.
"""

from __future__ import annotations

import binascii
import re
from base64 import b32decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, unquote_to_bytes

from torrentd.model.address import Address, Scope, parse_address, scope
from torrentd.model.errors import MetainfoError
from torrentd.model.ids import InfoHash
from torrentd.wire.file_facts import MAX_TOTAL
from torrentd.wire.metainfo import Metainfo
from torrentd.wire.names import clean_component
from torrentd.wire.sources import MAX_TRACKERS, MAX_WEB_SEEDS, TRACKER_SCHEMES, WEB_SEED_SCHEMES, clean_url

MAX_LENGTH = 64 * 1024
"""Characters of a link: 200 trackers and more."""

MAX_PEERS = 100
"""Peers of a link that are kept: as many as the user may name."""

MAX_FILE = 2_500_000
"""The highest index a selection may name; a metainfo cannot hold so many files."""

PREFIX = "magnet:?"
_BTIH, _BTMH = "urn:btih:", "urn:btmh:"
_SHA256 = "1220"
"""How a multihash says: SHA-256, 32 bytes."""

_SELECTED = re.compile(r"([0-9]{1,7})(?:-([0-9]{1,7}))?")
_NUMBER = re.compile(r"[0-9]{1,15}")
_NUMBERED = re.compile(r"^(xt|tr|ws|x\.pe)\.[0-9]{1,9}$")
"""Some write `tr.1`, `tr.2` for what may simply be repeated."""

Range: TypeAlias = tuple[int, int]
"""The first and the last index of some files."""


@dataclass(frozen=True, slots=True)
class Magnet:
    """What a link says. At least one of the hashes is there."""

    hash_v1: InfoHash | None
    hash_v2: InfoHash | None = None
    name: str = ""
    """`dn`; empty: not said. Made safe as the names of files are; escape it before showing"""
    size: int | None = None
    """`xl`, bytes as the link claims"""
    trackers: tuple[str, ...] = ()
    webseeds: tuple[str, ...] = ()
    peers: tuple[Address, ...] = ()
    selection: tuple[Range, ...] = ()
    """`so`: the files that are wanted, in ascending order; empty: not said, so all of them"""

    @property
    def v2_only(self) -> bool:
        """Whether there is nothing that v1 could fetch."""
        return self.hash_v1 is None

    @property
    def id(self) -> str:
        """The torrent's id, in hex."""
        return (self.hash_v1 or self.hash_v2 or InfoHash(b"")).hex()

    def selected(self, count: int) -> list[bool]:
        """Of a torrent of so many files: which the link wants."""
        wanted = [not self.selection] * count
        for first, last in self.selection:
            for index in range(first, min(last + 1, count)):
                wanted[index] = True
        return wanted


def parse(text: str) -> Magnet:
    """Read a link. MetainfoError says what is wrong with it."""
    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise MetainfoError(f"the magnet link is {len(text)} characters long; {MAX_LENGTH} are read")
    if text[: len(PREFIX)].lower() != PREFIX:
        raise MetainfoError(f"a magnet link begins with {PREFIX!r}")
    said = _parameters(text[len(PREFIX) :])
    hash_v1, hash_v2 = _hashes(said.get("xt", []))
    return Magnet(
        hash_v1=hash_v1,
        hash_v2=hash_v2,
        name=_name(said.get("dn", [])),
        size=_size(said.get("xl", [])),
        trackers=_urls(said.get("tr", []), TRACKER_SCHEMES, MAX_TRACKERS),
        webseeds=_urls(said.get("ws", []), WEB_SEED_SCHEMES, MAX_WEB_SEEDS),
        peers=_peers(said.get("x.pe", [])),
        selection=_selection(said.get("so", [])),
    )


def make(magnet: Magnet) -> str:
    """The link, which `parse` reads. What does not fit into MAX_LENGTH is left out, from the end."""
    link = PREFIX
    for part in _parts(magnet):
        longer = f"{link}{'' if link is PREFIX else '&'}{part}"
        if len(longer) > MAX_LENGTH:
            break
        link = longer
    return link


def of_metainfo(metainfo: Metainfo) -> Magnet:
    """The link of a torrent whose metainfo is here. A private torrent's trackers are its secret, but without them the
    link would lead nowhere: they are in it."""
    return Magnet(
        hash_v1=metainfo.hash_v1,
        hash_v2=metainfo.hash_v2,
        name=metainfo.name,
        size=metainfo.size,
        trackers=tuple(url for tier in metainfo.tiers for url in tier),
        webseeds=tuple(metainfo.webseeds),
    )


# --- reading


def _parameters(query: str) -> dict[str, list[str]]:
    """Raw values by key, both as written; keys in lower case, without a number."""
    said: dict[str, list[str]] = {}
    for parameter in query.split("&"):
        key, _, value = parameter.partition("=")
        key = _NUMBERED.sub(r"\1", key.lower())
        said.setdefault(key, []).append(value)
    return said


def _text(value: str) -> str:
    return unquote_to_bytes(value).decode("utf-8", "replace")


def _hashes(values: list[str]) -> tuple[InfoHash | None, InfoHash | None]:
    """The v1 and the v2 hash. Topics of other networks are passed over."""
    topics = [_text(value) for value in values]
    v1 = {_v1_hash(topic[len(_BTIH) :]) for topic in topics if topic.lower().startswith(_BTIH)}
    v2 = {_v2_hash(topic[len(_BTMH) :]) for topic in topics if topic.lower().startswith(_BTMH)}
    if len(v1) > 1 or len(v2) > 1:
        raise MetainfoError("the magnet link names more than one torrent")
    if not v1 and not v2:
        raise MetainfoError("the magnet link names no torrent: xt=urn:btih:... is missing")
    return (*v1, None)[0], (*v2, None)[0]


def _v1_hash(text: str) -> InfoHash:
    try:
        if len(text) == 40:
            return InfoHash(binascii.unhexlify(text))
        if len(text) == 32:
            return InfoHash(b32decode(text, casefold=True))
    except ValueError:  # binascii.Error is one; so is what is not ASCII
        pass
    raise MetainfoError("xt: urn:btih: is followed by 40 hex digits, or 32 of base32")


def _v2_hash(text: str) -> InfoHash:
    try:
        if len(text) == 68 and text.startswith(_SHA256):
            return InfoHash(binascii.unhexlify(text[len(_SHA256) :]))
    except ValueError:
        pass
    raise MetainfoError(f"xt: urn:btmh: is followed by {_SHA256} and 64 hex digits")


def _name(values: list[str]) -> str:
    """The first that is one. Many write a space as `+`."""
    names = (clean_component(unquote_to_bytes(value.replace("+", " "))) for value in values)
    return next(filter(None, names), "")


def _size(values: list[str]) -> int | None:
    sizes = (int(value) for value in values if _NUMBER.fullmatch(value))
    return next((size for size in sizes if 0 < size <= MAX_TOTAL), None)


def _urls(values: Iterable[str], schemes: tuple[str, ...], most: int) -> tuple[str, ...]:
    urls = dict.fromkeys(clean_url(unquote_to_bytes(value), schemes) for value in values)
    return tuple(url for url in urls if url)[:most]


def _peers(values: Iterable[str]) -> tuple[Address, ...]:
    """Those that can be dialled; names of hosts are not looked up."""
    found: dict[Address, None] = {}
    for value in values:
        try:
            address = parse_address(_text(value))
        except ValueError:
            continue
        if address.port and scope(address.host) is not Scope.INVALID:
            found[address] = None
    return tuple(found)[:MAX_PEERS]


def _selection(values: Iterable[str]) -> tuple[Range, ...]:
    """Ranges in ascending order that neither overlap nor touch."""
    ranges = sorted(_range(part) for value in values for part in _text(value).split(","))
    joined: list[Range] = []
    for first, last in ranges:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def _range(part: str) -> Range:
    match = _SELECTED.fullmatch(part)
    if match is None:
        raise MetainfoError("so: files are selected as in 0,2,4-8")
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise MetainfoError(f"so: the range {first}-{last} is empty")
    if last > MAX_FILE:
        raise MetainfoError(f"so: no torrent has a file {last}")
    return first, last


# --- writing


def _parts(magnet: Magnet) -> Iterator[str]:
    """What must be there first, what only helps last."""
    if magnet.hash_v1:
        yield f"xt={_BTIH}{magnet.hash_v1.hex()}"
    if magnet.hash_v2:
        yield f"xt={_BTMH}{_SHA256}{magnet.hash_v2.hex()}"
    if magnet.selection:
        yield "so=" + ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in magnet.selection)
    if magnet.name:
        yield f"dn={quote(magnet.name, safe='')}"
    if magnet.size:
        yield f"xl={magnet.size}"
    yield from (f"x.pe={peer}" for peer in magnet.peers)
    yield from (f"tr={quote(url, safe='')}" for url in magnet.trackers)
    yield from (f"ws={quote(url, safe='')}" for url in magnet.webseeds)
