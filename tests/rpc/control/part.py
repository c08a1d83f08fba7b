"""What the parts of the daemon of the tests have in common."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from tests.rpc.control.rows import ONE, TWO, torrent
from torrentd.model.errors import RpcError
from torrentd.session.events.log import EventLog
from torrentd.session.groups import GroupLimits, Membership
from torrentd.session.telling.rows import (
    AlternativeRow,
    BlocklistRow,
    TorrentRow,
    WaitRow,
)


class Part:
    """Two torrents, a configuration, and what it was told."""

    def __init__(self) -> None:
        self.torrents = {
            ONE: torrent(ONE, "Debian netinst.iso"),
            TWO: torrent(
                TWO, "holiday", state="downloading", labels=[], rate_up=0, eta=90, uploaded=0, tracker=None, ratio=None
            ),
        }
        self.removed: list[str] = []
        self.groups: tuple[dict[str, GroupLimits], dict[str, Membership]] = {}, {}
        self.told: list[tuple[Any, ...]] = []
        self.rates: tuple[int | None, int | None] = (None, 5000)
        self.alternative = AlternativeRow("unlimited", 1000, False, [])
        self.waiting: list[Deferred[WaitRow]] = []
        self.full = False
        self.log = EventLog("e")
        self.keeps: dict[str, object] = {}
        self.blocklist: BlocklistRow | None = BlocklistRow(7, 0, None, None)
        self.config: dict[str, object] = {
            "blocklist.source": "http://b.example/list",
            "discovery.dht": True,
            "discovery.lsd": False,
            "discovery.pex": True,
            "limits.upload": 5000,
            "paths.allowed_roots": [],
            "paths.download_dir": "/downloads",
            "paths.state_dir": "/state",
            "peers.encryption": "prefer",
            "peers.max_connections": 200,
            "peers.max_connections_per_torrent": 50,
            "ports.map": True,
            "queue.downloads": 0,
            "queue.seeds": 0,
            "queue.stalled_after": 60,
            "seeding.idle_time": 0,
            "seeding.ratio": 0.0,
            "storage.disk_queue": 32 * 1024 * 1024,
        }
        self.not_ready: str | None = None

    def row(self, id: str) -> TorrentRow:
        try:
            return self.torrents[id]
        except KeyError:
            raise RpcError("torrent_not_found", "There is no such torrent", id=id) from None

    def _do(self, *told: Any) -> Deferred[None]:
        """One act on one torrent."""
        try:
            self.row(told[1])
        except RpcError as error:
            return fail(error)
        self.told.append(told)
        return succeed(None)
