"""No field is a constant: of the settings, the statistics, and the objects within a torrent, too. A name that is told
and not tried here fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.rpc.fake_control import FakeControl, peer
from tests.rpc.transmission.asking import Caller
from tests.rpc.transmission.test_fields import DETAILS, FAILED, FILES, PEER_CHANGES, TRACKER, WORKING, details, field
from torrentd.rpc.transmission.handshake import LIFETIME
from torrentd.session.telling.rows import AllTotals, BlocklistRow, DiskRow, RatesRow, TorrentCounts, TotalsRow

Change = Callable[[Caller], object]


def status(**changed: Any) -> Change:
    def change(caller: Caller) -> None:
        changed_status = msgspec.structs.replace(caller.control.status(), **changed)
        caller.control.status = lambda: changed_status  # type: ignore[method-assign]

    return change


def config(key: str, value: object) -> Change:
    return lambda caller: caller.control.config.update({key: value})


def setting(name: str) -> Change:
    """Another value of the same kind is set, by the RPC itself."""

    def change(caller: Caller) -> None:
        now = caller.modern("session_get", fields=[name])[name]
        other = not now if isinstance(now, bool) else now - 1 if isinstance(now, int | float) else f"{now}x"
        assert caller.modern("session_set", **{name: other}) == {}
        assert caller.modern("session_get", fields=[name]) == {name: other}

    return change


# --- settings

NOT_SETTABLE: dict[str, Change] = {
    "blocklist_enabled": config("blocklist.source", ""),
    "blocklist_size": status(blocklist=BlocklistRow(9, 0, None, None)),
    "blocklist_url": config("blocklist.source", "http://c.example/list"),
    "cache_size_mib": config("storage.disk_queue", 7 << 20),
    "config_dir": config("paths.state_dir", "/elsewhere"),
    "download_dir": config("paths.download_dir", "/elsewhere"),
    "download_dir_free_space": status(disk=[DiskRow("/downloads", 9, 20)]),
    "encryption": config("peers.encryption", "require"),
    "lpd_enabled": config("discovery.lsd", True),
    "peer_port": status(listen=["0.0.0.0:7"]),
    "port_forwarding_enabled": config("ports.map", False),
    "session_id": lambda caller: caller.clock.advance(LIFETIME),
}
"""What stands behind the settings that `session_set` does not change."""

VERSIONS = {"version", "rpc_version", "rpc_version_minimum", "rpc_version_semver", "units"}
"""what we speak, which does not change while we run"""

SETTINGS = Caller().modern("session_get")


def test_everything_else_can_be_set() -> None:
    assert (NOT_SETTABLE.keys() | VERSIONS) <= SETTINGS.keys()


@pytest.mark.parametrize("name", sorted(SETTINGS.keys() - VERSIONS))
def test_a_setting_changes(name: str) -> None:
    caller = Caller()
    before = caller.modern("session_get")
    NOT_SETTABLE.get(name, setting(name))(caller)
    assert caller.modern("session_get")[name] != before[name]


# --- statistics


def totals(kind: str, column: str) -> Change:
    row = msgspec.structs.replace(TotalsRow(1, 2, 3, 4, 5, 6), **{column: 77})
    other = TotalsRow(1, 2, 3, 4, 5, 6)
    return status(totals=AllTotals(row, other) if kind == "current_stats" else AllTotals(other, row))


COLUMNS = {
    "downloaded_bytes": "downloaded", "uploaded_bytes": "uploaded", "files_added": "files", "seconds_active": "seconds",
    "session_count": "runs",
}  # fmt: skip
STATISTICS: dict[str, Change] = {
    "active_torrent_count": status(torrents=TorrentCounts(2, {"seeding": 1, "paused": 1})),
    "paused_torrent_count": status(torrents=TorrentCounts(2, {"seeding": 1, "paused": 1})),
    "torrent_count": status(torrents=TorrentCounts(3, {})),
    "download_speed": status(rates=RatesRow(7, 50)),
    "upload_speed": status(rates=RatesRow(0, 7)),
    **{
        f"{kind}.{name}": totals(kind, column)
        for kind in ("current_stats", "cumulative_stats")
        for name, column in COLUMNS.items()
    },
}


def statistics(caller: Caller) -> dict[str, Any]:
    """Flat."""
    told: dict[str, Any] = {}
    for name, value in caller.modern("session_stats").items():
        told |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
    return told


@pytest.mark.parametrize("name", statistics(Caller()))
def test_a_statistic_changes(name: str) -> None:
    caller = Caller()
    status(totals=AllTotals(TotalsRow(1, 2, 3, 4, 5, 6), TotalsRow(1, 2, 3, 4, 5, 6)))(caller)
    before = statistics(caller)
    STATISTICS[name](caller)
    after = statistics(caller)
    assert after[name] != before[name]
    if "." in name:
        assert {key for key in after if after[key] != before[key]} == {name}


# --- the objects within a torrent


def varied(row: Any, **changes: Any) -> list[Any]:
    """The row with one column changed, for each of them."""
    return [msgspec.structs.replace(row, **{column: value}) for column, value in changes.items()]


PEER = peer("192.0.2.1:6881")
PEERS = [*varied(PEER, **PEER_CHANGES), *varied(PEER, address="[::1]:6881")]
SOURCES = ("tracker", "lsd", "dht", "pex", "user", "incoming", "new")
NEVER = msgspec.structs.replace(WORKING, last_at=None, next_at=None, seeders=None, leechers=None)
TRACKERS = [
    NEVER,
    *varied(WORKING, tier=1, status="announcing", seeders=9, leechers=9, downloads=9, last_at=9100.0, next_at=12_000.0),
    *varied(WORKING, peers=9, failures=1),
]
ELSEWHERE = details(tiers=[["udp://z.example/announce"]], in_turn=["udp://z.example/announce"])
TURNED = details(in_turn=DETAILS.in_turn[::-1])

OBJECTS: dict[str, list[dict[str, Any]]] = {
    "files": [{"files": [row, FILES[1]]} for row in varied(FILES[0], path="x", done=7, size=7000)],
    "file_stats": [{"files": [row, FILES[1]]} for row in varied(FILES[0], done=7, priority="high")]
    + [{"files": varied(FILES[0], priority="skip")}],
    "peers": [{"peers": [row]} for row in [PEER, *PEERS]],
    "peers_from": [{"peers": varied(PEER, source=source)} for source in SOURCES],
    "trackers": [ELSEWHERE, details(tiers=[[], [TRACKER]]), details(tiers=DETAILS.tiers[::-1])],
    "tracker_stats": [*({"trackers": [row, FAILED]} for row in TRACKERS), ELSEWHERE, TURNED],
}
"""Field -> what is behind it, in turn."""

SAME = {"peers": {"is_utp"}}
"""We speak TCP only."""


@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_in_a_field_changes(name: str) -> None:
    told = [columns(field(name, **change)) for change in [*OBJECTS[name], {}]]
    told = [values for values in told if values]
    changing = {key for key in told[0] if any(values[key] != told[0][key] for values in told)}
    assert changing | SAME.get(name, set()) == told[0].keys()


def columns(told: Any) -> dict[str, list[Any]]:
    """The values of each key of some objects."""
    objects = told if isinstance(told, list) else [told]
    return {key: [one[key] for one in objects] for key in objects[0]} if objects else {}


# --- groups


def test_a_group_changes() -> None:
    caller = Caller(FakeControl())
    caller.modern("group_set", name="home")
    (before,) = caller.modern("group_get")["group"]
    for name in before.keys() - {"name"}:
        other = not before[name] if isinstance(before[name], bool) else 7
        caller.modern("group_set", name="home", **{name: other})
        assert caller.modern("group_get")["group"][0] == {**before, name: other}
        caller.modern("group_set", name="home", **{name: before[name]})
