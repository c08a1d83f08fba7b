from __future__ import annotations

from typing import Any

import pytest

from tests.rpc.fake_control import ONE
from tests.rpc.transmission.asking import Caller
from torrentd.rpc.transmission.errors import TransmissionError
from torrentd.rpc.transmission.trackers import changed, parse

A, B, C, D = (f"http://{name}.example/announce" for name in "abcd")
NOW = [[A, B], [C]]


@pytest.mark.parametrize(
    ("params", "then"),
    [
        ({}, NOW),
        ({"tracker_list": f"{D}\n{A}\n\n\n  \n{B}\n"}, [[D, A], [B]]),
        ({"tracker_list": ""}, []),
        ({"tracker_add": [D, 5]}, [[A, B], [C], [D]]),
        ({"tracker_remove": [1]}, [[A], [C]]),
        ({"tracker_remove": [2, 0]}, [[B]]),
        ({"tracker_replace": [1, D]}, [[A, D], [C]]),
        ({"tracker_replace": [0, C, 2, D]}, [[C, B], [D]]),
        ({"tracker_replace": [0, 5, "x", D]}, NOW),
        ({"tracker_replace": [0]}, NOW),
        ({"tracker_replace": 5, "tracker_list": 5}, NOW),
        ({"tracker_list": A, "tracker_replace": [0, D]}, [[D]]),
        ({"tracker_replace": [0, D], "tracker_remove": [2], "tracker_add": [C]}, [[D, B], [C]]),
    ],
)
def test_changes(params: dict[str, Any], then: list[list[str]]) -> None:
    assert changed(params, NOW) == then
    assert NOW == [[A, B], [C]]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"tracker_list": "nonsense"}, 2),
        ({"tracker_add": ["ftp://a.example/"]}, 2),
        ({"tracker_replace": [0, "http://"]}, 2),
        ({"tracker_replace": [3, D]}, 1),
        ({"tracker_remove": [-1]}, 1),
        ({"tracker_list": A, "tracker_replace": [1, D]}, 1),
    ],
)
def test_what_cannot_be(params: dict[str, Any], code: int) -> None:
    with pytest.raises(TransmissionError) as raised:
        changed(params, NOW)
    assert raised.value.code == code


def test_the_list_comes_back() -> None:
    assert parse("\n\n".join("\n".join(tier) for tier in NOW)) == NOW


def test_the_daemon_is_told() -> None:
    caller = Caller()
    caller.legacy("torrent-set", ids=1, trackerAdd=[D])
    assert caller.told == [("set_trackers", ONE, [["http://t.example/announce"], [D]])]
    caller.told.clear()
    assert caller.legacy("torrent-set", ids=1, trackerList="http://t.example/announce") == {}
    assert caller.told == []
    assert caller.modern("torrent_set", ids=1, tracker_list="x")["code"] == 2
