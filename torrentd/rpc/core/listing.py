"""Rows of torrents as a caller wants them: filtered, sorted, narrowed to some columns. No I/O, no daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any

from msgspec import Meta

from torrentd.rpc.core.schema import Filter
from torrentd.session.telling.rows import TorrentRow

TorrentObject = Annotated[
    Any,  # a TorrentRow, or a dict of some of its columns
    Meta(extra_json_schema={"$ref": "#/components/schemas/TorrentRow", "description": "Narrowed by `fields`"}),
]

COLUMN_SETS = 64  # callers ask for the same few sets of columns again and again


def matching(rows: Iterable[TorrentRow], wanted: Filter | None) -> list[TorrentRow]:
    """The rows for which every condition of the filter holds."""
    if wanted is None:
        return list(rows)
    conditions = list(_conditions(wanted))
    return [row for row in rows if all(holds(row) for holds in conditions)]


def sorted_rows(rows: list[TorrentRow], sort: str | None) -> list[TorrentRow]:
    """By one column, descending after a minus sign. Text ignores case; unknown values come last either way."""
    if sort is None:
        return rows
    column = attrgetter(sort.removeprefix("-"))
    known = [row for row in rows if column(row) is not None]
    known.sort(key=lambda row: _order(column(row)), reverse=sort.startswith("-"))
    return known + [row for row in rows if column(row) is None]


def narrowed(rows: Sequence[TorrentRow], fields: Sequence[str] | None) -> list[TorrentObject]:
    """The rows themselves, or only these columns of them."""
    if fields is None:
        return list(rows)
    columns = tuple(dict.fromkeys(fields))
    pick = _picker(columns)
    return [dict(zip(columns, pick(row), strict=True)) for row in rows]


@lru_cache(COLUMN_SETS)
def _picker(columns: tuple[str, ...]) -> Callable[[TorrentRow], tuple[Any, ...]]:
    if len(columns) > 1:
        return attrgetter(*columns)
    return lambda row: tuple(getattr(row, column) for column in columns)


def _order(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


Condition = Callable[[TorrentRow], bool]


def _conditions(wanted: Filter) -> Iterator[Condition]:
    if wanted.ids is not None and wanted.ids != "all":
        ids = {id.lower() for id in wanted.ids}
        yield lambda row: not ids.isdisjoint((row.id, row.hash_v1, row.hash_v2))
    if wanted.state is not None:
        states = {wanted.state} if isinstance(wanted.state, str) else set(wanted.state)
        yield lambda row: row.state in states
    if wanted.labels is not None:
        labels = set(wanted.labels)
        yield lambda row: not labels.isdisjoint(row.labels)
    if wanted.text is not None:
        text = wanted.text.casefold()
        yield lambda row: text in row.name.casefold()
    if wanted.tracker is not None:
        host = wanted.tracker.casefold()
        yield lambda row: row.tracker is not None and row.tracker.host.casefold() == host
    if wanted.has_error is not None:
        yield lambda row: (row.error is not None) == wanted.has_error
    if wanted.active is not None:
        yield lambda row: (row.rate_down > 0 or row.rate_up > 0) == wanted.active
