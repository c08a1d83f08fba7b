"""What of a torrent seldom changes, and what only its session knows: for who wants more than the row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from operator import or_
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from torrentd.model.bitfield import Bitfield
from torrentd.policy.picking.piece_sets import as_integer, bytes_of
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.wire import magnet as magnets
from torrentd.wire.magnet import Magnet

if TYPE_CHECKING:
    from torrentd.session.driven import Driven
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.swarm.torrent import Torrent


class DetailsRow(msgspec.Struct, frozen=True):
    """Texts are as in the metainfo; whoever shows them escapes them."""

    magnet: str
    tiers: list[list[str]]
    """whole announce URLs, passkeys included: for who controls the torrent, and never for a log"""
    in_turn: list[str]
    """the same URLs in the order in which they are tried, which is that of `.trackers`"""
    paused: bool = False
    """by the user, also where the row's state says something else"""
    comment: str = ""
    created_by: str = ""
    created_at: int | None = None
    webseeds: list[str] = []
    file_count: int = 0
    main_suffix: str = ""
    """of the files' names, that with most bytes; with its dot"""
    unverified: int = 0
    """bytes that came of pieces that are not whole"""
    obtainable: int = 0
    """bytes that are wanted and missing, and that connected peers have"""
    askable_at: float | None = None
    """when a tracker may be asked by hand, Unix seconds; None: no tracker, or the torrent does not run"""


def details_row(session: TorrentSession) -> DetailsRow:
    """Of a torrent whose metainfo is here."""
    metainfo, torrent = session.metainfo, session.torrent
    tiers = metainfo.tiers if session.facts.tiers is None else session.facts.tiers
    files = metainfo.layout.files
    return DetailsRow(
        magnet=_link(magnets.of_metainfo(metainfo), tiers),
        tiers=tiers,
        in_turn=[tracker.url for tracker in torrent.trackers],
        paused=session.facts.paused,
        comment=metainfo.comment,
        created_by=metainfo.created_by,
        created_at=metainfo.creation_date,
        webseeds=metainfo.webseeds,
        file_count=len(files),
        main_suffix=_main_suffix((entry.path[-1], entry.size) for entry in files),
        unverified=_unverified(torrent),
        obtainable=_obtainable(torrent),
        askable_at=_askable_at(session),
    )


def magnet_details_row(session: MagnetSession) -> DetailsRow:
    """Of one without metadata."""
    return DetailsRow(
        magnet=_link(session.magnet, session.tiers),
        tiers=session.tiers,
        in_turn=[tracker.url for tracker in session.torrent.trackers],
        paused=session.record.paused,
        webseeds=list(session.magnet.webseeds),
        askable_at=_askable_at(session),
    )


def _link(magnet: Magnet, tiers: list[list[str]]) -> str:
    return magnets.make(replace(magnet, trackers=tuple(url for tier in tiers for url in tier)))


def _main_suffix(files: Iterable[tuple[str, int]]) -> str:
    sizes: Counter[str] = Counter()
    for name, size in files:
        sizes[PurePosixPath(name).suffix.lower()] += size
    return max(sizes, key=lambda suffix: sizes[suffix], default="")


def _unverified(torrent: Torrent) -> int:
    started = [*torrent.storing.values(), *(torrent.requests.started.values() if torrent.requests else ())]
    geometry = torrent.geometry
    return sum(
        geometry.blocks_length(piece.piece, geometry.all_blocks(piece.piece) & ~piece.missing) for piece in started
    )


def _obtainable(torrent: Torrent) -> int:
    if not torrent.peers or not torrent.missing.count:
        return 0
    had = reduce(or_, (as_integer(peer.have) for peer in torrent.peers.values()))
    both = as_integer(torrent.missing) & had
    size = torrent.missing.size
    return bytes_of(torrent.geometry, Bitfield.from_bytes(size, both.to_bytes((size + 7) // 8, "big")))


def _askable_at(session: Driven[Any]) -> float | None:
    trackers = session.torrent.trackers
    if not trackers or not session.torrent.running:
        return None
    wall, now = session.around.host.wall_clock(), session.now()
    return wall + max(0.0, min(tracker.not_before if tracker.told else now for tracker in trackers) - now)
