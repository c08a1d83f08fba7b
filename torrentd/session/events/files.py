"""Files of a torrent that have become complete: every piece of them is verified, flushed and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torrentd.model.bitfield import Bitfield
from torrentd.model.layout import Layout

if TYPE_CHECKING:
    from torrentd.session.running.torrent import TorrentSession


class Files:
    """Of each torrent that was looked at, which files were incomplete then, and how many pieces were there."""

    def __init__(self) -> None:
        self._incomplete: dict[bytes, tuple[int, list[int]]] = {}
        self._since = 0.0

    def begin(self, now: float) -> None:
        """Somebody listens from now on (Unix seconds)."""
        self._since = now

    def completed(self, session: TorrentSession) -> list[tuple[int, str]]:
        """(index, path) of those that became complete since the last look. The first look at a torrent only remembers,
        unless it was added since somebody listens and has come from peers."""
        layout, have = session.metainfo.layout, session.durability.have
        count, before = self._incomplete.get(session.info_hash, (-1, None))
        if count == have.count:
            return []
        if before is None and self._is_new(session):
            before = [index for index, entry in enumerate(layout.files) if entry.size]
        size = session.metainfo.geometry.piece_size
        candidates = range(len(layout.files)) if before is None else before
        still = [index for index in candidates if not _is_complete(layout, index, size, have)]
        self._incomplete[session.info_hash] = have.count, still
        if before is None or len(still) == len(before):
            return []
        left = set(still)
        done = [index for index in before if index not in left and not layout.files[index].padding]
        return [(index, "/".join(layout.files[index].path)) for index in done]

    def _is_new(self, session: TorrentSession) -> bool:
        return session.facts.added_at >= self._since and session.torrent.totals.downloaded > 0

    def forget(self) -> None:
        """Nobody listens any more."""
        self._incomplete.clear()


def _is_complete(layout: Layout, index: int, piece_size: int, have: Bitfield) -> bool:
    return all(piece in have for piece in layout.pieces_of(index, piece_size))
