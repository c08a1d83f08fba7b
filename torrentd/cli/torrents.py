"""How a torrent is named on the command line, and found.

`T` is an info hash, a prefix of one (6 hex digits or more) that fits one torrent, or a part of a name that fits one;
a name given in full wins over longer names that contain it. Nothing is guessed: when several fit, they are told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from torrentd.cli.columns import SHORT_ID
from torrentd.cli.exits import NOT_FOUND, USAGE, Failed
from torrentd.cli.session import Session
from torrentd.wire.escape import escape

ALL = "all"
EVERY_ROW = 2**53 - 1
"""the largest `limit` of the API: lists are not paged here"""

_HASH = r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}"
_PREFIX = r"[0-9a-fA-F]{6,63}"
_COMPLETION_TIMEOUT = 1.0
"""seconds: a person waits for the shell"""
_TOLD = 5
"""candidates named in the complaint about an ambiguous name: it is one line"""


class Known(NamedTuple):
    """What is needed of a torrent to find it by hash or name."""

    id: str
    hashes: tuple[str, ...]
    name: str


def find(session: Session, name: str) -> str:
    """The id of one torrent. Failed (exit 3) when none or several fit."""
    return find_each(session, [name])[0]


def find_each(session: Session, names: Sequence[str]) -> list[str]:
    """An id for each name, without duplicates. The daemon is asked for its torrents only if a name is not a hash."""
    known: list[Known] | None = None
    ids: list[str] = []
    for name in names:
        if re.fullmatch(_HASH, name):
            ids.append(name.lower())
            continue
        if not name.strip():  # a script's variable that is not set; it would be part of every name
            raise Failed("a torrent's name is empty", USAGE)
        if name == ALL:
            raise Failed("'all' stands alone, and only where several torrents may be named", USAGE)
        if known is None:
            known = fetch(session)
        ids.append(pick(name, known).id)
    return list(dict.fromkeys(ids))


def find_ids(session: Session, names: Sequence[str]) -> list[str] | str:
    """What the API takes as `ids`: a list, or "all" if that is the only name."""
    return ALL if list(names) == [ALL] else find_each(session, names)


def fetch(session: Session, filter: dict[str, Any] | None = None) -> list[Known]:
    """All torrents, or those that fit a filter."""
    params: dict[str, Any] = {"fields": ["id", "hash_v1", "hash_v2", "name"], "limit": EVERY_ROW}
    if filter is not None:
        params["filter"] = filter
    rows = session.call("torrent.list", params)["torrents"]
    return [
        Known(row["id"], tuple(hash for hash in (row["hash_v1"], row["hash_v2"]) if hash), row["name"]) for row in rows
    ]


def pick(name: str, known: Sequence[Known]) -> Known:
    """The one torrent that fits. Failed (exit 3) otherwise."""
    for fits in _readings(name):
        fitting = [torrent for torrent in known if fits(torrent)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise Failed(f"{name!r} fits {len(fitting)} torrents: {_told(fitting)}", NOT_FOUND)
    raise Failed(f"no torrent fits {name!r}", NOT_FOUND)


def _readings(name: str) -> list[Callable[[Known], bool]]:
    """The ways to understand a name; the first that fits anything decides."""
    part = name.casefold()
    readings: list[Callable[[Known], bool]] = [
        lambda torrent: torrent.name == name,
        lambda torrent: part in torrent.name.casefold(),
    ]
    if re.fullmatch(_PREFIX, name):
        readings.insert(0, lambda torrent: any(hash.startswith(part) for hash in torrent.hashes))
    return readings


def _told(torrents: Sequence[Known]) -> str:
    told = [f"{torrent.id[:SHORT_ID]} {torrent.name!r}" for torrent in torrents[:_TOLD]]
    more = len(torrents) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names for the shell's completion; the id instead of a name that no shell can take, or that others have, too."""
    rows = ask(context, "torrent.list", {"fields": ["id", "name"], "limit": EVERY_ROW}).get("torrents", [])
    names = Counter(row["name"] for row in rows)
    words = [(row["name"] if _is_word(row["name"], names) else row["id"], row["name"]) for row in rows]
    return [CompletionItem(word, help=escape(name)) for word, name in words if word.startswith(incomplete)]


def _is_word(name: str, names: Counter[str]) -> bool:
    """Whether a name means this torrent only, and goes through a shell: backslashes are quoted by each in its way."""
    return names[name] == 1 and name != ALL and not name.startswith("-") and escape(name) == name and "\\" not in name


def ask(context: click.Context, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A call for the shell's completion; nothing when nobody answers: a half-typed command is no place to tell it."""
    session: Session = context.find_root().obj
    session.options.timeout = _COMPLETION_TIMEOUT
    try:
        result: dict[str, Any] = session.call(method, params)
    except Exception:  # whatever is wrong
        return {}
    return result


def one() -> Callable[[Any], Any]:
    """The argument T."""
    return click.argument("torrent", metavar="T", shell_complete=complete)


def several() -> Callable[[Any], Any]:
    """The arguments T..., or `all`."""
    return click.argument("torrents", metavar="T...", nargs=-1, required=True, shell_complete=complete)
