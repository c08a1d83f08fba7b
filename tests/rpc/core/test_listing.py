from __future__ import annotations

from typing import Any

import pytest

from tests.rpc.fake_control import ONE, TWO, torrent
from torrentd.rpc.core.listing import matching, narrowed, sorted_rows
from torrentd.rpc.core.schema import Filter
from torrentd.session.telling.rows import ErrorRow

V2 = "c" * 64
ROWS = [
    torrent(ONE, "Debian", labels=["linux", "iso"], hash_v2=V2, eta=10),
    torrent(TWO, "apple", state="error", error=ErrorRow("disk_full", "full", "storage"), labels=[], tracker=None),
    torrent("3" * 40, "Über", state="paused", rate_up=0, labels=["iso"], eta=5),
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["Debian", "apple", "Über"]),
        ({"ids": "all"}, ["Debian", "apple", "Über"]),
        ({"ids": []}, []),
        ({"ids": [TWO.upper(), "f" * 40]}, ["apple"]),
        ({"ids": [V2.upper()]}, ["Debian"]),
        ({"state": "paused"}, ["Über"]),
        ({"state": ["paused", "error"]}, ["apple", "Über"]),
        ({"labels": ["linux"]}, ["Debian"]),
        ({"labels": ["linux", "iso"]}, ["Debian", "Über"]),
        ({"text": "DEB"}, ["Debian"]),
        ({"text": "über"}, ["Über"]),
        ({"tracker": "Tracker.Example"}, ["Debian", "Über"]),
        ({"has_error": True}, ["apple"]),
        ({"has_error": False}, ["Debian", "Über"]),
        ({"active": True}, ["Debian", "apple"]),
        ({"active": False, "labels": ["iso"]}, ["Über"]),
    ],
)
def test_filters(wanted: dict[str, Any], found: list[str]) -> None:
    assert [row.name for row in matching(ROWS, Filter(**wanted))] == found


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (None, ["Debian", "apple", "Über"]),
        ("name", ["apple", "Debian", "Über"]),
        ("-name", ["Über", "Debian", "apple"]),
        ("eta", ["Über", "Debian", "apple"]),
        ("-eta", ["Debian", "Über", "apple"]),
        ("rate_up", ["Über", "Debian", "apple"]),
    ],
)
def test_sorts_with_the_unknown_last(sort: str | None, found: list[str]) -> None:
    assert [row.name for row in sorted_rows(list(ROWS), sort)] == found


def test_narrowing() -> None:
    assert narrowed(ROWS[:1], None) == ROWS[:1]
    assert narrowed(ROWS[:1], ["name", "size", "name"]) == [{"name": "Debian", "size": 1000}]
    assert narrowed(ROWS[:1], ["id"]) == [{"id": ONE}]
    assert narrowed(ROWS[:1], []) == [{}]
