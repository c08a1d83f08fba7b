"""What torrents want of the DHT, looked at when their turn comes: awake, asleep, or without metadata yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torrentd.dht.events import Search, Untrack
from torrentd.session.sleeping.sleeper import Sleeper

if TYPE_CHECKING:
    from torrentd.session.driven import Driven, Pure

FEW = 10
"""Connected peers below which a download is looked up more often."""


def answer_turn(info_hash: bytes, torrent: Driven[Any] | Sleeper | None, port: int) -> Search | Untrack:
    """What a torrent does with its turn. Private ones have none (BEP 27)."""
    if isinstance(torrent, Sleeper):
        left = bool(torrent.row.left)
        if torrent.runs and not torrent.row.private:
            return Search(info_hash, port, seed=not left, hungry=left)
    elif torrent is not None and torrent.torrent.running and not torrent.private:
        return _search(info_hash, torrent.torrent, port)
    return Untrack(info_hash)


def _search(info_hash: bytes, torrent: Pure, port: int) -> Search:
    return Search(
        info_hash,
        port,
        seed=not torrent.left,
        hungry=not torrent.finished and len(torrent.peers) < FEW,
        urgent=not torrent.finished or bool(torrent.peers),
    )
