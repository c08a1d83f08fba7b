"""`status`, `limits`, `config`, `reload`, `shutdown`, `version`."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from torrentd import __version__
from torrentd.session.telling.rows import (
    AllTotals,
    BlocklistRow,
    DhtRow,
    DiskRow,
    PortMappingRow,
    RatesRow,
    StatusRow,
    TorrentCounts,
    TotalsRow,
)

STATUS = msgspec.to_builtins(
    StatusRow(
        uptime=93784,
        pid=4711,
        listen=["0.0.0.0:51413", "[::]:51413"],
        external_addresses=["192.0.2.1"],
        port_mapping=[
            PortMappingRow("tcp", 51413, 51414, "192.0.2.1", "pcp", "10.0.0.1", 1800, None),
            PortMappingRow("udp", 51413, 51414, None, "pcp", "10.0.0.1", 1800, None),
            PortMappingRow("tcp", 51413, None, None, None, "fe80::1%eth0", None, "pcp: no answer"),
            PortMappingRow("udp", 51413, None, None, "pcp", "fe80::1%eth0", None, None),
        ],
        dht=DhtRow(0),
        torrents=TorrentCounts(3, {"seeding": 2, "downloading": 1, "error": 0}),
        rates=RatesRow(2048, 0),
        totals=AllTotals(TotalsRow(1024, 2048, 0, 60), TotalsRow(1024**3, 2 * 1024**3, 0, 600)),
        disk=[DiskRow("/srv", 1024**3, 4 * 1024**3), DiskRow("/mnt", None, None)],
        connections=42,
        blocklist=BlocklistRow(250_000, 12, 1.7e9, None),
    )
)


def test_status(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["daemon.status"] = STATUS
    assert torrentctl.on_terminal()("status").lines == [
        "up           1d 2h (pid 4711)",
        "listening    0.0.0.0:51413, [::]:51413",
        "seen as      192.0.2.1",
        "router       tcp 51413: 192.0.2.1 port 51414 (pcp)",
        "router       udp 51413: 10.0.0.1 port 51414 (pcp)",
        "router       tcp 51413: pcp: no answer (fe80::1%eth0)",
        "router       udp 51413: asking (fe80::1%eth0)",
        "torrents     3 (2 seeding, 1 downloading)",
        "connections  42",
        "rates        down 2.0 KiB/s, up 0",
        "this run     down 1.0 KiB, up 2.0 KiB",
        "all time     down 1.0 GiB, up 2.0 GiB",
        "DHT          0 nodes",
        "blocklist    250000 ranges, refused 12 times",
        "disk         /srv: 1.0 GiB free of 4.0 GiB",
        "disk         /mnt (unknown)",
    ]


def test_status_for_programs(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["daemon.status"] = STATUS
    assert json.loads(torrentctl("status", "--json").out) == STATUS
    lines = torrentctl("status").out.splitlines()
    assert {"pid\t4711", "listen\t0.0.0.0:51413,[::]:51413", "torrents.by_state.seeding\t2", "disk.1.free\t"} <= set(
        lines
    )


def test_version(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["daemon.version"] = {
        "version": "0.9",
        "api_version": 1,
        "python": "3.13.1",
        "twisted": "26.10.0",
        "features": [],
    }
    assert torrentctl.on_terminal()("version").lines == [
        f"torrentctl  {__version__}",
        "torrentd    0.9 (API 1)",
        "runs on     Python 3.13.1, Twisted 26.10.0",
    ]
    assert torrentctl("version", "--plain").out.startswith("version\t0.9\n")


def test_limits(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    others = {"down": 0, "up": "unlimited", "enabled": True, "schedule": ["08:00-09:00", "sun 00:00-24:00"]}
    limits = {"down": 2_000_000, "up": "unlimited", "alternative": others}
    fake.answers["limits.get"] = fake.answers["limits.set"] = limits
    assert torrentctl("limits").out == (
        "down\t2000000\nup\tunlimited\nalternative.down\t0\nalternative.up\tunlimited\nalternative.enabled\ttrue\n"
        "alternative.schedule\t08:00-09:00,sun 00:00-24:00\n"
    )
    assert torrentctl("limits", "--down", "2M", "--up", "unlimited").code == 0
    assert torrentctl("limits", "--up", "0").code == 0
    assert torrentctl("limits", "--down", "inherit").code == 0
    assert fake.asked("limits.set") == [{"down": 2_000_000, "up": "unlimited"}, {"up": 0}, {"down": None}]
    assert torrentctl.on_terminal()("limits").lines == [
        "down         1.9 MiB/s",
        "up           unlimited",
        "alternative  down 0 B/s, up unlimited (in force)",
        "schedule     08:00-09:00",
        "schedule     sun 00:00-24:00",
    ]
    fake.calls.clear()
    assert torrentctl("limits", "--alternative-down", "1k", "--alternative-up", "inherit").code == 0
    assert (
        torrentctl("limits", "--no-alternative", "--schedule", "08:00-09:00", "--schedule", "sun 00:00-24:00").code == 0
    )
    assert torrentctl("limits", "--schedule", "").code == 0
    assert torrentctl("limits", "--schedule", "inherit", "--up", "0").code == 0
    assert [asked.pop("alternative") for asked in fake.asked("limits.set")] == [
        {"down": 1000, "up": None},
        {"enabled": False, "schedule": ["08:00-09:00", "sun 00:00-24:00"]},
        {"schedule": []},
        {"schedule": None},
    ]


def test_a_limit_that_is_none(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("limits", "--down", "fast")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "'fast' is not a size such as 500k, 2M or 1.5GiB" in outcome.err
    assert fake.calls == []


@pytest.fixture
def config(fake: FakeDaemon) -> None:
    fake.answers["config.get"] = {
        "values": {"peers.max_connections": 200, "network.listen": ["0.0.0.0:51413"], "rpc.unix": ""},
        "source": {"peers.max_connections": "default", "network.listen": "file", "rpc.unix": "default"},
    }


@pytest.mark.usefixtures("config")
def test_config_get(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    assert torrentctl("config", "get").out == (
        'peers.max_connections\t200\tdefault\nnetwork.listen\t["0.0.0.0:51413"]\tfile\nrpc.unix\t""\tdefault\n'
    )
    torrentctl("config", "get", "rpc.unix")
    assert fake.asked("config.get") == [{}, {"keys": ["rpc.unix"]}]
    assert "values" in json.loads(torrentctl("config", "get", "--json").out)


def test_config_set(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["config.set"] = {"applied": ["seeding.action", "peers.max_connections"], "restart_required": []}
    outcome = torrentctl("config", "set", "seeding.action=keep", "peers.max_connections=500", "limits.upload=null")
    assert outcome.out == "applied\tseeding.action\napplied\tpeers.max_connections\n"
    values = {"seeding.action": "keep", "peers.max_connections": 500, "limits.upload": None}
    assert fake.asked("config.set") == [{"values": values}]
    outcome = torrentctl.on_terminal()("config", "set", "seeding.action=keep")
    assert (outcome.out, outcome.err) == ("", "applied: seeding.action, peers.max_connections\n")
    assert json.loads(torrentctl("config", "set", "seeding.action=keep", "--json").out)["restart_required"] == []


def test_config_set_refused(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    def refuse(params: dict[str, Any]) -> dict[str, Any]:
        raise RpcFailure(11, "Nothing was changed", name="config_invalid", problems=["seeding.acton: unknown"])

    fake.answers["config.set"] = refuse
    outcome = torrentctl("config", "set", "seeding.acton=keep")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "torrentctl: seeding.acton: unknown\ntorrentctl: Nothing was changed\n"


@pytest.mark.parametrize(
    "words", [["config"], [], ["config", "set"], ["config", "set", "--bogus"], ["nonsense"], ["list", "--nonsense"]]
)
def test_usage_is_one_line(torrentctl: Torrentctl, words: list[str]) -> None:
    outcome = torrentctl(*words)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert "--help" in outcome.err


def test_reload(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["daemon.reload"] = {"changed": ["limits.download"], "restart_required": ["network.listen"]}
    outcome = torrentctl("reload")
    assert outcome.out == "changed\tlimits.download\nrestart_required\tnetwork.listen\n"
    assert outcome.err == "needs a restart: network.listen\n"
    assert torrentctl.on_terminal()("reload").err.startswith("changed: limits.download\n")


@pytest.mark.parametrize("words", [["reload"], ["rpc", "daemon.reload"], ["--json", "reload"]])
def test_reload_of_a_bad_file(torrentctl: Torrentctl, fake: FakeDaemon, words: list[str]) -> None:
    def refuse(params: dict[str, Any]) -> dict[str, Any]:
        raise RpcFailure(11, "It stays", name="config_invalid", problems=["f:1: a: unknown", "f:2: b: bad\x1b[31m"])

    fake.answers["daemon.reload"] = refuse
    outcome = torrentctl(*words)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines() == [
        "torrentctl: f:1: a: unknown",
        "torrentctl: f:2: b: bad\\x1b[31m",
        "torrentctl: It stays",
    ]


def test_shutdown(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["daemon.shutdown"] = {}
    outcome = torrentctl("shutdown")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "the daemon is stopping\n")
    assert torrentctl("shutdown", "--json").out == "{}\n"
