"""Each field, to SQL and back."""

from __future__ import annotations

import sqlite3

import pytest

from tests.state.samples import record
from torrentd.state.records import Broken, TorrentRecord
from torrentd.state.rows import COLUMNS, MUTABLE, decode, encode, encode_record

FULL = record(
    hash_v2=b"2" * 32,
    private=True,
    started_at=1.0,
    completed_at=2.0,
    active_at=3.0,
    seeding_time=4,
    uploaded=2**63 - 1,
    paused=True,
    sequential=True,
    priorities=b"\0\3",
    labels=["one", "zwei é"],
    limits={"down": 5, "ratio": 1.5, "up": "unlimited", "peers": None},
    tiers=[["http://a/announce"], []],
    have=b"\xff\x80",
    checked=True,
)


def as_row(columns: dict[str, object]) -> sqlite3.Row:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    names = ", ".join(f"? AS {name}" for name in columns)
    row: sqlite3.Row = connection.execute(f"SELECT {names}", list(columns.values())).fetchone()
    return row


def test_every_field_comes_back() -> None:
    assert decode(as_row(dict(encode_record(FULL))), []) == FULL


def test_the_least_that_a_record_has_comes_back_with_its_defaults() -> None:
    assert decode(as_row(dict(encode_record(record()))), [2, 5]) == record(writing=[2, 5])


def test_marks_are_not_a_column() -> None:
    assert "writing" not in COLUMNS
    assert set(COLUMNS) | {"writing"} == set(TorrentRecord.__struct_fields__)


def test_what_follows_from_the_metainfo_does_not_change() -> None:
    assert not MUTABLE & {"info_hash", "hash_v1", "hash_v2", "name", "size", "piece_size", "piece_count", "file_count"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("uploaded", -1),
        ("uploaded", 2**63),
        ("uploaded", 1.5),
        ("paused", 1),
        ("added_at", float("inf")),
        ("added_at", float("nan")),
        ("labels", "one"),
        ("labels", [1]),
        ("limits", {"down": [1]}),
        ("tiers", [["a"], "b"]),
        ("download_dir", "relative"),
        ("download_dir", "/nul\0"),
        ("have", "text"),
    ],
)
def test_a_value_that_is_none_is_refused_by_name(column: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{column}(: |\[)"):
        encode({column: value})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("info_hash", b"short"),
        ("info_hash", "text"),
        ("hash_v1", None),
        ("name", ""),
        ("name", b"bytes"),
        ("size", 0),
        ("size", -(2**63)),
        ("size", None),
        ("piece_size", 0),
        ("piece_count", 2**40),
        ("file_count", 2**62),
        ("private", 2),
        ("private", None),
        ("download_dir", "../up"),
        ("added_at", "yesterday"),
        ("added_at", -1.0),
        ("started_at", 1e300),
        ("seeding_time", -5),
        ("paused", "yes"),
        ("priorities", b"\x09\x09"),
        ("priorities", "ab"),
        ("labels", "not json"),
        ("labels", "[1]"),
        ("labels", b"\xff"),
        ("labels", None),
        ("limits", "[]"),
        ("tiers", '{"a": 1}'),
        ("have", b""),
        ("have", b"\xff\xff"),
        ("checked", -1),
    ],
)
def test_a_tampered_column_sets_the_torrent_aside(column: str, value: object) -> None:
    found = decode(as_row({**encode_record(FULL), column: value}), [])
    assert isinstance(found, Broken)
    assert found.reason


def test_a_broken_torrent_keeps_its_names() -> None:
    found = decode(as_row({**encode_record(FULL), "size": 1}), [])
    assert found == Broken(FULL.info_hash, FULL.name, "1 bytes are not 10 pieces of 10")


def test_a_mark_outside_the_torrent_sets_it_aside() -> None:
    assert isinstance(decode(as_row(dict(encode_record(FULL))), [10]), Broken)
    assert isinstance(decode(as_row(dict(encode_record(FULL))), [-1]), Broken)
