from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.rpc.transmission.asking import Caller
from torrentd.rpc.transmission.session import LACKING
from torrentd.session.telling.rows import AllTotals, DiskRow, RatesRow, TorrentCounts, TotalsRow


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_versions_that_clients_check(caller: Caller) -> None:
    told = caller.legacy("session-get", fields=["version", "rpc-version", "rpc-version-minimum", "rpc-version-semver"])
    assert told.pop("version").startswith("4.1.1 (torrentd ")
    assert told == {"rpc-version": 19, "rpc-version-minimum": 14, "rpc-version-semver": "6.0.1"}


def test_what_is_asked_for(caller: Caller) -> None:
    everything = caller.modern("session_get")
    assert caller.modern("session_get", fields=["downloadDir", "peer-port", "nonsense", 5]) == {
        "download_dir": everything["download_dir"],
        "peer_port": 51413,
    }
    assert caller.modern("session_get", fields=[]) == {}
    assert everything["session_id"] == caller.transmission.session_ids.current
    assert everything["units"]["speed_bytes"] == 1000
    assert caller.legacy("session-get")["units"]["memory-bytes"] == 1024


CONFIGURED: dict[str, tuple[str, Any]] = {
    "cache_size_mib": ("storage.disk_queue", 7 * 1024 * 1024),
    "config_dir": ("paths.state_dir", "/elsewhere"),
    "dht_enabled": ("discovery.dht", False),
    "download_dir": ("paths.download_dir", "/elsewhere"),
    "encryption": ("peers.encryption", "require"),
    "lpd_enabled": ("discovery.lsd", True),
    "peer_limit_global": ("peers.max_connections", 7),
    "peer_limit_per_torrent": ("peers.max_connections_per_torrent", 7),
    "pex_enabled": ("discovery.pex", False),
    "port_forwarding_enabled": ("ports.map", False),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_settings_of_the_configuration(caller: Caller, name: str) -> None:
    before = caller.modern("session_get")[name]
    key, value = CONFIGURED[name]
    caller.control.config[key] = value
    assert caller.modern("session_get")[name] != before


def test_what_the_status_tells(caller: Caller) -> None:
    assert caller.modern("session_get", fields=["peer_port", "download_dir_free_space"]) == {
        "peer_port": 51413,
        "download_dir_free_space": 10,
    }
    status = caller.control.status()
    nowhere = msgspec.structs.replace(status, listen=[], disk=[DiskRow("/downloads", None, None)])
    caller.control.status = lambda: nowhere  # type: ignore[method-assign]
    assert caller.modern("session_get", fields=["peer_port", "download_dir_free_space"]) == {
        "peer_port": 0,
        "download_dir_free_space": -1,
    }


def other(value: Any) -> Any:
    return not value if isinstance(value, bool) else value + 1 if isinstance(value, int | float) else f"{value}x"


def test_settings_that_we_lack_come_back_also_after_a_restart(caller: Caller) -> None:
    wanted = {name: other(default) for name, default in LACKING.items()}
    assert caller.modern("session_get", fields=list(LACKING)) == LACKING
    assert caller.modern("session_set", **wanted) == {}
    assert caller.modern("session_get", fields=list(LACKING)) == wanted
    caller.start()
    assert caller.modern("session_get", fields=list(LACKING)) == wanted


@pytest.mark.parametrize("value", [None, [], 5, "x", {"y": 5}])
def test_what_is_stored_is_not_trusted(caller: Caller, value: Any) -> None:
    caller.control.keeps = {
        "transmission.session": value,
        "transmission.torrents": {"x": value},
        "transmission.groups": value,
    }
    caller.start()
    assert caller.modern("session_get", fields=list(LACKING)) == LACKING


def test_values_of_the_wrong_kind_are_passed_over(caller: Caller) -> None:
    caller.modern("session_set", seed_queue_size="x", utp_enabled=1, blocklist_url=None, nonsense=5, version="9")
    assert caller.modern("session_get", fields=list(LACKING)) == LACKING
    assert caller.control.keeps == {}


@pytest.mark.parametrize(
    ("params", "rates"),
    [
        ({"speed_limit_down": 70, "speed_limit_down_enabled": True}, (70_000, 5000)),
        ({"speed_limit_down_enabled": True}, (100_000, 5000)),
        ({"speed_limit_down": 70}, (None, 5000)),
        ({"speed_limit_up": 70}, (None, 70_000)),
        ({"speed_limit_up_enabled": False}, (None, None)),
        ({"speed_limit_up": 0}, (None, 0)),
        ({"speed_limit_up": -5, "speed_limit_up_enabled": True}, (None, 0)),
        ({"speed_limit_up": "7"}, (None, 5000)),
    ],
)
def test_rates(caller: Caller, params: dict[str, Any], rates: tuple[int | None, int | None]) -> None:
    caller.modern("session_set", **params)
    assert caller.control.rates == rates
    told = caller.modern("session_get", fields=["speed_limit_down_enabled", "speed_limit_up_enabled"])
    assert list(told.values()) == [rate is not None for rate in rates]


def test_a_rate_that_is_not_in_force_is_remembered(caller: Caller) -> None:
    caller.modern("session_set", speed_limit_down=70)
    assert caller.modern("session_get", fields=["speed_limit_down"]) == {"speed_limit_down": 70}
    caller.modern("session_set", speed_limit_down_enabled=True)
    assert caller.control.rates[0] == 70_000


def test_stats(caller: Caller) -> None:
    status = msgspec.structs.replace(
        caller.control.status(),
        torrents=TorrentCounts(9, {"seeding": 4, "paused": 2, "finished": 1, "error": 1, "checking": 1}),
        rates=RatesRow(11, 12),
        totals=AllTotals(TotalsRow(1, 2, 3, 4, 5), TotalsRow(6, 7, 8, 9, 10, 11)),
    )
    caller.control.status = lambda: status  # type: ignore[method-assign]
    assert caller.legacy("session-stats") == {
        "activeTorrentCount": 5,
        "pausedTorrentCount": 4,
        "torrentCount": 9,
        "downloadSpeed": 11,
        "uploadSpeed": 12,
        "current-stats": {
            "downloadedBytes": 1, "uploadedBytes": 2, "filesAdded": 5, "secondsActive": 4, "sessionCount": 1,
        },
        "cumulative-stats": {
            "downloadedBytes": 6, "uploadedBytes": 7, "filesAdded": 10, "secondsActive": 9, "sessionCount": 11,
        },
    }  # fmt: skip


def test_free_space(caller: Caller) -> None:
    assert caller.legacy("free-space", path="/x") == {"path": "/x", "size-bytes": 10, "total_size": 20}
    assert caller.modern("free_space", path="x")["code"] == 3
    assert caller.modern("free_space")["code"] == 3
    caller.control.disk = lambda path: DiskRow(path, None, None)  # type: ignore[method-assign]
    assert caller.legacy("free-space", path="/x") == "No such file or directory"


def test_close(caller: Caller) -> None:
    assert caller.legacy("session-close") == {}
    assert caller.told == [("shutdown",)]
