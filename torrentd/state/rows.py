"""Records as rows of SQL values, and back. The only place that knows how a field is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TypeAlias, get_type_hints

import msgspec

from torrentd.state.records import Broken, TorrentRecord, check

SqlValue: TypeAlias = bytes | str | int | float | None

_TYPES = get_type_hints(TorrentRecord, include_extras=True)
COLUMNS = tuple(name for name in _TYPES if name != "writing")
"""What the torrent table holds; the marks have a table of their own."""

MUTABLE = frozenset(COLUMNS) - {
    *("info_hash", "hash_v1", "hash_v2", "name", "size", "piece_size", "piece_count", "file_count", "private"),
    "added_at",
}
"""What may change once a torrent is there; the rest follows from the metainfo."""

_AS_IS = (bytes,)  # else msgspec would take text for base64
_JSON = frozenset({"labels", "limits", "peers", "tiers"})
_BOOLEAN = frozenset(name for name, hint in _TYPES.items() if hint is bool)
_Some = msgspec.defstruct("_Some", [(name, _TYPES[name] | msgspec.UnsetType, msgspec.UNSET) for name in COLUMNS])
"""Some fields of a record: they are checked in one call."""


def encode(columns: Mapping[str, object]) -> dict[str, SqlValue]:
    """Check each value against its field's type, then make SQL values. ValueError names the field."""
    try:
        checked = msgspec.convert(columns, _Some, builtin_types=_AS_IS)
    except msgspec.ValidationError as error:
        words, _, place = str(error).rpartition(" - at `$.")
        raise ValueError(f"{place.removesuffix('`')}: {words}") from None
    encoded: dict[str, SqlValue] = {name: getattr(checked, name) for name in columns}
    for name in _JSON.intersection(columns):
        encoded[name] = msgspec.json.encode(encoded[name]).decode()
    return encoded


def encode_record(record: TorrentRecord) -> dict[str, SqlValue]:
    """All columns of a record that passes every check. ValueError otherwise."""
    encoded = encode({name: getattr(record, name) for name in COLUMNS})
    check(record)
    return encoded


def decode(row: sqlite3.Row, writing: list[int]) -> TorrentRecord | Broken:
    """The record that a row holds, or why it is none."""
    values = dict(zip(row.keys(), row, strict=True), writing=writing)  # by name, a row looks through all columns
    try:
        for name in _JSON:
            values[name] = msgspec.json.decode(values[name])
        for name in _BOOLEAN:
            values[name] = {0: False, 1: True}[values[name]]
        record = msgspec.convert(values, TorrentRecord, builtin_types=_AS_IS)
        check(record)
    except (ValueError, TypeError, KeyError) as error:
        return Broken(_as_bytes(row["info_hash"]), str(row["name"]), str(error) or type(error).__name__)
    return record


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
