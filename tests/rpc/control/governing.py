"""What concerns it as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType
from twisted.internet.defer import Deferred, fail, succeed

from tests.rpc.control.part import Part
from tests.rpc.control.rows import ONE
from torrentd.model.errors import RpcError
from torrentd.session.alternative import AlternativeChanges, Override
from torrentd.session.groups import GroupLimits, Membership
from torrentd.session.telling.rows import (
    AllTotals,
    AlternativeRow,
    BanRow,
    BlocklistRow,
    DhtNodeRow,
    DhtRow,
    DhtStatusRow,
    DiskRow,
    RatesRow,
    StatusRow,
    TorrentCounts,
    TotalsRow,
)


def _rate(given: Override | UnsetType, now: int | None, in_file: int | None) -> int | None:
    if isinstance(given, UnsetType):
        return now
    return in_file if given is None else None if given == "unlimited" else given


class Governing(Part):
    """Remembers settings, and what it was told."""

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
