"""`torrent.*` that only look: lists, one torrent, and its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from torrentd.rpc.core.converting import parse_peers
from torrentd.rpc.core.encoded import EncodedRows, TorrentObjects
from torrentd.rpc.core.listing import TorrentObject, matching, narrowed, sorted_rows
from torrentd.rpc.core.registry import Noun, long_poll, needs
from torrentd.rpc.core.schema import Get, Inspect, List, One, Page, Wait
from torrentd.session.control import AddOptions, Control
from torrentd.session.telling.rows import ClosedPeerRow, FileRow, InspectRow, PeerRow, PiecesRow, TrackerRow, WaitRow

T = TypeVar("T")


class TorrentList(msgspec.Struct, frozen=True):
    """`total` counts before offset and limit. With `since`, the torrents are those that changed after that revision;
    `removed` are the ids that are gone, or do not fit the filter any more; `full` says that the revision is unknown
    here (the daemon was restarted, or it is too old) and everything is told."""

    torrents: TorrentObjects
    total: int
    revision: int
    removed: list[str]
    full: bool


class Exported(msgspec.Struct, frozen=True):
    metainfo: bytes
    magnet: str


class TorrentResult(msgspec.Struct, frozen=True):
    torrent: TorrentObject


class Files(msgspec.Struct, frozen=True):
    files: list[FileRow]
    total: int


class Peers(msgspec.Struct, frozen=True):
    """`closed` holds the last connections that ended, and why."""

    peers: list[PeerRow]
    total: int
    closed: list[ClosedPeerRow]


class Trackers(msgspec.Struct, frozen=True):
    trackers: list[TrackerRow]
    total: int


class Reading(Noun):
    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self._encoded = EncodedRows()

    @needs("read")
    def jsonrpc_list(self, params: List) -> TorrentList:
        """Torrents that fit a filter, sorted and paged; or what changed since a revision."""
        changes = self.control.changes(params.since, _columns(params))
        rows = matching(changes.rows, params.filter)
        removed = list(changes.removed)
        if not changes.full and len(rows) < len(changes.rows):
            fitting = {row.id for row in rows}
            removed += [row.id for row in changes.rows if row.id not in fitting]
        page = sorted_rows(rows, params.sort)[params.offset : params.offset + params.limit]
        torrents = self._encoded.array(page, params.fields)
        return TorrentList(torrents, len(rows), changes.revision, removed, changes.full)

    @needs("read")
    def jsonrpc_get(self, params: Get) -> TorrentResult:
        """One torrent."""
        return TorrentResult(narrowed([self.control.row(params.id.lower())], params.fields)[0])

    @needs("read")
    async def jsonrpc_files(self, params: Page) -> Files:
        """The files of a torrent, with progress and priority."""
        rows = await self.control.files(params.id.lower())
        return Files(_page(rows, params), len(rows))

    @needs("read")
    async def jsonrpc_peers(self, params: Page) -> Peers:
        """The connected peers of a torrent, and why the last ones went."""
        rows, closed = await self.control.peers(params.id.lower())
        return Peers(_page(rows, params), len(rows), closed)

    @needs("read")
    async def jsonrpc_trackers(self, params: Page) -> Trackers:
        """The trackers of a torrent, with their own words."""
        rows = await self.control.trackers(params.id.lower())
        return Trackers(_page(rows, params), len(rows))

    @needs("read")
    async def jsonrpc_pieces(self, params: One) -> PiecesRow:
        """Which pieces are there, and how many peers have each."""
        return await self.control.pieces(params.id.lower())

    @needs("read")
    async def jsonrpc_export(self, params: One) -> Exported:
        """The .torrent file in base64, with the trackers that the torrent has now, and the magnet link."""
        return Exported(*await self.control.export(params.id.lower()))

    @needs("control")
    @long_poll
    async def jsonrpc_inspect(self, params: Inspect) -> InspectRow:
        """What a metainfo says, or what a magnet link or a URL leads to, without adding it."""
        if params.metainfo is not None:
            return await self.control.inspect(params.metainfo)
        trackers = None if params.trackers is None else tuple(params.trackers)
        options = AddOptions(trackers=trackers, peers=parse_peers(params.peers))
        if params.url is not None:
            return await self.control.inspect_url(params.url, options, params.timeout)
        return await self.control.inspect_magnet(params.magnet or "", options, params.timeout)

    @needs("read")
    @long_poll
    async def jsonrpc_wait(self, params: Wait) -> WaitRow:
        """Wait until torrents have come as far as asked, or cannot."""
        ids = self.control.ids() if params.ids == "all" else [id.lower() for id in params.ids]
        return await self.control.wait(ids, params.until, params.timeout)


def _columns(params: List) -> set[str] | None:
    """What the answer is made from; None: everything. (`seeding_time` can be sorted by, and nothing filters by it.)"""
    if params.fields is None:
        return None
    return {*params.fields, (params.sort or "").removeprefix("-")}


def _page(rows: Sequence[T], params: Page) -> list[T]:
    end = None if params.limit is None else params.offset + params.limit
    return list(rows[params.offset : end])
