from __future__ import annotations

import msgspec
import pytest
from twisted.internet.defer import succeed

from tests.rpc.fake_control import ONE, TWO
from tests.rpc.transmission.asking import Caller
from torrentd.rpc.transmission import kept
from torrentd.session.groups import GroupLimits, Membership
from torrentd.session.telling.rows import (
    AllTotals,
    BlocklistRow,
    DiskRow,
    PortMappingRow,
    RatesRow,
    TorrentCounts,
    TotalsRow,
)


@pytest.fixture
def caller() -> Caller:
    return Caller()


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
    caller.control.disk = lambda path: succeed(DiskRow(path, None, None))  # type: ignore[method-assign]
    assert caller.legacy("free-space", path="/x") == "No such file or directory"


def test_close(caller: Caller) -> None:
    assert caller.legacy("session-close") == {}
    assert caller.told == [("shutdown",)]


MAPPED = PortMappingRow("tcp", 51413, 51413, "192.0.2.1", "pcp", "192.168.1.1:5351", 7, None)
TRIED = msgspec.structs.replace(MAPPED, external_port=None)


@pytest.mark.parametrize(
    ("rows", "seen", "looks", "protocol", "is_open"),
    [
        ([], [], True, None, False),
        ([MAPPED], [], True, None, True),
        ([MAPPED], [], True, "ipv4", True),
        ([MAPPED], [], True, "ipv6", False),
        ([TRIED], ["192.0.2.1"], True, None, False),
        ([], ["192.0.2.1"], True, None, True),
        ([], ["192.0.2.1"], False, None, False),
        ([TRIED], ["192.0.2.1", "2001:db8::1"], True, "ipv6", True),
        ([TRIED], ["192.0.2.1", "2001:db8::1"], True, "ipv4", False),
    ],
)
def test_port_test(
    caller: Caller, rows: list[PortMappingRow], seen: list[str], looks: bool, protocol: str | None, is_open: bool
) -> None:
    status = msgspec.structs.replace(caller.control.status(), port_mapping=rows, external_addresses=seen)
    caller.control.status = lambda: status  # type: ignore[method-assign]
    caller.control.config["ports.map"] = looks
    told = caller.modern("port_test", **({} if protocol is None else {"ip_protocol": protocol}))
    assert told == {"port_is_open": is_open} | ({} if protocol is None else {"ip_protocol": protocol})
    assert caller.legacy("port-test")["port-is-open"] in (True, False)


def test_port_test_of_another_protocol(caller: Caller) -> None:
    assert caller.modern("port_test", ip_protocol="ipx")["code"] == -32602


def test_blocklist_update(caller: Caller) -> None:
    assert caller.legacy("blocklist-update") == {"blocklist-size": 7}
    caller.control.blocklist = BlocklistRow(7, 0, None, "no answer")
    assert caller.modern("blocklist_update")["code"] == 10
    caller.control.blocklist = None
    assert "blocklist.source" in caller.legacy("blocklist-update")


def test_who_is_in_a_group_and_who_is_outside_of_all_limits(caller: Caller) -> None:
    caller.modern("group_set", name="home", speed_limit_up=7, speed_limit_up_enabled=True)
    caller.modern("torrent_set", ids=[1], group="home")
    caller.legacy("torrent-set", ids=[2], honorsSessionLimits=False)
    told = {"home": GroupLimits(None, 7000, True)}, {ONE: Membership("home"), TWO: Membership(honors=False)}
    assert caller.control.groups == told
    caller.control.groups = {}, {}
    caller.start()
    assert caller.control.groups == told, "after a restart as well"
    caller.modern("torrent_set", ids=[1, 2], group="", honors_session_limits=True)
    assert caller.control.groups == (told[0], {})


def test_a_torrent_makes_the_group_that_it_is_put_into(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    caller.modern("torrent_set", ids=[1], group=" home ")
    (group,) = caller.modern("group_get")["group"]
    assert (group["name"], group["speed_limit_up_enabled"]) == ("home", False)
    assert caller.control.groups == ({"home": GroupLimits()}, {ONE: Membership("home")})
    caller.modern("group_set", name="home ", speed_limit_up=7, speed_limit_up_enabled=True)
    caller.modern("torrent_set", ids=[2], group="home")
    assert caller.control.groups[0] == {"home": GroupLimits(None, 7000, True)}, "it stays as it is"
    caller.modern("torrent_set", ids=[99], group="nobody's")
    monkeypatch.setattr(kept, "MOST_GROUPS", 2)
    caller.modern("torrent_set", ids=[2], group="away")
    assert caller.modern("torrent_set", ids=[1], group="third")["code"] == -32602
    assert caller.modern("torrent_set", ids=[1], group="x" * (kept.LONGEST_NAME + 1))["code"] == -32602
    assert caller.modern("torrent_set", ids=[1], group="away") == {}
    assert [group["name"] for group in caller.modern("group_get")["group"]] == ["home", "away"]


def test_groups(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert caller.modern("group_get") == {"group": []}
    caller.legacy("group-set", name="home", speed__limit__up=7, honorsSessionLimits=False, nonsense=5)
    caller.modern("group_set", name="away", speed_limit_down_enabled=1)
    home = {
        "name": "home", "honorsSessionLimits": False, "speed-limit-down": 0, "speed-limit-down-enabled": False,
        "speed-limit-up": 7, "speed-limit-up-enabled": False,
    }  # fmt: skip
    assert caller.legacy("group-get", group="home") == caller.legacy("group-get", group=["home"]) == {"group": [home]}
    caller.start()
    assert [group["name"] for group in caller.modern("group_get")["group"]] == ["home", "away"]
    assert caller.control.groups[0] == {"home": GroupLimits(None, None, False), "away": GroupLimits(0, None, True)}
    assert caller.modern("group_get", group=["nobody"]) == {"group": []}
    assert caller.modern("group_set")["code"] == -32602
    monkeypatch.setattr(kept, "MOST_GROUPS", 2)
    assert caller.modern("group_set", name="third")["code"] == -32602
    assert caller.modern("group_set", name="x" * (kept.LONGEST_NAME + 1))["code"] == -32602
    assert caller.modern("group_set", name="home", speed_limit_up=8) == {}
