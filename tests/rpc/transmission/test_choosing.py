from __future__ import annotations

from typing import Any

import pytest

from tests.rpc.fake_control import ONE, TWO, UNKNOWN
from tests.rpc.transmission.asking import Caller


@pytest.fixture
def caller() -> Caller:
    return Caller()


def shown(caller: Caller, **params: Any) -> list[int]:
    return [torrent["id"] for torrent in caller.modern("torrent_get", fields=["id"], **params)["torrents"]]


@pytest.mark.parametrize(
    ("ids", "meant"),
    [(1, [1]), ([2, 1], [2, 1]), (ONE, [1]), ([ONE.upper(), 2], [1, 2]), ([TWO, 2, TWO], [2]), (-1, [1, 2]), ([], []),
     ([7, UNKNOWN, "x", "", None, 1.0, True, [1]], []), (None, []), ("recently-active", [1, 2])],
)  # fmt: skip
def test_who_is_meant(caller: Caller, ids: Any, meant: list[int]) -> None:
    assert shown(caller, ids=ids) == meant


def test_without_ids_all_are_meant(caller: Caller) -> None:
    assert shown(caller) == [1, 2]
    caller.modern("torrent_stop")
    assert caller.told == [("pause", ONE), ("pause", TWO)]


@pytest.mark.parametrize("ids", [-1, [], [-1], None, [UNKNOWN], "all"])
def test_nothing_is_done_to_all_by_accident(caller: Caller, ids: Any) -> None:
    assert caller.modern("torrent_remove", ids=ids) == {}
    assert caller.told == []


def test_removed(caller: Caller) -> None:
    assert shown(caller) == [1, 2]
    del caller.control.torrents[ONE]
    caller.control.removed = [ONE]
    answer = caller.modern("torrent_get", fields=["id"], ids="recently_active")
    assert answer == {"torrents": [{"id": 2}], "removed": [1]}
    assert "removed" not in caller.modern("torrent_get", fields=["id"])
