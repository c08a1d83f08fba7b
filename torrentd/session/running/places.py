"""Where the files of torrents lie, and that no new one writes over those of another.

Two torrents may lie in the same files: the same content under other trackers is found by a check, and both seed it. But
if a file is of another size in one of them, it is another file, and each would undo what the other claims to have.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from torrentd.model.errors import RpcError, TorrentdError
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.state.records import Broken
from torrentd.wire.escape import escape
from torrentd.wire.metainfo import parse
from torrentd.wire.renaming import renamed

if TYPE_CHECKING:
    from torrentd.model.layout import Layout
    from torrentd.session.around import Around
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.state.records import Stored
    from torrentd.wire.metainfo import Metainfo
    from torrentd.wire.names import Path


class Places:
    """Who may be where. An index says of nearly all new torrents that nobody is where they go, so that of thousands
    each costs no walk over all the others."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._taken: set[int] = set()
        """hashes of the roots where a torrent is, or was"""
        self._coming: dict[bytes, tuple[str, Layout]] = {}
        """where those will be that are being recorded"""

    def note(self, torrent: TorrentSession | Sleeper) -> None:
        """A torrent is here, or is somewhere else now."""
        self._taken.add(hash(root(torrent)))

    @asynccontextmanager
    async def entering(self, metainfo: Metainfo, download_dir: str) -> AsyncIterator[None]:
        """Around the recording of a new torrent. RpcError("path_not_allowed") if another one of the same name in that
        directory, which is here or comes at the same time, has a file of the same path and another size."""
        place, layout = inside(download_dir, (metainfo.name,)), metainfo.layout
        for there, other in self._coming.values():
            if there == place:
                _refuse("another torrent that is being added", _differs(layout, other))
        self._coming[metainfo.info_hash] = place, layout
        try:
            if hash(place) in self._taken:
                await self._check(metainfo, place)
            yield
        finally:
            del self._coming[metainfo.info_hash]

    async def _check(self, metainfo: Metainfo, place: str) -> None:
        host = self._around.host
        for info_hash, other in list(self._around.torrents.items()):
            if isinstance(other, MagnetSession) or root(other) != place:
                continue
            if isinstance(other, Sleeper):
                try:
                    stored = await host.state.stored(info_hash)
                except LookupError:
                    continue  # removed meanwhile
                path = await host.workers.run(_differs_from_stored, metainfo.layout, stored)
            else:
                path = await host.workers.run(_differs, metainfo.layout, other.metainfo.layout)
            name = other.row.name if isinstance(other, Sleeper) else other.metainfo.name
            if info_hash in self._around.torrents:  # still
                _refuse(f"{escape(name)}, another torrent,", path)


def _refuse(who: str, path: Path | None) -> None:
    if path is not None:
        words = f"{who} has {escape('/'.join(path))} there, of another size"
        raise RpcError("path_not_allowed", words, path="download_dir")


def inside(directory: str, path: Path) -> str:
    """What the path of everything at and below a path begins with."""
    return "/".join((directory.rstrip("/"), *path, ""))


def root(torrent: TorrentSession | Sleeper) -> str:
    """What the paths of all files of a torrent begin with."""
    if isinstance(torrent, Sleeper):
        return inside(torrent.row.download_dir, (torrent.row.name,))
    return inside(torrent.facts.download_dir, (torrent.metainfo.name,))


def _differs(one: Layout, other: Layout) -> Path | None:
    """The first file of the one that is of another size in the other."""
    sizes = {entry.path: entry.size for entry in other.files if not entry.padding}
    files = (entry for entry in one.files if not entry.padding)
    return next((entry.path for entry in files if sizes.get(entry.path, entry.size) != entry.size), None)


def _differs_from_stored(one: Layout, stored: Stored | Broken) -> Path | None:
    """The same of a torrent that sleeps. Who cannot be used is in nobody's way."""
    if isinstance(stored, Broken):
        return None
    try:
        return _differs(one, renamed(parse(stored.metainfo), stored.names).layout)
    except (TorrentdError, ValueError):
        return None
