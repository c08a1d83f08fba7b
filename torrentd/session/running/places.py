"""Where the files of torrents lie, and that no new one writes over those of another.

Two torrents may lie in the same files: the same content under other trackers is found by a check, and both seed it. But
if a file is of another size in one of them, it is another file, and each would undo what the other claims to have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError

from torrentd.model.errors import RpcError
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.model.layout import Layout
    from torrentd.session.around import Around
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.wire.metainfo import Metainfo
    from torrentd.wire.names import Path


class Places:
    """Who may be where. An index says of nearly all new torrents that nobody is where they go, so that of thousands
    each costs no walk over all the others."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._taken: set[int] = set()
        """hashes of the roots where a torrent is, or was"""

    def note(self, torrent: TorrentSession | Sleeper) -> None:
        """A torrent is here, or is somewhere else now."""
        self._taken.add(hash(root(torrent)))

    async def check(self, metainfo: Metainfo, download_dir: str) -> None:
        """RpcError("path_not_allowed") if a torrent of the same name in that directory has a file of the same path and
        another size."""
        place = inside(download_dir, (metainfo.name,))
        if hash(place) not in self._taken:
            return
        around = self._around
        for info_hash, other in list(around.torrents.items()):
            if isinstance(other, MagnetSession) or root(other) != place or info_hash == metainfo.info_hash:
                continue
            try:
                awake = await around.waking.awake(info_hash)
            except RpcError:
                continue  # removed meanwhile, or its record cannot be used
            except CancelledError:
                if info_hash in around.torrents:
                    raise  # the daemon is stopping
                continue  # removed while it was hashed
            path = await around.host.workers.run(_differs, metainfo.layout, awake.metainfo.layout)
            if path is not None:
                words = f"{awake.name}, another torrent, has {escape('/'.join(path))} there, of another size"
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
