"""Columns: where a value is found in an object of the API, how a pipe sees it, and how a person does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from torrentd.cli.sizes import format_rate, format_share, format_size
from torrentd.cli.times import format_eta, format_time
from torrentd.wire.escape import escape

UNKNOWN = "-"
"""How people see null."""

Row = Mapping[str, Any]


class Column(NamedTuple):
    """One column. `key` is a path such as "peers.connected"."""

    key: str
    title: str
    show: Callable[[Any], str] = str
    """a known value, for people; escaped afterwards"""
    right: bool = False
    flexible: bool = False
    """may be cut to fit"""
    rank: int = 0
    """on a narrow terminal the columns of the highest rank go first; those of rank 0 stay"""
    style: Callable[[Any], str] | None = None
    """a style of rich for a value"""

    def value(self, row: Row) -> Any:
        """The exact value; None where a part of the path is null or absent."""
        found: Any = row
        for name in self.key.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def text(self, row: Row) -> str:
        """For people, safe to print."""
        value = self.value(row)
        return UNKNOWN if value is None else escape(self.show(value))


def text(key: str, title: str, rank: int = 0, **more: Any) -> Column:
    return Column(key, title, rank=rank, **more)


def number(key: str, title: str, rank: int = 0) -> Column:
    return Column(key, title, right=True, rank=rank)


def size(key: str, title: str, rank: int = 0) -> Column:
    return Column(key, title, format_size, right=True, rank=rank)


def rate(key: str, title: str, rank: int = 0) -> Column:
    return Column(key, title, format_rate, right=True, rank=rank)


def share(key: str, title: str, rank: int = 0) -> Column:
    return Column(key, title, format_share, right=True, rank=rank)


def ratio(key: str, title: str, rank: int = 0) -> Column:
    return Column(key, title, "{:.2f}".format, right=True, rank=rank)


def moment(key: str, title: str, rank: int = 0) -> Column:
    return Column(key, title, format_time, rank=rank)


def eta(key: str, title: str, rank: int = 0) -> Column:
    return Column(key, title, format_eta, right=True, rank=rank)


def yes(key: str, title: str, rank: int = 0) -> Column:
    return Column(key, title, lambda value: "yes" if value else "", rank=rank)


def exact_text(value: Any) -> str:
    """A value for a pipe: numbers in full, null as nothing, a list of words joined by commas, the rest as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return json.dumps(value)


def flatten(row: Row, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every fact of an object for a pipe, with dotted names: ("peers.connected", "3"), ("disk.0.free", "512")."""
    for key, value in row.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield from flatten({str(index): item for index, item in enumerate(value)}, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", exact_text(value)
