from __future__ import annotations

from typing import Any

import msgspec
import pytest
from twisted.internet.defer import fail

from tests.rpc.transmission.asking import Caller
from torrentd.model.errors import RpcError
from torrentd.rpc.transmission.settings import FLAGS, LACKING, PLAIN, SWITCHED
from torrentd.session.telling.rows import BlocklistRow, DiskRow


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
    caller.modern(
        "session_set",
        seed_queue_size="x",
        utp_enabled=1,
        blocklist_url=None,
        peer_limit_global="7",
        nonsense=5,
        version="9",
    )
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


@pytest.mark.parametrize("name", SWITCHED)
def test_limits_with_a_switch(caller: Caller, name: str) -> None:
    enabled, key, unit, default, _ = SWITCHED[name]

    def now() -> tuple[Any, ...]:
        return caller.control.config[key], *caller.modern("session_get", fields=[name, enabled]).values()

    assert now() == (0, default, False)
    caller.modern("session_set", **{name: 7})
    assert now() == (0, 7, False)
    caller.modern("session_set", **{enabled: True})
    assert now() == (7 * unit, 7, True)
    caller.modern("session_set", **{name: 9})
    assert now() == (9 * unit, 9, True)
    caller.modern("session_set", **{enabled: True})
    caller.modern("session_set", **{enabled: False})
    assert now() == (0, 9, False)
    caller.modern("session_set", **{enabled: True, name: 8})
    assert now() == (8 * unit, 8, True)
    caller.modern("session_set", **{name: 0})
    assert 0 < caller.control.config[key] <= unit  # type: ignore[operator]
    caller.told.clear()
    caller.modern("session_set", **{enabled: True, name: 0})
    assert caller.told == []


@pytest.mark.parametrize("name", [*PLAIN, *FLAGS])
def test_other_settings_of_the_configuration_that_can_be_set(caller: Caller, name: str) -> None:
    before = caller.modern("session_get", fields=[name])[name]
    caller.modern("session_set", **{name: other(before)})
    assert caller.modern("session_get", fields=[name]) == {name: other(before)}
    assert caller.told[-1][0] == "set_config"


def test_what_only_the_file_can_set_is_passed_over(caller: Caller) -> None:
    caller.modern("session_set", download_dir="/x", encryption="required", lpd_enabled=True, peer_port=7, version="9")
    assert caller.told == []
    assert caller.control.keeps == {}


def test_a_value_that_the_configuration_refuses_is_an_error(caller: Caller) -> None:
    refused = RpcError("config_invalid", "Nothing was changed", problems=["a: too many", "b: too few"])
    caller.control.set_config = lambda values: fail(refused)  # type: ignore[method-assign]
    assert caller.legacy("session-set", peer__limit__global=1) == "Nothing was changed: a: too many; b: too few"


def test_the_blocklist(caller: Caller) -> None:
    wanted = ["blocklist_enabled", "blocklist_url", "blocklist_size"]
    assert caller.modern("session_get", fields=wanted) == dict(
        zip(wanted, (True, "http://b.example/list", 0), strict=True)
    )
    status = msgspec.structs.replace(caller.control.status(), blocklist=BlocklistRow(9, 0, None, None))
    caller.control.status = lambda: status  # type: ignore[method-assign]
    caller.control.config["blocklist.source"] = "/etc/list"
    assert list(caller.modern("session_get", fields=wanted).values()) == [True, "", 9]
    caller.control.config["blocklist.source"] = ""
    assert list(caller.modern("session_get", fields=wanted).values()) == [False, "", 9]
