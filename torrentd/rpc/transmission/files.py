"""Which files are wanted, and how urgently. There these are two things; here a file that is not wanted is skipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from torrentd.model.errors import RpcError
from torrentd.model.layout import Priority
from torrentd.rpc.transmission.params import Params, numbers
from torrentd.session.control import FileChoice
from torrentd.session.telling.rows import FileRow
from torrentd.wire.magnet import MAX_FILE

_URGENCY: Final = {
    "priority_low": Priority.LOW,
    "priority_normal": Priority.NORMAL,
    "priority_high": Priority.HIGH,
}
_WANTED: Final = {"files_wanted": True, "files_unwanted": False}


class Wish(NamedTuple):
    """Of one file. None: not said."""

    wanted: bool | None = None
    urgency: Priority | None = None


def named(params: Params, count: int | None = None) -> dict[int, Wish]:
    """What a call wants of which files. An empty list means all of the `count` files, if there is a count.
    RpcError("file_index") for a number that no file can have."""
    wishes: dict[int, Wish] = {}
    for name, wanted in _WANTED.items():
        for index in _indices(params, name, count):
            wishes[index] = wishes.get(index, Wish())._replace(wanted=wanted)
    for name, urgency in _URGENCY.items():
        for index in _indices(params, name, count):
            wishes[index] = wishes.get(index, Wish())._replace(urgency=urgency)
    return wishes


def choices(wishes: Mapping[int, Wish], now: Iterable[FileRow] = ()) -> tuple[FileChoice, ...]:
    """The wishes as choices. `now`: the files as they are; without them all are wanted, and none is urgent."""
    there = {row.index: Priority[row.priority.upper()] for row in now}
    return tuple(
        FileChoice(_chosen(wish, there.get(index, Priority.NORMAL)), index) for index, wish in sorted(wishes.items())
    )


def _chosen(wish: Wish, now: Priority) -> Priority:
    wanted = now is not Priority.SKIP if wish.wanted is None else wish.wanted
    if not wanted:
        return Priority.SKIP
    return wish.urgency or (Priority.NORMAL if now is Priority.SKIP else now)


def _indices(params: Params, name: str, count: int | None) -> Iterable[int]:
    if params.get(name) == [] and count is not None:
        return range(count)
    indices = numbers(params, name) or []
    for index in indices:
        if not 0 <= index <= MAX_FILE:
            raise RpcError("file_index", f"There is no file {index}")
    return indices
