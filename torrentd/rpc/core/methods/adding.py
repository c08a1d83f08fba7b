"""`torrent.*` that bring something in: torrents, choices of files, peers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET

from torrentd.model.layout import Priority
from torrentd.rpc.core.converting import parse_peers
from torrentd.rpc.core.listing import TorrentObject, narrowed
from torrentd.rpc.core.methods.daemon import Done
from torrentd.rpc.core.registry import Noun, needs
from torrentd.rpc.core.schema import (
    Add,
    FileSelection,
    NamedPeers,
    Rename,
    SetFiles,
    SetTrackers,
    TorrentLimits,
)
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.telling.rows import LimitsRow


class AddResult(msgspec.Struct, frozen=True):
    """`added` is false if the torrent was there already."""

    torrent: TorrentObject
    added: bool


class AddedPeers(msgspec.Struct, frozen=True):
    """How many were new."""

    added: int


class Tiers(msgspec.Struct, frozen=True):
    """The URLs of each tier."""

    tiers: list[list[str]]


class Renamed(msgspec.Struct, frozen=True):
    path: str


class Adding(Noun):
    @needs("control")
    async def jsonrpc_add(self, params: Add) -> AddResult:
        """Add a torrent; answered once it will survive a restart."""
        options = _options(params)
        if params.metainfo is not None:
            id, added = await self.control.add(params.metainfo, options)
        elif params.url is not None:
            id, added = await self.control.add_url(params.url, options)
        else:
            id, added = await self.control.add_magnet(params.magnet or "", options)
        return AddResult(narrowed([self.control.row(id)], params.fields)[0], added)

    @needs("control")
    async def jsonrpc_set_files(self, params: SetFiles) -> Done:
        """Choose which files to download, and how urgently."""
        await self.control.set_files(params.id.lower(), _choices(params.files))
        return Done()

    @needs("control")
    async def jsonrpc_rename(self, params: Rename) -> Renamed:
        """Call a file or folder of a torrent otherwise, here and on the disk."""
        return Renamed(await self.control.rename(params.id.lower(), params.path, params.name))

    @needs("control")
    async def jsonrpc_set_trackers(self, params: SetTrackers) -> Tiers:
        """Change the trackers; those that are new are asked at once, those that go are told so."""
        id = params.id.lower()
        if params.tiers is UNSET:
            return Tiers(await self.control.edit_trackers(id, params.add, params.remove))
        return Tiers(await self.control.set_trackers(id, params.tiers))

    @needs("control")
    async def jsonrpc_add_peers(self, params: NamedPeers) -> AddedPeers:
        """Name peers; they are dialled at once."""
        return AddedPeers(await self.control.add_peers(params.id.lower(), parse_peers(params.peers)))

    @needs("control")
    async def jsonrpc_remove_peers(self, params: NamedPeers) -> Done:
        """Leave peers and forget their addresses; that is no ban, they may come again."""
        await self.control.remove_peers(params.id.lower(), parse_peers(params.peers))
        return Done()


def _options(params: Add) -> AddOptions:
    return AddOptions(
        download_dir=params.download_dir,
        paused=params.paused,
        files=_choices(params.files),
        verify=params.verify,
        peers=parse_peers(params.peers),
        trackers=None if params.trackers is None else tuple(params.trackers),
        if_exists=params.if_exists,
        sequential=params.sequential,
        priority=params.priority,
        stop_after=params.stop_after,
        labels=tuple(dict.fromkeys(params.labels)),
        limits=_limits(params.limits),
    )


def _choices(selections: Iterable[FileSelection]) -> tuple[FileChoice, ...]:
    return tuple(FileChoice(Priority[chosen.priority.upper()], chosen.index, chosen.glob) for chosen in selections)


def _limits(given: TorrentLimits) -> LimitsRow:
    return LimitsRow(**msgspec.structs.asdict(given))
