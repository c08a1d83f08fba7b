"""A daemon of two torrents that does as it is told at once, and remembers what it was told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from twisted.internet.defer import Deferred, fail, succeed

from torrentd.model.address import Address
from torrentd.model.errors import MetainfoError, RpcError
from torrentd.policy.queueing import Where
from torrentd.session.alternative import AlternativeChanges, Override
from torrentd.session.control import AddOptions, Changes, FileChoice, Wishes
from torrentd.session.events.log import Event, EventLog, Found, Listener, Topic
from torrentd.session.groups import GroupLimits, Membership
from torrentd.session.telling.details import DetailsRow
from torrentd.session.telling.rows import (
    AllTotals,
    AlternativeRow,
    BanRow,
    BlocklistRow,
    ClosedPeerRow,
    DhtNodeRow,
    DhtRow,
    DhtStatusRow,
    DiskRow,
    FileRow,
    InspectRow,
    JobRow,
    LimitsRow,
    PeerRow,
    PeersSummary,
    PiecesRow,
    RatesRow,
    StatusRow,
    TorrentCounts,
    TorrentRow,
    TotalsRow,
    TrackerRow,
    TrackerSummary,
    WaitRow,
)

ONE = "1" * 40
TWO = "2b" * 20
UNKNOWN = "f" * 40
REVISION = 7


def _rate(given: Override | UnsetType, now: int | None, in_file: int | None) -> int | None:
    if isinstance(given, UnsetType):
        return now
    return in_file if given is None else None if given == "unlimited" else given


def torrent(id: str, name: str, **changed: Any) -> TorrentRow:
    """A torrent that seeds, but for what is given."""
    row = TorrentRow(
        id=id,
        hash_v1=id,
        hash_v2=None,
        name=name,
        state="seeding",
        stalled=False,
        error=None,
        progress=1.0,
        size=1000,
        wanted=1000,
        done=1000,
        left=0,
        downloaded=1000,
        uploaded=2000,
        wasted=0,
        ratio=2.0,
        rate_down=0,
        rate_up=50,
        eta=None,
        peers=PeersSummary(3, 1, 0, 2, 9, None, None),
        queue=None,
        labels=["linux"],
        private=False,
        download_dir="/downloads",
        added_at=1000.5,
        started_at=1001.0,
        completed_at=1002.0,
        active_at=1003.0,
        seeding_time=60,
        tracker=TrackerSummary("tracker.example", "working", 2000.0),
        limits=LimitsRow(),
        sequential=False,
        piece_count=4,
        piece_size=256,
        metadata_progress=1.0,
        check_progress=None,
    )
    return msgspec.structs.replace(row, **changed)


def peer(address: str) -> PeerRow:
    return PeerRow(
        address, "lt 2.1", False, "tracker", False, False, True, True, False, 0.5, 0, 50, 0, 2000, 0, 3, 1001.0, "rc4"
    )


def job(id: int) -> JobRow:
    return JobRow(id, "verify", ONE, "running", 0.5, 50, 100, 5.0, None, None, True)


class FakeControl:
    """Implements `session.control.Control`."""

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

    def ids(self) -> list[str]:
        return list(self.torrents)

    def row(self, id: str) -> TorrentRow:
        try:
            return self.torrents[id]
        except KeyError:
            raise RpcError("torrent_not_found", "There is no such torrent", id=id) from None

    def revision(self) -> int:
        return REVISION

    def changes(self, since: int | None, columns: Collection[str] | None = None) -> Changes:
        return Changes(list(self.torrents.values()), self.removed, REVISION, since is None or self.full)

    def files(self, id: str) -> Deferred[list[FileRow]]:
        self.row(id)
        return succeed([FileRow(index, f"data/{index}", 100, 100, 1.0, "normal") for index in range(5)])

    def peers(self, id: str) -> Deferred[tuple[list[PeerRow], list[ClosedPeerRow]]]:
        self.row(id)
        rows = [peer("192.0.2.1:6881"), peer("[2001:db8::1]:6881")]
        return succeed((rows, [ClosedPeerRow("192.0.2.9:1", "too slow", 1.0)]))

    def trackers(self, id: str) -> Deferred[list[TrackerRow]]:
        self.row(id)
        return succeed([TrackerRow("http://t.example/announce", 0, "working", "", 3, 4, None, 1.0, 2.0, 0)])

    def pieces(self, id: str) -> Deferred[PiecesRow]:
        self.row(id)
        return succeed(PiecesRow(4, 256, "8A==", None))

    def details(self, id: str) -> Deferred[DetailsRow]:
        self.row(id)
        return succeed(
            DetailsRow(f"magnet:?xt=urn:btih:{id}", [["http://t.example/announce"]], ["http://t.example/announce"])
        )

    def disk(self, path: str) -> Deferred[DiskRow]:
        return succeed(DiskRow(path, 10, 20))

    def look_at_disks(self) -> Deferred[None]:
        return succeed(None)

    def set_groups(self, limits: Mapping[str, GroupLimits], members: Mapping[str, Membership]) -> None:
        self.groups = dict(limits), dict(members)

    def kept(self, name: str) -> object:
        return self.keeps.get(name)

    def keep(self, name: str, value: object) -> Deferred[None]:
        self.keeps[name] = value
        return succeed(None)

    def add(self, metainfo: bytes, options: AddOptions) -> Deferred[tuple[str, bool]]:
        self.told.append(("add", metainfo, options))
        if not metainfo.startswith(b"d"):
            return fail(MetainfoError("not a bencoded dictionary"))
        return succeed((ONE, False))

    def add_magnet(self, link: str, options: AddOptions) -> Deferred[tuple[str, bool]]:
        self.told.append(("add_magnet", link, options))
        return succeed((ONE, True))

    def add_url(self, url: str, options: AddOptions) -> Deferred[tuple[str, bool]]:
        self.told.append(("add_url", url, options))
        return succeed((ONE, True))

    def inspect_url(self, url: str, options: AddOptions, timeout: float) -> Deferred[InspectRow]:
        self.told.append(("inspect_url", url, options, timeout))
        return fail(RpcError("fetch_failed", "The torrent cannot be fetched: HTTP status 404"))

    def inspect_magnet(self, link: str, options: AddOptions, timeout: float) -> Deferred[InspectRow]:
        self.told.append(("inspect_magnet", link, options, timeout))
        return fail(RpcError("timeout", "The metadata did not come in time"))

    def inspect(self, metainfo: bytes) -> Deferred[InspectRow]:
        if not metainfo.startswith(b"d"):
            return fail(MetainfoError("not a bencoded dictionary"))
        files = [FileRow(0, "a", 1, 0, 0.0, "normal")]
        return succeed(InspectRow(ONE, ONE, None, "a", 1, 1, 16384, False, files, [], [], [], "", "", None))

    def pause(self, id: str) -> Deferred[None]:
        return self._do("pause", id)

    def resume(self, id: str, force: bool) -> Deferred[None]:
        return self._do("resume", id, force)

    def verify(self, id: str) -> Deferred[None]:
        return self._do("verify", id)

    def announce(self, id: str) -> Deferred[None]:
        return self._do("announce", id)

    def remove(self, id: str, delete_data: bool) -> Deferred[None]:
        return self._do("remove", id, delete_data)

    def let_others(self) -> Deferred[None]:
        self.told.append(("let_others",))
        return succeed(None)

    def find(self, id: str) -> Deferred[None]:
        return self._do("find", id)

    def move_in_queue(self, ids: Sequence[str], to: Where) -> Deferred[None]:
        self.told.append(("move_in_queue", tuple(ids), to))
        return succeed(None)

    def set(self, id: str, wishes: Wishes) -> Deferred[None]:
        return self._do("set", id, wishes)

    def move(self, id: str, path: str, mode: Literal["move", "point"]) -> Deferred[int]:
        self.row(id)
        self.told.append(("move", id, path, mode))
        return succeed(7)

    def rename(self, id: str, path: str, name: str) -> Deferred[str]:
        self.row(id)
        self.told.append(("rename", id, path, name))
        return succeed(name)

    def set_files(self, id: str, choices: Sequence[FileChoice]) -> Deferred[None]:
        return self._do("set_files", id, choices)

    def set_trackers(self, id: str, tiers: Sequence[Sequence[str]]) -> Deferred[list[list[str]]]:
        return self._do("set_trackers", id, tiers).addCallback(lambda _: [list(tier) for tier in tiers])

    def edit_trackers(self, id: str, add: Sequence[str], remove: Sequence[str]) -> Deferred[list[list[str]]]:
        return self._do("edit_trackers", id, list(add), list(remove)).addCallback(lambda _: [list(add)])

    def export(self, id: str) -> Deferred[tuple[bytes, str]]:
        return self._do("export", id).addCallback(lambda _: (b"d4:infodee", "magnet:?"))

    def add_peers(self, id: str, peers: Sequence[Address]) -> Deferred[int]:
        self.row(id)
        self.told.append(("add_peers", id, peers))
        return succeed(len(peers))

    def remove_peers(self, id: str, peers: Sequence[Address]) -> Deferred[None]:
        return self._do("remove_peers", id, peers)

    def wait(self, ids: Sequence[str], until: str, timeout: float) -> Deferred[WaitRow]:
        for id in ids:
            self.row(id)
        self.told.append(("wait", tuple(ids), until, timeout))
        if timeout == 0:
            return succeed(WaitRow([], list(ids), []))
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def jobs(self) -> list[JobRow]:
        return [job(1)]

    def job(self, id: int) -> JobRow:
        if id != 1:
            raise RpcError("job_not_found", "There is no such job, or it ended long ago")
        return job(id)

    def cancel_job(self, id: int) -> None:
        self.job(id)
        self.told.append(("cancel_job", id))

    def poll_events(self, since: str | None, topics: Collection[Topic], timeout: float) -> Deferred[Found]:
        self.told.append(("poll_events", since, tuple(topics), timeout))
        return succeed(Found("e-1", [Event("e-1", 5.0, "torrent.added", {"id": ONE})], False))

    def events_after(self, since: str | None, topics: Collection[Topic]) -> Found:
        return self.log.after(self.log.cursor if since is None else since, topics)

    def listen(self, topics: Collection[Topic], tell: Callable[[Event], None]) -> Listener:
        return self.log.listen(topics, tell)

    def ignore(self, listener: Listener) -> None:
        self.log.ignore(listener)

    def status(self) -> StatusRow:
        totals = TotalsRow(1, 2, 0, 3)
        return StatusRow(
            uptime=3,
            pid=42,
            listen=["0.0.0.0:51413"],
            external_addresses=[],
            port_mapping=[],
            dht=DhtRow(0),
            torrents=TorrentCounts(2, {"seeding": 1, "downloading": 1}),
            rates=RatesRow(0, 50),
            totals=AllTotals(totals, totals),
            disk=[DiskRow("/downloads", 10, 20)],
            connections=3,
        )

    def renew_blocklist(self) -> Deferred[BlocklistRow | None]:
        return succeed(self.blocklist)

    def bans(self) -> list[BanRow]:
        return [BanRow("192.0.2.1", "sent piece 3 with a wrong hash", True, ONE, 1000.0, 2000.0)]

    def ban(self, networks: Sequence[str], reason: str | None, seconds: float | None) -> Deferred[list[BanRow]]:
        self.told.append(("ban", tuple(networks), reason, seconds))
        return succeed([BanRow(network, "by the user", False, None, 1000.0, None) for network in networks])

    def lift_bans(self, networks: Sequence[str]) -> Deferred[int]:
        self.told.append(("lift_bans", tuple(networks)))
        return succeed(len(networks))

    def unready(self) -> str | None:
        return self.not_ready

    def dht_status(self) -> DhtStatusRow:
        own = [DhtNodeRow("ab" * 20, "0.0.0.0:51413", None)]
        stored, queries = {"torrents": 1, "peers": 2}, {"sent": 3, "answered": 4, "dropped": 5}
        return DhtStatusRow(True, own, 9, 8, 7, stored, 6, 1, RatesRow(10, 20), queries)

    def limits(self) -> tuple[int | None, int | None]:
        return self.rates

    def alternative_limits(self) -> AlternativeRow:
        return self.alternative

    def set_limits(
        self,
        down: Override | UnsetType = UNSET,
        up: Override | UnsetType = UNSET,
        alternative: AlternativeChanges | None = None,
    ) -> Deferred[None]:
        self.rates = (_rate(down, self.rates[0], None), _rate(up, self.rates[1], 5000))
        if alternative is not None:
            given = {name: getattr(alternative, name) for name in ("down", "up", "schedule", "enabled")}
            told = {name: value for name, value in given.items() if value is not UNSET}
            self.told.append(("alternative", told))
            set_now = {name: value for name, value in told.items() if value is not None}
            self.alternative = msgspec.structs.replace(self.alternative, **set_now)
        return succeed(None)

    def config_values(self) -> dict[str, object]:
        return self.config

    def config_sources(self) -> dict[str, str]:
        return dict.fromkeys(self.config, "default") | {"limits.upload": "file"}

    def set_config(self, values: Mapping[str, object]) -> Deferred[None]:
        for key, value in values.items():
            if key not in self.config:
                return fail(RpcError("config_invalid", "Nothing was changed", problems=[f"{key}: unknown"]))
            self.config[key] = value
        self.told.append(("set_config", dict(values)))
        return succeed(None)

    def config_schema(self) -> dict[str, object]:
        return {"type": "object"}

    def reload(self) -> Deferred[tuple[list[str], list[str]]]:
        return succeed((["limits.upload"], ["network.listen"]))

    def set_log_level(self, level: str, namespace: str) -> str:
        self.told.append(("set_log_level", level, namespace))
        return "info"

    def shutdown(self) -> None:
        self.told.append(("shutdown",))

    def _do(self, *told: Any) -> Deferred[None]:
        """One act on one torrent."""
        try:
            self.row(told[1])
        except RpcError as error:
            return fail(error)
        self.told.append(told)
        return succeed(None)
